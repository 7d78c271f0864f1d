//! The calls that the load generator makes, and what it says of them.

use std::process::Command;

use anyhow::Result;
use serde::Deserialize;

use super::ModuleBenchArgs;
use super::database::Database;
use crate::bench::generator::result_of;
use crate::bench::report::median;
use crate::wasm_modules::GAME_MODULE;
use crate::workspace::{Profile, Workspace};

/// The program that makes them.
pub const LOAD: &str = "module_load";

/// How many others are online, from one measurement to the next.
const OTHERS_ONLINE: [&str; 4] = ["0", "100", "300", "1000"];
/// Players who make calls meanwhile.
const ONLINE_GUESTS: &str = "16";
/// With many online a round takes a while, and the differences are large.
const ONLINE_ROUNDS_MAX: u32 = 3;

/// What calls took while others were online. Each list has a value for each round.
#[derive(Debug, Deserialize)]
pub struct Online {
    /// Connected players who watch their rows and do nothing.
    pub others: usize,
    /// Calls a second over the whole script.
    pub per_second: Vec<f64>,
    /// Median latency of a call, in microseconds.
    pub latency_micros: Vec<f64>,
}

#[derive(Deserialize)]
struct OnlineResult {
    online: Vec<Online>,
}

/// What came of a run through the script.
#[derive(Debug, Deserialize)]
pub struct Calls {
    /// One for each entry point.
    pub measured: Vec<Measured>,
    /// Procedures that are not in the script.
    pub uncovered: Vec<String>,
}

/// The figures of one entry point, with a value for each round.
#[derive(Debug, Deserialize)]
pub struct Measured {
    /// The entry point.
    pub name: String,
    /// Whether players call it.
    pub is_for_players: bool,
    /// Whether it is a reducer.
    pub is_reducer: bool,
    /// Time for a call, of many at once, on the small database, in microseconds.
    pub small_micros: Vec<f64>,
    /// The same on the large database.
    pub large_micros: Vec<f64>,
    /// Median latency on the large database, in microseconds.
    pub latency_micros: Vec<f64>,
}

impl Measured {
    /// Calls a second on the large database.
    pub fn per_second(&self) -> Result<f64> {
        Ok(1e6 / median(&self.large_micros)?)
    }

    /// How much longer a call takes on the large database: the median of all rounds.
    pub fn growth(&self) -> Result<f64> {
        let ratios = self.large_micros.iter().zip(&self.small_micros).map(|(large, small)| large / small);
        median(&ratios.collect::<Vec<_>>())
    }
}

/// Runs the script through the engine, while the nodes are stopped.
pub fn in_process(workspace: &Workspace, small: &Database, large: &Database, args: &ModuleBenchArgs) -> Result<Calls> {
    let mut command = Command::new(workspace.binary(Profile::Release, LOAD));
    command.args(["measure", "in-process", "--module"]).arg(workspace.module(GAME_MODULE));
    run(command, small, large, args)
}

/// Runs the script over WebSocket, on nodes that run.
pub fn over_websocket(
    workspace: &Workspace,
    small: &Database,
    large: &Database,
    args: &ModuleBenchArgs,
) -> Result<Calls> {
    let mut command = Command::new(workspace.binary(Profile::Release, LOAD));
    command.args(["measure", "nodes"]);
    run(command, small, large, args)
}

/// Runs the script on a node while more and more players are online and watch their rows.
pub fn with_others_online(workspace: &Workspace, database: &Database, rounds: u32) -> Result<Vec<Online>> {
    let mut command = Command::new(workspace.binary(Profile::Release, LOAD));
    command.args(["measure", "online"]).arg("--place").arg(&database.place);
    command.args(["--rounds", &rounds.min(ONLINE_ROUNDS_MAX).to_string(), "--guests", ONLINE_GUESTS]);
    for others in OTHERS_ONLINE {
        command.args(["--others", others]);
    }
    let result: OnlineResult = result_of(&mut command)?;
    Ok(result.online)
}

fn run(mut command: Command, small: &Database, large: &Database, args: &ModuleBenchArgs) -> Result<Calls> {
    command.arg("--small").arg(&small.place).arg("--large").arg(&large.place);
    command.args(["--rounds", &args.rounds.to_string(), "--guests", &args.guests.to_string()]);
    result_of(&mut command)
}

#[cfg(test)]
mod tests {
    use super::Measured;

    #[test]
    fn growth_is_taken_round_by_round() {
        let measured = Measured {
            name: "call".to_owned(),
            is_for_players: true,
            is_reducer: false,
            small_micros: vec![10.0, 100.0, 10.0],
            large_micros: vec![12.0, 110.0, 50.0],
            latency_micros: Vec::new(),
        };
        assert_eq!(measured.growth().ok(), Some(1.2));
        assert_eq!(measured.per_second().ok(), Some(20_000.0));
    }
}
