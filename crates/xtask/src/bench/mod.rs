//! `cargo xtask bench node`: how fast the node is, and how far from the engine's own speed.
//!
//! Every figure is taken several times, each time next to the ceiling: the same reducer, called
//! in process with as many calls in flight. Ratios to it can be compared between machines.

mod account_pairs;
mod figures;
mod generators;
mod report;
mod rounds;
mod server;

use std::fs;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::binaries::{self, NODE};
use crate::workspace::{Profile, Workspace};
use crate::{progress, setup, wasm_modules};
use generators::{FANOUT, Generators, IN_PROCESS};
use report::Report;

/// What to measure.
#[derive(Debug, Args)]
pub struct BenchArgs {
    #[command(subcommand)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Target {
    /// Measures the node against the engine called in process.
    Node(NodeBenchArgs),
}

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

/// Runs the chosen benchmark to its end.
pub fn run(workspace: &Workspace, args: BenchArgs) -> Result<()> {
    let Target::Node(args) = args.target;
    progress::step("tools", || {
        setup::ensure_node_js()?;
        setup::ensure_http_load_generator()
    })?;
    if !args.skip_build {
        build(workspace)?;
    }
    progress::step("TypeScript load generator", || generators::build_typescript(workspace))?;
    let folder = workspace.target().join("bench");
    fs::create_dir_all(&folder)?;
    let generators = Generators::new(workspace, &folder)?;
    let figures = rounds::measure(workspace, &generators, &folder, &args)?;
    let report = Report::new(workspace, &args, &figures);
    println!("{}", report.markdown());
    if args.write {
        report.write_into_docs(workspace)?;
    }
    Ok(())
}

fn build(workspace: &Workspace) -> Result<()> {
    progress::step("WebAssembly modules", || wasm_modules::build(workspace))?;
    progress::step("node and load generators (release; the first build takes many minutes)", || {
        binaries::build(workspace, Profile::Release, &[NODE, FANOUT, IN_PROCESS])
    })
}
