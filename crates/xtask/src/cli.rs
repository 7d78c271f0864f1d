//! Command-line arguments and the command that each one starts.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::bench::BenchArgs;
use crate::chaos::ChaosArgs;
use crate::fuzz::FuzzArgs;
use crate::seed::SeedArgs;
use crate::soak::SoakArgs;
use crate::workspace::{Profile, Workspace};
use crate::{bench, bindings, build, chaos, ci, dev, fuzz, node, publish, seed, soak, suites};

/// Builds, runs and checks Worldloom.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the product on this machine: node, game module and facade, until Ctrl-C.
    Dev(DevArgs),
    /// Runs the node alone, without a module or the facade.
    Node(NodeArgs),
    /// Rebuilds the game module and swaps it into the running node.
    Publish(PublishArgs),
    /// Fills the database of a running `dev` with generated players and worlds.
    Seed(SeedArgs),
    /// Builds the WebAssembly modules, the node and the facade.
    Build(ProfileArgs),
    /// Writes the client bindings anew from the game module and the facade's API.
    Bindings {
        /// Changes nothing and fails when the committed bindings are stale.
        #[arg(long)]
        check: bool,
    },
    /// Measures how fast the node and the game module are.
    Bench(BenchArgs),
    /// Brings faults upon the product under load and proves that nothing was lost.
    Chaos(ChaosArgs),
    /// Plays on the product for an hour and proves that nothing grows that should not.
    Soak(SoakArgs),
    /// Tries out for a long time what strangers can send.
    Fuzz(FuzzArgs),
    /// Runs every test of the repository and ends with one summary line.
    Test,
    /// Checks format and lints, then runs every test: what continuous integration runs.
    Ci,
}

/// Which Cargo profile to use.
#[derive(Debug, Clone, Copy, Args)]
pub struct ProfileArgs {
    /// Builds with full optimisation.
    #[arg(long)]
    pub release: bool,
}

impl ProfileArgs {
    /// The Cargo profile chosen on the command line.
    pub fn profile(self) -> Profile {
        if self.release { Profile::Release } else { Profile::Debug }
    }
}

/// Where a local node listens and keeps its data.
#[derive(Debug, Args)]
pub struct NodeArgs {
    #[command(flatten)]
    pub profile: ProfileArgs,
    /// Port of the node on the loopback address.
    #[arg(long, default_value_t = 3000)]
    pub port: u16,
    /// Folder of the node's data [default: server-rs/.spacetimedb/local].
    #[arg(long)]
    pub data_dir: Option<PathBuf>,
}

/// Arguments of `cargo xtask dev`.
#[derive(Debug, Args)]
pub struct DevArgs {
    #[command(flatten)]
    pub node: NodeArgs,
    /// Port of the facade on the loopback address.
    #[arg(long, default_value_t = 8080)]
    pub facade_port: u16,
    /// Port of the local login provider on the loopback address.
    #[arg(long, default_value_t = 8090)]
    pub login_port: u16,
    /// Deletes the data of earlier runs first.
    #[arg(long)]
    pub fresh: bool,
}

/// Arguments of `cargo xtask publish`.
#[derive(Debug, Args)]
pub struct PublishArgs {
    #[command(flatten)]
    pub profile: ProfileArgs,
    /// Address of the running node.
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    pub server: String,
    /// Data folder of the `dev` run whose owner publishes [default: server-rs/.spacetimedb/local].
    #[arg(long)]
    pub data_dir: Option<PathBuf>,
    /// Options for `spacetime-node publish`, such as `--break-clients` or `--delete-data`.
    #[arg(last = true)]
    pub publish_options: Vec<String>,
}

impl Cli {
    /// Runs the chosen command to its end.
    pub fn run(self) -> Result<ExitCode> {
        let workspace = Workspace::locate();
        match self.command {
            Command::Dev(args) => dev::run(&workspace, args)?,
            Command::Node(args) => node::run(&workspace, args)?,
            Command::Publish(args) => publish::run(&workspace, args)?,
            Command::Seed(args) => seed::run(&workspace, args)?,
            Command::Build(args) => build::run(&workspace, args.profile())?,
            Command::Bindings { check: false } => bindings::write(&workspace)?,
            Command::Bindings { check: true } => bindings::check(&workspace)?,
            Command::Bench(args) => bench::run(&workspace, &args)?,
            Command::Chaos(args) => chaos::run(&workspace, &args)?,
            Command::Soak(args) => soak::run(&workspace, &args)?,
            Command::Fuzz(args) => fuzz::run(&workspace, &args)?,
            Command::Test => return suites::run(&workspace),
            Command::Ci => return ci::run(&workspace),
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn argument_definitions_are_consistent() {
        Cli::command().debug_assert();
    }
}
