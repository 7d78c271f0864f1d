//! `cargo xtask bench node`: how fast the node is, and how far from the engine's own speed.
//!
//! Every figure is taken several times, each time next to the ceiling: the same reducer, called
//! in process with as many calls in flight. Ratios to it can be compared between machines.

mod figures;
mod generators;
mod report;
mod rounds;

use std::fs;

use anyhow::Result;
use clap::Args;

use super::report::write_into_docs;
use crate::binaries::{self, NODE};
use crate::workspace::{Profile, Workspace};
use crate::{progress, setup, wasm_modules};
use generators::{FANOUT, Generators, IN_PROCESS};

pub use generators::build_typescript;

/// Accounts in the benchmark's database.
const ACCOUNTS: usize = 100_000;

/// Arguments of `cargo xtask bench node`.
#[derive(Debug, Args)]
pub struct NodeBenchArgs {
    /// How often each figure is taken; the report shows the median and the spread.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Recovers from the full log of 3.7 million transactions instead of half a million.
    #[arg(long)]
    full: bool,
    /// Measures the programs and modules that are built already.
    #[arg(long)]
    skip_build: bool,
    /// Writes the results into docs/benchmarks.md.
    #[arg(long)]
    write: bool,
}

/// Measures the node and prints the report.
pub fn run(workspace: &Workspace, args: &NodeBenchArgs) -> Result<()> {
    progress::step("tools", || {
        setup::ensure_node_js()?;
        setup::ensure_http_load_generator()
    })?;
    if !args.skip_build {
        build(workspace)?;
    }
    progress::step("TypeScript load generator", || generators::build_typescript(workspace, Profile::Release))?;
    let folder = workspace.target().join("bench");
    fs::create_dir_all(&folder)?;
    let generators = Generators::new(workspace, &folder)?;
    let figures = rounds::measure(workspace, &generators, &folder, args)?;
    let report = report::markdown(workspace, args, &figures);
    println!("{report}");
    if args.write {
        write_into_docs(workspace, "cargo xtask bench node", &report)?;
    }
    Ok(())
}

fn build(workspace: &Workspace) -> Result<()> {
    progress::step("WebAssembly modules", || wasm_modules::build(workspace))?;
    progress::step("node and load generators (release; the first build takes many minutes)", || {
        binaries::build(workspace, Profile::Release, &[NODE, FANOUT, IN_PROCESS])
    })
}
