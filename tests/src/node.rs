//! A node of its own for each test.

use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::Context;
use reqwest::{Client, Method, RequestBuilder};
use tempfile::TempDir;

use crate::binaries::{module, program};
use crate::said::Said;
use crate::waiting::eventually;
use crate::{Account, Database, http_client};

/// How a node is started.
#[derive(Default, Clone)]
pub struct NodeOptions {
    /// Keep everything in memory.
    pub in_memory: bool,
    /// Text of `config.toml`.
    pub config: Option<String>,
    /// Environment variables of the process.
    pub environment: Vec<(String, String)>,
    /// A program with arguments that starts the node, such as a shell that sets limits; the
    /// node's own command line comes after it.
    pub launcher: Vec<String>,
    /// The address to listen on, unless that of this machine alone.
    pub listen: Option<IpAddr>,
    /// What becomes of its log.
    pub said: Said,
    /// Where the data folder is made, unless among all temporary files.
    pub data_in: Option<PathBuf>,
    /// More of its command line.
    pub flags: Vec<String>,
}

/// A running node. Dropping it kills the process and removes the data.
pub struct TestNode {
    data: TempDir,
    options: NodeOptions,
    process: Child,
    /// The node's base URL, without a slash at the end.
    pub url: String,
    /// A client for it.
    pub http: Client,
}

impl TestNode {
    /// Starts a node on a free port with a fresh data folder.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(NodeOptions::default()).await
    }

    /// The same, with options.
    pub async fn start_with(options: NodeOptions) -> anyhow::Result<Self> {
        let data = match &options.data_in {
            Some(folder) => tempfile::tempdir_in(folder)?,
            None => tempfile::tempdir()?,
        };
        Self::start_on(data, options).await
    }

    /// Starts a node on a folder in which a node's data lies below `node`.
    pub async fn start_on(data: TempDir, options: NodeOptions) -> anyhow::Result<Self> {
        let (process, url) = spawn(data.path(), &options, 0)?;
        let node = Self { data, options, process, url, http: http_client()? };
        node.wait_until_ready().await?;
        Ok(node)
    }

    /// The data folder.
    pub fn data_dir(&self) -> PathBuf {
        self.data.path().to_owned()
    }

    /// The port that the node listens on.
    pub fn port(&self) -> u16 {
        self.url.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default()
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Kills the process without warning, as a power cut would.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Asks the process to stop, as Ctrl-C does, and waits until it has.
    pub async fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        signal(self.pid(), "INT")?;
        eventually("the node to stop", || std::future::ready(self.try_wait())).await
    }

    /// How the process ended, once it has.
    pub fn try_wait(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().ok().flatten()
    }

    /// How the process is started the next time.
    pub fn options_mut(&mut self) -> &mut NodeOptions {
        &mut self.options
    }

    /// Starts the process again on the same data and, so that clients find it again, the same port.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.start_again()?;
        self.wait_until_ready().await
    }

    /// The same without waiting for its databases.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        let (process, url) = spawn(self.data.path(), &self.options, self.port())?;
        (self.process, self.url) = (process, url);
        Ok(())
    }

    async fn wait_until_ready(&self) -> anyhow::Result<()> {
        eventually("the node to be ready", || async {
            let answer = self.http.get(format!("{}/v1/health", self.url)).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await
    }

    /// A request to this node's API.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// A new identity with its token.
    pub async fn account(&self) -> anyhow::Result<Account> {
        let answer = self.request(Method::POST, "/v1/identity").send().await?.error_for_status()?;
        Ok(answer.json().await?)
    }

    /// Publishes a module of this workspace under a name, as a new owner.
    pub async fn publish(&self, name: &str, module_name: &str) -> anyhow::Result<Database> {
        let database = self.database(name, &self.account().await?);
        database.publish(module(module_name)?).await.with_context(|| format!("publish of {module_name}"))?;
        Ok(database)
    }

    /// A database by name or identity, as its owner reaches it.
    pub fn database(&self, name: &str, owner: &Account) -> Database {
        Database { url: self.url.clone(), name: name.to_owned(), owner: owner.clone(), http: self.http.clone() }
    }
}

impl Drop for TestNode {
    fn drop(&mut self) {
        // It may have ended by itself, which is fine here.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends a signal to a process that this test started.
pub fn signal(pid: u32, name: &str) -> anyhow::Result<()> {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status()?;
    anyhow::ensure!(sent.success(), "cannot send {name} to process {pid}");
    Ok(())
}

fn spawn(data: &Path, options: &NodeOptions, port: u16) -> anyhow::Result<(Child, String)> {
    let node = program("spacetime-node")?;
    let mut command = match options.launcher.split_first() {
        None => Command::new(node),
        Some((launcher, args)) => {
            let mut command = Command::new(launcher);
            command.args(args).arg(node);
            command
        }
    };
    let address = SocketAddr::new(options.listen.unwrap_or(Ipv4Addr::LOCALHOST.into()), port);
    command.args(["start", "--listen-addr", &address.to_string(), "--log-level", "warn"]);
    if options.in_memory {
        command.arg("--in-memory");
    } else {
        let data_dir = data.join("node");
        share_compiled_modules(&data_dir)?;
        command.arg("--data-dir").arg(data_dir);
    }
    if let Some(config) = &options.config {
        let file = data.join("config.toml");
        std::fs::write(&file, config)?;
        command.arg("--config").arg(file);
    }
    command.args(&options.flags);
    command.envs(options.environment.iter().cloned());
    let process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut process = process.context("cannot start spacetime-node")?;
    let address = announced_address(&mut process, &options.said);
    match address {
        Ok(address) => Ok((process, format!("http://{address}"))),
        Err(cause) => {
            let _ = process.kill();
            let _ = process.wait();
            Err(cause)
        }
    }
}

/// Compiling modules would take most of the time of every test, so all nodes share one cache of
/// compiled code, which is made for several processes.
fn share_compiled_modules(data_dir: &Path) -> anyhow::Result<()> {
    let link = data_dir.join("cache");
    if link.exists() {
        return Ok(());
    }
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/compiled-modules");
    std::fs::create_dir_all(&shared)?;
    std::fs::create_dir_all(data_dir)?;
    std::os::unix::fs::symlink(shared.canonicalize()?, link).context("cannot share compiled modules")
}

/// Reads the address that the node announces, and keeps reading, so that it never blocks. What it
/// says becomes the test's own output, which is shown when the test fails.
fn announced_address(process: &mut Child, said: &Said) -> anyhow::Result<String> {
    said.repeat(BufReader::new(process.stderr.take().context("the node's complaints are piped")?));
    let output = process.stdout.take().context("the node's output is piped")?;
    let mut output = BufReader::new(output);
    loop {
        let mut line = String::new();
        anyhow::ensure!(output.read_line(&mut line)? > 0, "the node ended before it listened");
        if let Some((_, address)) = line.split_once("listening on ") {
            said.repeat(output);
            return Ok(address.trim().to_owned());
        }
        said.line(line.trim_end());
    }
}
