//! `cargo xtask fuzz`: what strangers can send, tried out for a long time. See `docs/fuzzing.md`.

mod program;
mod session;

use anyhow::{Result, bail};
use clap::Args;

use crate::workspace::{Profile, Workspace};
use crate::{build, progress};

/// Arguments of `cargo xtask fuzz`.
#[derive(Debug, Args)]
pub struct FuzzArgs {
    /// Targets to run, all unless some are named.
    targets: Vec<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 600)]
    seconds: u32,
    /// Chooses other inputs; a run with the same one begins with the same inputs.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Lists the targets and ends.
    #[arg(long)]
    list: bool,
}

/// Builds the fuzzer and runs each target for its time. A target that has found something does not keep the others from
/// running.
pub fn run(workspace: &Workspace, args: &FuzzArgs) -> Result<()> {
    build::everything(workspace, Profile::Debug)?;
    let program =
        progress::step("fuzzer, with this repository's own crates instrumented", || program::build(workspace))?;
    let known = program::targets(&program)?;
    if args.list {
        known.iter().for_each(|target| println!("{target}"));
        return Ok(());
    }
    if let Some(unknown) = args.targets.iter().find(|target| !known.contains(target)) {
        bail!("there is no target `{unknown}`; there are {}", known.join(", "));
    }
    let chosen = if args.targets.is_empty() { known } else { args.targets.clone() };
    let mut outcomes = Vec::new();
    for target in chosen {
        let session = session::Session { workspace, program: &program, target: &target, args };
        let name = format!("{target} for {} s", args.seconds);
        outcomes.push(progress::judged_step(
            &name,
            || session.run(),
            |ran| matches!(ran, Ok(run) if run.found.is_none()),
        )?);
    }
    println!("{}", session::table(&outcomes));
    let found: Vec<&str> = outcomes.iter().filter_map(|outcome| outcome.found.as_deref()).collect();
    if found.is_empty() {
        return Ok(());
    }
    bail!("found and kept for the tests, to be mended and committed: {}", found.join(", "));
}
