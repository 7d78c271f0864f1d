//! A node under load: a process of its own, on a free port, with its data where it is told.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use ureq::Agent;

use super::account_pairs::ACCOUNTS;
use super::generators::MODULE;
use crate::binaries::NODE;
use crate::workspace::{Profile, Workspace};

/// How long a request may take; a recovery is a request too.
const REQUEST_LIMIT: Duration = Duration::from_secs(120);
/// Accounts opened in one transaction.
const SEED_STEP: usize = 20_000;
/// What every account starts with, never used up.
const BALANCE: u64 = 1_000_000_000_000;

/// A running node. Dropping it kills the process.
pub struct Server {
    program: PathBuf,
    data_dir: PathBuf,
    child: Child,
    address: String,
    url: String,
    agent: Agent,
    token: String,
}

#[derive(Deserialize)]
struct NewIdentity {
    token: String,
}

impl Server {
    /// Starts a release build on `data_dir`, which must be empty, and makes an owner.
    pub fn start(workspace: &Workspace, data_dir: &Path) -> Result<Self> {
        let program = workspace.binary(Profile::Release, NODE);
        let (child, address) = spawn(&program, data_dir)?;
        let config = Agent::config_builder().timeout_global(Some(REQUEST_LIMIT)).proxy(None);
        let agent: Agent = config.build().into();
        let url = format!("http://{address}");
        let mut server =
            Self { program, data_dir: data_dir.to_owned(), child, address, url, agent, token: String::new() };
        let identity = server.agent.post(format!("{}/v1/identity", server.url)).send_empty();
        let identity: NewIdentity = identity?.body_mut().read_json()?;
        server.token = identity.token;
        Ok(server)
    }

    /// Base URL without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Address and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The owner's bearer token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Publishes the benchmark module; the time until its first call is answered.
    pub fn publish(&self, module: &Path) -> Result<Duration> {
        let module = std::fs::read(module).with_context(|| format!("{} cannot be read", module.display()))?;
        let started = Instant::now();
        let url = format!("{}/v1/database/{MODULE}", self.url);
        self.agent.put(url).header("Authorization", self.bearer()).send(&module).context("publish failed")?;
        self.call("touch", "[0, 0]")?;
        Ok(started.elapsed())
    }

    /// Opens all accounts.
    pub fn seed(&self) -> Result<()> {
        for count in (0..=ACCOUNTS).step_by(SEED_STEP).skip(1) {
            self.call("seed", &format!("[{count}, {BALANCE}]"))?;
        }
        Ok(())
    }

    /// Kills the process and starts it again; the time until it answers SQL.
    pub fn kill_and_recover(&mut self) -> Result<Duration> {
        self.child.kill()?;
        self.child.wait()?;
        let started = Instant::now();
        (self.child, self.address) = spawn(&self.program, &self.data_dir)?;
        self.url = format!("http://{}", self.address);
        let request = self.agent.post(format!("{}/v1/database/{MODULE}/sql", self.url));
        let mut answer = request.header("Authorization", self.bearer()).send("SELECT COUNT(*) AS n FROM account")?;
        let took = started.elapsed();
        let answer: serde_json::Value = answer.body_mut().read_json()?;
        match answer.pointer("/0/rows/0/0").and_then(serde_json::Value::as_u64) {
            Some(accounts) if accounts == ACCOUNTS as u64 => Ok(took),
            _ => bail!("the recovered database does not hold {ACCOUNTS} accounts: {answer}"),
        }
    }

    fn call(&self, reducer: &str, args: &str) -> Result<()> {
        let request = self.agent.post(format!("{}/v1/database/{MODULE}/call/{reducer}", self.url));
        let request = request.header("Authorization", self.bearer()).header("Content-Type", "application/json");
        request.send(args).with_context(|| format!("the call of {reducer} failed"))?;
        Ok(())
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(program: &Path, data_dir: &Path) -> Result<(Child, String)> {
    let mut command = Command::new(program);
    command.args(["start", "--listen-addr", "127.0.0.1:0", "--log-level", "warn", "--data-dir"]).arg(data_dir);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("the node does not start")?;
    let output = child.stdout.take().context("the node's output is piped")?;
    let mut lines = BufReader::new(output).lines();
    let announced = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let (_, address) = line.split_once("listening on ")?;
        Some(address.trim().to_owned())
    });
    let Some(address) = announced else {
        let _ = child.kill();
        bail!("the node ended before it listened ({})", child.wait()?);
    };
    // Read on, so that the node never waits for its output to be read.
    thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("node: {line}")));
    Ok((child, address))
}
