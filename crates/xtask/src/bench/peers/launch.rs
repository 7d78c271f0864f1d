//! How systems are started: each for a load, with fresh data, and stopped after it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::PeersBenchArgs;
use super::postgres::{Cluster, DATABASE, Postgres, USER, statements};
use super::product::{start_facade, start_node_with_accounts, start_node_with_rooms};
use super::system::{Durability, Setup, System, Wires};
use super::tools::Tools;
use crate::bench::server::Server;
use crate::bench::server_process::ServerProcess;
use crate::workspace::{Profile, Workspace};

/// What every account starts with, never used up.
const BALANCE: u64 = 1_000_000_000;

/// A system that is ready for load. Dropping it stops it.
pub struct Running<'a> {
    pub system: System,
    pub durability: Durability,
    /// How calls travel that a client has under way at the same time.
    pub wires: Wires,
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
pub struct Systems<'a> {
    pub workspace: &'a Workspace,
    pub profile: Profile,
    pub folder: &'a Path,
    tools: &'a Tools,
    cluster: Option<Cluster>,
}

impl<'a> Systems<'a> {
    /// Prepares what the systems of this run need.
    pub fn new(workspace: &'a Workspace, args: &PeersBenchArgs, folder: &'a Path, tools: &'a Tools) -> Result<Self> {
        let cluster = tools.postgres.as_deref().map(|programs| Cluster::create(programs, folder)).transpose()?;
        Ok(Self { workspace, profile: args.profile(), folder, tools, cluster })
    }

