//! `cargo xtask bench module`: how fast the game module's calls are, and whether they stay so while the
//! database grows.
//!
//! The same calls are made on a small and on a large database, step by step in turn, once by the
//! engine in process and once over WebSocket. What each entry point is called with stands in
//! `tests/src/module_bench`.

mod calls;
mod database;
mod report;

use std::fs;

use anyhow::Result;
use clap::Args;

use super::report::write_into_docs;
use super::{empty, server};
use crate::binaries::{self, NODE};
use crate::progress;
use crate::wasm_modules::{self, GAME_MODULE};
use crate::workspace::{Profile, Workspace};
use calls::{Calls, LOAD, Online};
use database::{Database, Facts, Size};

/// What the large database is held against.
const SMALL: Size = Size { players: 1_000, worlds: 100 };

/// Arguments of `cargo xtask bench module`.
#[derive(Debug, Args)]
pub struct ModuleBenchArgs {
    /// Players of the large database; the small one has 1,000.
    #[arg(long, default_value_t = 100_000)]
    players: u32,
    /// Worlds of the large database; the small one has 100.
    #[arg(long, default_value_t = 10_000)]
    worlds: u32,
    /// How often each call is measured; the report shows medians.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// New players of each round, who make each call at once.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    guests: u32,
    /// Measures the programs and modules that are built already.
    #[arg(long)]
    skip_build: bool,
    /// Writes the results into docs/benchmarks.md.
    #[arg(long)]
    write: bool,
}

/// Everything that was found out.
struct Results {
    /// The large database.
    facts: Facts,
    /// How much memory the node takes for what the large database has more than the small one.
    bytes_per_million_rows: f64,
    /// The module as it is published.
    wasm_bytes: u64,
    in_process: Calls,
    over_websocket: Calls,
    /// On the large database.
    online: Vec<Online>,
}

/// Measures the module and prints the report.
pub fn run(workspace: &Workspace, args: &ModuleBenchArgs) -> Result<()> {
    if !args.skip_build {
        build(workspace)?;
    }
    let folder = empty(workspace.target().join("bench").join("module"))?;
    let results = measure(workspace, args, &folder);
    // The databases are of no use to anybody else, and large.
    fs::remove_dir_all(&folder)?;
    let report = report::markdown(workspace, args, &results?);
    println!("{report}");
    if args.write {
        write_into_docs(workspace, "cargo xtask bench module", &report)?;
    }
    Ok(())
}

fn build(workspace: &Workspace) -> Result<()> {
    progress::step("WebAssembly modules", || wasm_modules::build(workspace))?;
    progress::step("node and load generator (release; the first build takes many minutes)", || {
        binaries::build(workspace, Profile::Release, &[NODE, LOAD])
    })
}

fn measure(workspace: &Workspace, args: &ModuleBenchArgs, folder: &std::path::Path) -> Result<Results> {
    let large = Size { players: args.players, worlds: args.worlds };
    let mut small = Database::publish(workspace, &folder.join("small"))?;
    let small_facts = progress::step("small database", || small.fill_and_look(workspace, SMALL))?;
    let mut large_database = Database::publish(workspace, &folder.join("large"))?;
    let step = format!("database of {} players and {} worlds", large.players, large.worlds);
    let facts = progress::step(&step, || large_database.fill_and_look(workspace, large))?;
    let more_rows = facts.rows.saturating_sub(small_facts.rows).max(1);
    let more_bytes = facts.memory.saturating_sub(small_facts.memory);
    let in_process =
        progress::step("calls in process", || calls::in_process(workspace, &small, &large_database, args))?;
    let over_websocket = progress::step("calls over WebSocket", || {
        small.start_again()?;
        large_database.start_again()?;
        calls::over_websocket(workspace, &small, &large_database, args)
    })?;
    let online = progress::step("calls while others are online", || {
        calls::with_others_online(workspace, &large_database, args.rounds)
    })?;
    Ok(Results {
        bytes_per_million_rows: more_bytes as f64 / more_rows as f64 * 1e6,
        facts,
        wasm_bytes: fs::metadata(workspace.module(GAME_MODULE))?.len(),
        in_process,
        over_websocket,
        online,
    })
}
