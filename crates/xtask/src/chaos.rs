//! `cargo xtask chaos`: faults against the whole product under load, and the proof that nothing was lost.

use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::binaries::{self, FACADE, NODE};
use crate::cli::ProfileArgs;
use crate::workspace::Workspace;
use crate::{process, progress, setup, wasm_modules};

/// The program that does it.
const CHAOS: &str = "chaos";

/// Arguments of `cargo xtask chaos`.
#[derive(Debug, Args)]
pub struct ChaosArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    /// Draws the plan of troubles and kills; without one, chance does. A failing run names the seed that repeats its plan.
    #[arg(long)]
    seed: Option<u64>,
    /// Cycles of load, trouble and a kill.
    #[arg(long, default_value_t = 500)]
    cycles: u32,
    /// Cycles before everything is proved and a new world begins.
    #[arg(long, default_value_t = 25)]
    cycles_per_world: u32,
    /// Brings only this trouble, such as `full-node-disk`; may be given several times.
    #[arg(long)]
    trouble: Vec<String>,
    /// Lets clients take answers before they are on disk: a run that must fail, and shows that the proofs can.
    #[arg(long)]
    unconfirmed: bool,
    /// Uses the programs and modules that are built already.
    #[arg(long)]
    skip_build: bool,
}

/// Builds everything and lets the program go through its cycles.
pub fn run(workspace: &Workspace, args: &ChaosArgs) -> Result<()> {
    progress::step("tools", || {
        setup::ensure_host_tools()?;
        setup::find_or_install_clock_faker();
        Ok(())
    })?;
    let profile = args.profile.profile();
    if !args.skip_build {
        progress::step("WebAssembly modules", || wasm_modules::build(workspace))?;
        binaries::build(workspace, profile, &[NODE, FACADE, CHAOS])?;
    }
    let mut command = Command::new(workspace.binary(profile, CHAOS));
    process::bypass_proxy_on_loopback(&mut command);
    command.args(["--cycles", &args.cycles.to_string()]);
    command.args(["--cycles-per-world", &args.cycles_per_world.to_string()]);
    for trouble in &args.trouble {
        command.args(["--trouble", trouble]);
    }
    if args.unconfirmed {
        command.arg("--unconfirmed");
    }
    if let Some(seed) = args.seed {
        command.args(["--seed", &seed.to_string()]);
    }
    process::run(&mut command)
}
