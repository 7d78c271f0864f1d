//! What is measured: each system, how it is started, and what it speaks.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use super::clients::Client;
use super::postgres::{Cluster, DATABASE, Postgres, USER, statements};
use super::process::ServerProcess;
use super::product::{start_facade, start_node};
use super::{PeersBenchArgs, peer_program};
use crate::bench::server::Server;
use crate::workspace::{Profile, Workspace};

/// What every account starts with, never used up.
const BALANCE: u64 = 1_000_000_000;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum System {
    /// This product, over the SDK's WebSocket.
    Node,
    /// This product, through the facade.
    Facade,
    /// axum before PostgreSQL, each request with a connection for itself.
    AxumPooled,
    /// axum before PostgreSQL, requests pipelined over shared connections.
    AxumPipelined,
    /// Express and tRPC before PostgreSQL.
    Express,
    /// FastAPI before PostgreSQL.
    Fastapi,
}

/// When an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// When the write is on disk.
    Durable,
    /// When it is visible to others; the disk follows.
    Relaxed,
}

/// How a system before PostgreSQL is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// Processes; axum has one with a thread for each core.
    pub processes: u32,
    /// Connections to PostgreSQL, of all processes together.
    pub connections: u32,
}

impl System {
    /// What the report calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Node => "this product, SDK's WebSocket",
            Self::Facade => "this product, facade",
            Self::AxumPooled => "axum + PostgreSQL, pooled",
            Self::AxumPipelined => "axum + PostgreSQL, pipelined",
            Self::Express => "Express + tRPC + PostgreSQL",
            Self::Fastapi => "FastAPI + PostgreSQL",
        }
    }

    /// The protocol and the path by which a client makes transfers.
    pub fn speaks(self, client: Client) -> (&'static str, &'static str) {
        match (self, client) {
            (Self::Node, _) => ("node", ""),
            (Self::Express, Client::NodeJs) => ("trpc", ""),
            (Self::Express, Client::Compiled) => ("http", "/trpc/transfer"),
            _ => ("http", "/transfers"),
        }
    }

    /// The path by which a client starts a session, for a system before PostgreSQL.
    pub fn session_path(self) -> &'static str {
        if self == Self::Express { "/trpc/session" } else { "/session" }
    }

    /// Which set-ups are tried out.
    pub fn setups(self) -> Vec<Setup> {
        let all = |processes: &[u32], connections: &[u32]| {
            let each = |&processes| connections.iter().map(move |&connections| Setup { processes, connections });
            processes.iter().flat_map(each).collect()
        };
        match self {
            Self::Node | Self::Facade => Vec::new(),
            Self::AxumPooled => all(&[1], &[8, 16, 32, 64]),
            Self::AxumPipelined => all(&[1], &[4, 8, 16, 32]),
            Self::Express | Self::Fastapi => all(&[1, 2, 4], &[16, 32]),
        }
    }
}

/// A system that is ready for load. Dropping it stops it.
pub struct Running<'a> {
    pub system: System,
    pub durability: Durability,
    /// What calls must show, where something is asked for.
    pub token: Option<String>,
    // In the order in which they are stopped.
    front: Option<ServerProcess>,
    node: Option<Server>,
    _postgres: Option<Postgres<'a>>,
}

impl Running<'_> {
    /// Address and port.
    pub fn address(&self) -> &str {
        match (&self.front, &self.node) {
            (Some(front), _) => &front.address,
            (None, Some(node)) => node.address(),
            (None, None) => "",
        }
    }
}

/// Starts systems.
pub struct Systems {
    pub workspace: Workspace,
    pub profile: Profile,
    pub folder: PathBuf,
    fastapi: PathBuf,
    cluster: Cluster,
}

impl Systems {
    /// Prepares what the systems of this run need.
    pub fn new(
        workspace: &Workspace,
        args: &PeersBenchArgs,
        folder: &Path,
        postgres: PathBuf,
        fastapi: PathBuf,
    ) -> Result<Self> {
        let cluster = Cluster::create(postgres, folder)?;
        let (workspace, folder) = (workspace.clone(), folder.to_owned());
        Ok(Self { workspace, profile: args.profile(), folder, fastapi, cluster })
    }

    /// What PostgreSQL says about its version.
    pub fn postgres_version(&self) -> String {
        self.cluster.version()
    }

    /// Python and its packages.
    pub fn fastapi_version(&self) -> String {
        let script = "import sys, fastapi, uvicorn, asyncpg; print(f'Python {sys.version.split()[0]}, FastAPI \
                      {fastapi.__version__}, Uvicorn {uvicorn.__version__}, asyncpg {asyncpg.__version__}')";
        crate::process::answer(&self.fastapi, &["-c", script]).unwrap_or_else(|| "FastAPI".to_owned())
    }

