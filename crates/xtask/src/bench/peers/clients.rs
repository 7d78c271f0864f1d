//! The two clients, and the load that they make.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use serde::Deserialize;

use super::pairs::Distribution;
use super::system::{Durability, Running, System};
use super::{PeersBenchArgs, peer_program};
use crate::bench::generator::result_of;
use crate::progress;
use crate::workspace::Workspace;

/// What a client is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// The compiled load generator.
    Compiled,
    /// A Node.js process with the library that one would take.
    NodeJs,
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
    failed: u64,
    unanswered: u64,
}

/// Puts load on systems.
pub struct Clients {
    compiled: PathBuf,
    node_js: PathBuf,
    folder: PathBuf,
    clients: u32,
    in_flight: u32,
    warm_up_seconds: f64,
    seconds: f64,
    is_small: bool,
}

impl Clients {
    /// The clients of this run.
    pub fn new(workspace: &Workspace, args: &PeersBenchArgs, folder: &Path) -> Self {
        Self {
            compiled: peer_program(workspace, args.profile(), "peers-load"),
            node_js: workspace.root().join("tests/bench/dist/peers.js"),
            folder: folder.to_owned(),
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
        let mut command = match client {
            Client::Compiled => {
                let mut command = Command::new(&self.compiled);
                command.arg("wallet");
                command
            }
            Client::NodeJs => {
                let mut command = Command::new("node");
                command.arg(&self.node_js);
                command
            }
        };
        let (protocol, path) = running.system.speaks(client);
        command.args(["--protocol", protocol, "--path", path, "--address", running.address()]);
        if let Some(token) = &running.token {
            command.args(["--token", token]);
        }
        if running.durability == Durability::Relaxed && protocol == "node" {
            command.arg("--unconfirmed");
        }
        command.arg("--pairs").arg(distribution.file(&self.folder, accounts)?);
        let in_flight = match load {
            Load::Closed(in_flight) => in_flight,
            Load::Open(rate) => {
                command.args(["--rate", &rate.max(1.0).to_string()]);
                self.in_flight
            }
        };
        command.args(["--in-flight", &in_flight.to_string()]);
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
        let mut command = Command::new(&self.compiled);
        command.arg("session").args(place).arg("--key-file").arg(key_file);
        command.args(["--players", &players.to_string()]);
        if let Some(rate) = rate {
            command.args(["--rate", &rate.max(1.0).to_string()]);
        }
        self.run(&mut command, system)
    }

    fn run(&self, command: &mut Command, system: System) -> Result<Calls> {
        command.args(["--clients", &self.clients.to_string(), "--seconds", &self.seconds.to_string()]);
        let calls: Calls = result_of(command.args(["--warm-up-seconds", &self.warm_up_seconds.to_string()]))?;
        ensure!(calls.failed == 0, "{}: {} calls failed", system.title(), calls.failed);
        // In a fraction of a second, a busy machine may not come to any.
        ensure!(calls.per_second > 0.0 || self.is_small, "{}: no call was answered in time", system.title());
        if calls.unanswered > 0 {
            // In an open loop that is a result: it cannot keep the pace. What was not answered counts as slow.
            progress::warn(&format!(
                "{}: {} calls had no answer ten seconds after the end",
                system.title(),
                calls.unanswered
            ));
        }
        Ok(calls)
    }
}
