//! The two clients, and the load that they make.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use serde::Deserialize;

use super::PeersBenchArgs;
use super::launch::Running;
use super::pairs::Distribution;
use super::system::{Durability, System};
use super::tools::Tools;
use crate::bench::generator::result_of;
use crate::binaries::LOAD;
use crate::progress;
use crate::workspace::Workspace;

/// What a client is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Client {
    /// The compiled load generator.
    Compiled,
    /// A Node.js process with the library that one would take.
    NodeJs,
}

impl Client {
    /// What the report calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Compiled => "compiled client",
            Self::NodeJs => "Node.js client",
        }
    }
}

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Load {
    /// Each answer makes room for the next call; so many are under way for each client.
    Closed(u32),
    /// So many calls a second arrive, whatever the answers do.
    Open(f64),
}

/// What a load came to.
#[derive(Debug, Clone, Deserialize)]
pub struct Calls {
    /// Answers a second.
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    due: u64,
    failed: u64,
    unanswered: u64,
}

impl Calls {
    /// What was answered in the end of all that should have been, in percent.
    pub fn answered_percent(&self) -> f64 {
        (self.due - self.unanswered) as f64 / self.due.max(1) as f64 * 100.0
    }
}

/// Puts load on systems.
pub struct Clients<'a> {
    tools: &'a Tools,
    /// The programs for Node.js.
    scripts: PathBuf,
    folder: &'a Path,
    clients: u32,
    in_flight: u32,
    warm_up_seconds: f64,
    seconds: f64,
    is_small: bool,
}

impl<'a> Clients<'a> {
    /// The clients of this run.
    pub fn new(workspace: &Workspace, args: &PeersBenchArgs, folder: &'a Path, tools: &'a Tools) -> Self {
        Self {
            tools,
            scripts: workspace.root().join("tests/bench/dist"),
            folder,
            clients: args.clients,
            in_flight: args.in_flight,
            warm_up_seconds: args.warm_up_seconds,
            seconds: args.seconds,
            is_small: args.small,
        }
    }

    /// Transfers between so many accounts.
    pub fn transfers(
        &self,
        running: &Running,
        accounts: u32,
        distribution: Distribution,
        client: Client,
        load: Load,
    ) -> Result<Calls> {
        let mut command = self.command(client, "wallet", "peers.js")?;
        let (protocol, path) = running.system.speaks(client);
        command.args(["--protocol", protocol, "--path", path, "--address", running.address()]);
        if let Some(token) = &running.token {
            command.args(["--token", token]);
        }
        if running.durability == Durability::Relaxed && protocol == "node" {
            command.arg("--unconfirmed");
        }
        command.arg("--pairs").arg(distribution.file(self.folder, accounts)?);
        let in_flight = match load {
            Load::Closed(in_flight) => in_flight,
            Load::Open(rate) => {
                command.args(["--rate", &rate.max(1.0).to_string()]);
                self.in_flight
            }
        };
        command.args(["--in-flight", &in_flight.to_string(), "--clients", &self.clients.to_string()]);
        self.run(&mut command, running.system)
    }

    /// Session starts of so many players in turn; `place` are the options that say where.
    pub fn sessions(
        &self,
        system: System,
        place: &[&str],
        key_file: &Path,
        players: u32,
        rate: Option<f64>,
    ) -> Result<Calls> {
        let mut command = self.command(Client::Compiled, "session", "")?;
        command.args(place).arg("--key-file").arg(key_file);
        command.args(["--players", &players.to_string(), "--clients", &self.clients.to_string()]);
        if let Some(rate) = rate {
            command.args(["--rate", &rate.max(1.0).to_string()]);
        }
        self.run(&mut command, system)
    }

    /// Lets all members of rooms move.
    pub fn members(&self, running: &Running, client: Client, rooms: u32, seats: u32) -> Result<Calls> {
        let mut command = self.command(client, "rooms", "rooms.js")?;
        command.args(["--protocol", running.system.speaks_in_rooms(), "--address", running.address()]);
        command.args(["--rooms", &rooms.to_string(), "--seats", &seats.to_string()]);
        if running.durability == Durability::Relaxed {
            command.arg("--unconfirmed");
        }
        self.run(&mut command, running.system)
    }

    fn command(&self, client: Client, workload: &str, script: &str) -> Result<Command> {
        Ok(match client {
            Client::Compiled => {
                let mut command = Command::new(self.tools.compiled(LOAD));
                command.arg(workload);
                command
            }
            Client::NodeJs => {
                let mut command = Command::new(self.tools.node_js()?);
                command.arg(self.scripts.join(script));
                command
            }
        })
    }

    fn run(&self, command: &mut Command, system: System) -> Result<Calls> {
        command.args(["--seconds", &self.seconds.to_string()]);
        let calls: Calls = result_of(command.args(["--warm-up-seconds", &self.warm_up_seconds.to_string()]))?;
        ensure!(calls.failed == 0, "{}: {} calls failed", system.title(), calls.failed);
        // In a fraction of a second, a busy machine may not come to any.
        ensure!(calls.per_second > 0.0 || self.is_small, "{}: no call was answered in time", system.title());
        if calls.unanswered > 0 {
            // In an open loop that is a result: it cannot keep the pace.
            progress::warn(&format!(
                "{}: {} of {} had no answer long after the end",
                system.title(),
                calls.unanswered,
                calls.due
            ));
        }
        Ok(calls)
    }
}
