//! A node under load: a process of its own, on a free port, with its data where it is told.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use ureq::Agent;

use crate::binaries::NODE;
use crate::process;
use crate::workspace::{Profile, Workspace};

/// How long a request may take; a recovery is a request too.
const REQUEST_LIMIT: Duration = Duration::from_secs(120);
/// How long a node may take to stop when it is asked to.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// Somebody on the node.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Account {
    /// 64 hexadecimal digits.
    pub identity: String,
    /// The bearer token.
    pub token: String,
}

/// A running node. Dropping it kills the process.
pub struct Server {
    program: PathBuf,
    data_dir: PathBuf,
    database: String,
    child: Child,
    address: String,
    url: String,
    agent: Agent,
    owner: Account,
}

impl Server {
    /// Starts a release build on `data_dir`, which must be empty, and makes the owner of `database`.
    pub fn start(workspace: &Workspace, data_dir: &Path, database: &str) -> Result<Self> {
        Self::start_built(workspace, Profile::Release, data_dir, database)
    }

    /// The same with the build of a profile.
    pub fn start_built(workspace: &Workspace, profile: Profile, data_dir: &Path, database: &str) -> Result<Self> {
        let program = workspace.binary(profile, NODE);
        let (child, address) = spawn(&program, data_dir)?;
        let config = Agent::config_builder().timeout_global(Some(REQUEST_LIMIT)).proxy(None);
        let agent: Agent = config.build().into();
        let url = format!("http://{address}");
        let owner = new_account(&agent, &url)?;
        let (data_dir, database) = (data_dir.to_owned(), database.to_owned());
        Ok(Self { program, data_dir, database, child, address, url, agent, owner })
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
        &self.owner.token
    }

    /// The owner.
    pub fn owner(&self) -> &Account {
        &self.owner
    }

    /// A new identity.
    pub fn account(&self) -> Result<Account> {
        new_account(&self.agent, &self.url)
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Publishes a module as the owner.
    pub fn publish(&self, module: &Path) -> Result<()> {
        let module = std::fs::read(module).with_context(|| format!("{} cannot be read", module.display()))?;
        let request = self.agent.put(self.path("")).header("Authorization", self.bearer());
        request.send(&module).context("publish failed")?;
        Ok(())
    }

    /// The database's identity.
    pub fn database_identity(&self) -> Result<String> {
        let mut answer = self.agent.get(self.path("/identity")).call()?;
        Ok(answer.body_mut().read_to_string()?)
    }

    /// Rows of a table.
    pub fn count(&self, table: &str) -> Result<u64> {
        let request = self.agent.post(self.path("/sql")).header("Authorization", self.bearer());
        let mut answer = request.send(format!("SELECT COUNT(*) AS n FROM {table}"))?;
        let answer: serde_json::Value = answer.body_mut().read_json()?;
        let count = answer.pointer("/0/rows/0/0").and_then(serde_json::Value::as_u64);
        count.with_context(|| format!("not a count: {answer}"))
    }

    /// Kills the process and starts it again; the time until it answers SQL, and the rows of a table.
    pub fn kill_and_recover(&mut self, table: &str) -> Result<(Duration, u64)> {
        self.child.kill()?;
        self.child.wait()?;
        let started = Instant::now();
        self.start_again()?;
        let rows = self.count(table)?;
        Ok((started.elapsed(), rows))
    }

    /// Asks the process to stop, and waits until it has; its data is free for others then.
    pub fn stop(&mut self) -> Result<()> {
        process::ask_to_stop(&self.child);
        let deadline = Instant::now() + STOP_LIMIT;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                bail!("the node does not stop");
            }
            thread::sleep(process::POLL_INTERVAL);
        }
        Ok(())
    }

    /// Starts a process that has stopped again.
    pub fn start_again(&mut self) -> Result<()> {
        (self.child, self.address) = spawn(&self.program, &self.data_dir)?;
        self.url = format!("http://{}", self.address);
        Ok(())
    }

    /// Resident memory of the process in bytes.
    pub fn memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
        Ok(kib.context("the system does not tell the memory of a process")? * 1024)
    }

    /// Calls a reducer as the owner, with JSON arguments.
    pub fn call(&self, reducer: &str, args: &str) -> Result<()> {
        let request = self.agent.post(self.path(&format!("/call/{reducer}")));
        let request = request.header("Authorization", self.bearer()).header("Content-Type", "application/json");
        request.send(args).with_context(|| format!("the call of {reducer} failed"))?;
        Ok(())
    }

    fn path(&self, path: &str) -> String {
        format!("{}/v1/database/{}{path}", self.url, self.database)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.owner.token)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn new_account(agent: &Agent, url: &str) -> Result<Account> {
    Ok(agent.post(format!("{url}/v1/identity")).send_empty()?.body_mut().read_json()?)
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
