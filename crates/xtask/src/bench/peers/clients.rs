//! The two clients, and the load that they make.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use serde::Deserialize;

use super::PeersBenchArgs;
use super::calm::calmer;
use super::launch::Running;
use super::pairs::Distribution;
use super::system::{Durability, System, Wires};
use super::tools::Tools;
use crate::bench::generator::result_of;
use crate::binaries::LOAD;
use crate::machine_time::MachineTime;
use crate::progress;
use crate::workspace::Workspace;

/// What an open loop asks of a system by itself, as a part of what the system makes in a closed loop.
pub const OWN_PACE: f64 = 0.6;
/// Where the load before the first figure begins among the pairs of accounts, as a part of them. Figures begin with the
/// first pair: they must not meet the accounts that have just been used, and lie in every cache.
const SETTLING_BEGIN: f64 = 0.5;

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

/// Where players come to start sessions.
#[derive(Clone, Copy)]
pub struct Door<'a> {
    pub system: System,
    /// The protocol of the load generator, and the options that it needs beside the address.
    pub protocol: &'a str,
    pub place: [&'a str; 2],
    /// Address and port.
    pub address: &'a str,
    /// What signs the players' tokens.
    pub key_file: &'a Path,
}

/// How long a load lasts, in seconds.
#[derive(Debug, Clone, Copy)]
struct Span {
    /// Before anything counts.
    warm_up: f64,
    /// While everything counts.
    counted: f64,
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
    /// How long they counted.
    #[serde(skip)]
    seconds: f64,
    /// What others had of the machine's processors meanwhile, as a part, where the system tells.
    #[serde(skip)]
    pub stolen: Option<f64>,
}

impl Calls {
    /// What was due a second, whatever came of it: in an open loop, what was asked for.
    pub fn asked_per_second(&self) -> f64 {
        self.due as f64 / self.seconds
    }

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
    players: u32,
    /// The client that makes the first figures, and the load before them.
    first: Client,
    /// The load of a figure.
    measured: Span,
    /// The load before the first figure, which counts for nothing.
    unmeasured: Span,
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
            players: args.players,
            first: args.client.first().copied().unwrap_or(Client::Compiled),
            measured: Span { warm_up: args.warm_up_seconds, counted: args.seconds },
            unmeasured: Span { warm_up: 0.0, counted: args.settle_seconds },
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
        calmer(running.system.title(), || {
            let mut command = self.transferring(running, accounts, distribution, client, load)?;
            self.run(&mut command, running.system, self.measured)
        })
    }

    /// Keeps a system busy with transfers that has just started, so that whoever compiles, caches or opens connections
    /// at its first calls has done so before anything is measured.
    pub fn settle_transfers(&self, running: &Running, accounts: u32, distribution: Distribution) -> Result<()> {
        let load = Load::Closed(self.in_flight);
        let mut command = self.transferring(running, accounts, distribution, self.first, load)?;
        command.args(["--begin", &SETTLING_BEGIN.to_string()]);
        self.settle(&mut command, running.system)
    }

    fn transferring(
        &self,
        running: &Running,
        accounts: u32,
        distribution: Distribution,
        client: Client,
        load: Load,
    ) -> Result<Command> {
        let mut command = self.command(client, "wallet", "peers.js")?;
        let (protocol, path) = running.system.speaks();
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
        let (clients, in_flight) = match running.wires {
            Wires::PerClient => (self.clients, in_flight),
            Wires::PerCall => (self.clients * in_flight, 1),
        };
        command.args(["--in-flight", &in_flight.to_string(), "--clients", &clients.to_string()]);
        Ok(command)
    }

    /// Session starts of all players in turn.
    pub fn sessions(&self, door: Door, rate: Option<f64>) -> Result<Calls> {
        calmer(door.system.title(), || {
            let mut command = self.starting_sessions(door)?;
            if let Some(rate) = rate {
                command.args(["--rate", &rate.max(1.0).to_string()]);
            }
            self.run(&mut command, door.system, self.measured)
        })
    }

    /// Keeps a system busy with session starts that has just started, as [`Self::settle_transfers`] does.
    pub fn settle_sessions(&self, door: Door) -> Result<()> {
        self.settle(&mut self.starting_sessions(door)?, door.system)
    }

    fn starting_sessions(&self, door: Door) -> Result<Command> {
        let mut command = self.command(Client::Compiled, "session", "")?;
        command.args(["--protocol", door.protocol, "--address", door.address]).args(door.place);
        command.arg("--key-file").arg(door.key_file);
        command.args(["--players", &self.players.to_string(), "--clients", &self.clients.to_string()]);
        Ok(command)
    }

    /// Lets all members of rooms move. Each figure has a server of its own, which settles under the same load first, so
    /// that it is for the caller to take one again.
    pub fn members(&self, running: &Running, client: Client, rooms: u32, seats: u32) -> Result<Calls> {
        let mut command = self.command(client, "rooms", "rooms.js")?;
        command.args(["--protocol", running.system.speaks_in_rooms(), "--address", running.address()]);
        command.args(["--rooms", &rooms.to_string(), "--seats", &seats.to_string()]);
        if running.durability == Durability::Relaxed {
            command.arg("--unconfirmed");
        }
        let Span { warm_up, counted } = self.measured;
        self.run(&mut command, running.system, Span { warm_up: warm_up + self.unmeasured.counted, counted })
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

    /// Nothing if the load is to last for no time.
    fn settle(&self, command: &mut Command, system: System) -> Result<()> {
        if self.unmeasured.counted > 0.0 {
            self.run(command, system, self.unmeasured)?;
        }
        Ok(())
    }

    fn run(&self, command: &mut Command, system: System, Span { warm_up, counted }: Span) -> Result<Calls> {
        command.args(["--warm-up-seconds", &warm_up.to_string(), "--seconds", &counted.to_string()]);
        let before = MachineTime::now().ok();
        let calls: Calls = result_of(command)?;
        let stolen = before.zip(MachineTime::now().ok()).map(|(before, after)| after.stolen_since(before));
        ensure!(calls.failed == 0, "{}: {} calls failed", system.title(), calls.failed);
        // In a fraction of a second, a busy machine may not come to any.
        ensure!(calls.per_second > 0.0 || self.is_small, "{}: no call was answered in time", system.title());
        if calls.unanswered > 0 {
            // In an open loop that is a result: it cannot keep the pace, or shows no move that another overtakes.
            progress::warn(&format!("{}: {} of {} had no answer", system.title(), calls.unanswered, calls.due));
        }
        Ok(Calls { seconds: counted, stolen, ..calls })
    }
}

#[cfg(test)]
pub mod tests {
    use serde_json::json;

    use super::Calls;

    /// Calls of which each was answered, a second of them.
    pub fn calls(per_second: f64, p99_ms: f64) -> Calls {
        let calls = json!({
            "per_second": per_second, "p50_ms": 0.5, "p99_ms": p99_ms, "p999_ms": 9.0,
            "due": per_second as u64, "failed": 0, "unanswered": 0,
        });
        Calls { seconds: 1.0, ..serde_json::from_value(calls).unwrap() }
    }

    #[test]
    fn what_is_asked_for_is_told_apart_from_what_is_answered() {
        let calls = Calls { due: 3_000, unanswered: 750, seconds: 2.5, ..calls(900.0, 1.0) };
        assert_eq!((calls.asked_per_second(), calls.per_second, calls.answered_percent()), (1_200.0, 900.0, 75.0));
    }
}
