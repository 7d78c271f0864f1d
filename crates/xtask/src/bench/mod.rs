//! `cargo xtask bench`: how fast the node is, and what is built on it.

mod account_pairs;
mod facade;
pub mod generator;
mod module;
mod node;
mod peers;
pub mod report;
pub mod seeding;
pub mod server;
pub mod server_process;

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::workspace::Workspace;

/// What to measure.
#[derive(Debug, Args)]
pub struct BenchArgs {
    #[command(subcommand)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Target {
    /// Measures the node against the engine called in process.
    Node(node::NodeBenchArgs),
    /// Measures every call of the game module on a small and a large database.
    Module(module::ModuleBenchArgs),
    /// Measures what the facade adds to a call, and its streams of text.
    Facade(facade::FacadeBenchArgs),
    /// Measures the product against what one would use instead.
    Peers(peers::PeersBenchArgs),
}

/// Runs the chosen benchmark to its end.
pub fn run(workspace: &Workspace, args: &BenchArgs) -> Result<()> {
    match &args.target {
        Target::Node(args) => node::run(workspace, args),
        Target::Module(args) => module::run(workspace, args),
        Target::Facade(args) => facade::run(workspace, args),
        Target::Peers(args) => peers::run(workspace, args),
    }
}

/// The test of the benchmark against peers.
pub fn peers_smoke(workspace: &Workspace) -> Result<()> {
    peers::smoke(workspace)
}

/// The folder with nothing in it.
pub fn empty(folder: PathBuf) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