    /// Starts a system with fresh accounts.
    pub fn start(
        &self,
        system: System,
        setup: Option<Setup>,
        durability: Durability,
        accounts: u32,
    ) -> Result<Running<'_>> {
        let (mut front, mut node, mut postgres, mut token) = (None, None, None, None);
        match (system, setup) {
            (System::Node | System::Facade, _) => {
                let server = start_node(&self.workspace, self.profile, &self.folder, accounts, BALANCE)?;
                if system == System::Facade {
                    let is_confirmed = durability == Durability::Durable;
                    front = Some(start_facade(&self.workspace, self.profile, &self.folder, &server, is_confirmed)?);
                    token = Some(server.account()?.token);
                }
                node = Some(server);
            }
            (_, Some(setup)) => {
                let running = self.cluster.start()?;
                self.open_accounts(&running, accounts)?;
                front = Some(self.start_peer(system, setup, durability, None)?);
                postgres = Some(running);
            }
            (_, None) => anyhow::bail!("{} was not tuned", system.title()),
        }
        Ok(Running { system, durability, token, front, node, _postgres: postgres })
    }

    fn open_accounts(&self, postgres: &Postgres, accounts: u32) -> Result<()> {
        postgres.run_file(&statements(&self.workspace, "wallet.sql"), &[])?;
        let last = accounts - 1;
        let insert = format!("INSERT INTO account SELECT number, {BALANCE} FROM generate_series(0, {last}) number");
        // So that neither falls into the measurement.
        postgres.run(&[&insert, "VACUUM ANALYZE account", "CHECKPOINT"])?;
        let opened = postgres.ask("SELECT count(*) FROM account")?;
        ensure!(opened == accounts.to_string(), "PostgreSQL holds {opened} of {accounts} accounts");
        Ok(())
    }

    /// Starts a system before PostgreSQL, without accounts but with what session starts read.
    pub fn start_for_sessions(&self, system: System, setup: Setup, key_file: &Path) -> Result<Running<'_>> {
        let postgres = Some(self.cluster.start()?);
        let durability = Durability::Durable;
        let front = Some(self.start_peer(system, setup, durability, Some(key_file))?);
        Ok(Running { system, durability, token: None, front, node: None, _postgres: postgres })
    }

    /// Fills what session starts read.
    pub fn fill_sessions(&self, players: u32, items: u32, quests: u32) -> Result<()> {
        let postgres = self.cluster.start()?;
        let variables = [("players", players), ("items", items), ("quests", quests)];
        postgres.run_file(&statements(&self.workspace, "session.sql"), &variables)?;
        postgres.run(&["VACUUM ANALYZE", "CHECKPOINT"])
    }

    fn start_peer(
        &self,
        system: System,
        setup: Setup,
        durability: Durability,
        key_file: Option<&Path>,
    ) -> Result<ServerProcess> {
        let host = self.cluster.host().display().to_string();
        let synchronous_commit = if durability == Durability::Durable { "on" } else { "off" };
        let Setup { processes, connections } = setup;
        match system {
            System::AxumPooled | System::AxumPipelined => {
                let mode = if system == System::AxumPooled { "pooled" } else { "pipelined" };
                let place = format!(
                    "host={host} user={USER} dbname={DATABASE} options='-c synchronous_commit={synchronous_commit}'"
                );
                let mut command = Command::new(peer_program(&self.workspace, self.profile, "peers-axum"));
                command.args(["--database", &place, "--mode", mode, "--connections", &connections.to_string()]);
                command.args(key_file.iter().flat_map(|file| ["--key-file".as_ref(), file.as_os_str()]));
                ServerProcess::start(&mut command, 0)
            }
            System::Express => {
                let folder = self.workspace.root().join("tests/peers/express-trpc");
                let mut command = Command::new("node");
                command.arg("src/server.mjs").current_dir(folder).env("NODE_ENV", "production");
                command.args(["--host", &host, "--database", DATABASE, "--user", USER]);
                command.args(["--workers", &processes.to_string(), "--connections", &connections.to_string()]);
                command.args(key_file.iter().flat_map(|file| ["--key-file".as_ref(), file.as_os_str()]));
                ServerProcess::start(command.args(["--synchronous-commit", synchronous_commit]), 0)
            }
            System::Fastapi => {
                let folder = self.workspace.root().join("tests/peers/fastapi");
                let mut command = Command::new(&self.fastapi);
                command.args(["-m", "uvicorn", "server:app", "--host", "127.0.0.1", "--port", "0"]);
                command.args(["--workers", &processes.to_string(), "--no-access-log"]).current_dir(folder);
                command.args(["--loop", "uvloop", "--http", "httptools"]).env("PYTHONDONTWRITEBYTECODE", "1");
                command.env("PEER_HOST", &host).env("PEER_DATABASE", DATABASE).env("PEER_USER", USER);
                command.env("PEER_SYNCHRONOUS_COMMIT", synchronous_commit);
                command.env("PEER_CONNECTIONS", (connections / processes).max(1).to_string());
                command.envs(key_file.map(|file| ("PEER_KEY_FILE", file)));
                ServerProcess::start(&mut command, processes)
            }
            System::Node | System::Facade => anyhow::bail!("{} needs no PostgreSQL", system.title()),
        }
    }
}