    /// Starts a system with fresh accounts.
    pub fn start(
        &self,
        system: System,
        setup: Option<Setup>,
        durability: Durability,
        accounts: u32,
    ) -> Result<Running<'_>> {
        match setup {
            Some(setup) => {
                let postgres = self.cluster()?.start()?;
                self.open_accounts(&postgres, accounts)?;
                self.start_before(postgres, system, setup, durability, None)
            }
            None => {
                let node = start_node_with_accounts(self.workspace, self.profile, self.folder, accounts, BALANCE)?;
                self.start_product(system, node, durability)
            }
        }
    }

    /// Starts a system with empty rooms.
    pub fn start_rooms(&self, system: System, durability: Durability, rooms: u32, seats: u32) -> Result<Running<'_>> {
        let tick_millis = system.tick_millis();
        if !system.is_on_node_js() {
            let node = start_node_with_rooms(self.workspace, self.profile, self.folder, (rooms, seats), tick_millis)?;
            return self.start_product(system, node, durability);
        }
        let mut command = self.node_js(if system.is_colyseus() { "colyseus" } else { "ws" })?;
        command.args(tick_millis.iter().flat_map(|millis| ["--patch-rate".to_owned(), millis.to_string()]));
        let front = Some(ServerProcess::start(&mut command, 0)?);
        let wires = Wires::PerClient;
        Ok(Running { system, durability, wires, token: None, front, node: None, _postgres: None })
    }

    /// Starts a system before PostgreSQL, without accounts but with what session starts read.
    pub fn start_sessions(&self, system: System, setup: Setup, key_file: &Path) -> Result<Running<'_>> {
        self.start_before(self.cluster()?.start()?, system, setup, Durability::Durable, Some(key_file))
    }

    /// Fills what session starts read, if any of the systems reads it from PostgreSQL.
    pub fn fill_sessions(&self, players: u32, items: u32, quests: u32) -> Result<()> {
        let Some(cluster) = &self.cluster else { return Ok(()) };
        let postgres = cluster.start()?;
        let variables = [("players", players), ("items", items), ("quests", quests)];
        postgres.run_file(&statements(self.workspace, "session.sql"), &variables)?;
        postgres.run(&["VACUUM ANALYZE", "CHECKPOINT"])
    }

    fn cluster(&self) -> Result<&Cluster> {
        self.cluster.as_ref().context("PostgreSQL was not prepared")
    }

    fn start_product(&self, system: System, node: Server, durability: Durability) -> Result<Running<'_>> {
        let (mut front, mut token) = (None, None);
        if system == System::Facade {
            let is_confirmed = durability == Durability::Durable;
            front = Some(start_facade(self.workspace, self.profile, self.folder, &node, is_confirmed)?);
            token = Some(node.account()?.token);
        }
        let wires = Wires::PerClient;
        Ok(Running { system, durability, wires, token, front, node: Some(node), _postgres: None })
    }

    fn open_accounts(&self, postgres: &Postgres, accounts: u32) -> Result<()> {
        postgres.run_file(&statements(self.workspace, "wallet.sql"), &[])?;
        let last = accounts - 1;
        let insert = format!("INSERT INTO account SELECT number, {BALANCE} FROM generate_series(0, {last}) number");
        // So that neither falls into the measurement.
        postgres.run(&[&insert, "VACUUM ANALYZE account", "CHECKPOINT"])?;
        let opened = postgres.ask("SELECT count(*) FROM account")?;
        ensure!(opened == accounts.to_string(), "PostgreSQL holds {opened} of {accounts} accounts");
        Ok(())
    }

    fn start_before<'b>(
        &self,
        postgres: Postgres<'b>,
        system: System,
        setup: Setup,
        durability: Durability,
        key_file: Option<&Path>,
    ) -> Result<Running<'b>> {
        let host = postgres.host().display().to_string();
        let synchronous_commit = if durability == Durability::Durable { "on" } else { "off" };
        let (mut command, processes) = match system {
            System::AxumPooled | System::AxumPipelined => {
                (self.axum(system, setup, &host, synchronous_commit, key_file), 0)
            }
            System::Express => (self.express(setup, &host, synchronous_commit, key_file)?, 0),
            System::Fastapi => (self.fastapi(setup, &host, synchronous_commit, key_file)?, setup.processes),
            _ => bail!("{} needs no PostgreSQL", system.title()),
        };
        let front = Some(ServerProcess::start(&mut command, processes)?);
        let wires = setup.wires;
        Ok(Running { system, durability, wires, token: None, front, node: None, _postgres: Some(postgres) })
    }

    fn axum(
        &self,
        system: System,
        setup: Setup,
        host: &str,
        synchronous_commit: &str,
        key_file: Option<&Path>,
    ) -> Command {
        let mode = if system == System::AxumPooled { "pooled" } else { "pipelined" };
        let place =
            format!("host={host} user={USER} dbname={DATABASE} options='-c synchronous_commit={synchronous_commit}'");
        let mut command = Command::new(self.tools.compiled("peers-axum"));
        command.args(["--database", &place, "--mode", mode, "--connections", &setup.connections.to_string()]);
        command.args(key_file.iter().flat_map(|file| ["--key-file".as_ref(), file.as_os_str()]));
        command
    }

    fn express(
        &self,
        Setup { processes, connections, .. }: Setup,
        host: &str,
        synchronous_commit: &str,
        key_file: Option<&Path>,
    ) -> Result<Command> {
        let mut command = self.node_js("express-trpc")?;
        command.args(["--host", host, "--database", DATABASE, "--user", USER]);
        command.args(["--workers", &processes.to_string(), "--connections", &connections.to_string()]);
        command.args(key_file.iter().flat_map(|file| ["--key-file".as_ref(), file.as_os_str()]));
        command.args(["--synchronous-commit", synchronous_commit]);
        Ok(command)
    }

    fn fastapi(
        &self,
        Setup { processes, connections, .. }: Setup,
        host: &str,
        synchronous_commit: &str,
        key_file: Option<&Path>,
    ) -> Result<Command> {
        let mut command = Command::new(self.tools.fastapi.as_ref().context("FastAPI was not prepared")?);
        command.args(["-m", "uvicorn", "server:app", "--host", "127.0.0.1", "--port", "0"]);
        command.args(["--workers", &processes.to_string(), "--no-access-log"]).current_dir(self.sources("fastapi"));
        command.args(["--loop", "uvloop", "--http", "httptools"]).env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("PEER_HOST", host).env("PEER_DATABASE", DATABASE).env("PEER_USER", USER);
        command.env("PEER_SYNCHRONOUS_COMMIT", synchronous_commit);
        command.env("PEER_CONNECTIONS", (connections / processes).max(1).to_string());
        command.envs(key_file.map(|file| ("PEER_KEY_FILE", file)));
        Ok(command)
    }

    /// The server of a peer that runs on Node.js.
    fn node_js(&self, peer: &str) -> Result<Command> {
        let mut command = Command::new(self.tools.node_js()?);
        command.arg("server.mjs").current_dir(self.sources(peer)).env("NODE_ENV", "production");
        Ok(command)
    }

    fn sources(&self, peer: &str) -> PathBuf {
        self.workspace.root().join("tests/peers").join(peer)
    }
}
