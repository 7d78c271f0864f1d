//! `cargo xtask node`: the node alone, as `scripts/spacetime-dev.sh` starts it.

use std::process::Command;

use anyhow::Result;

use crate::binaries::{self, NODE};
use crate::cli::NodeArgs;
use crate::workspace::Workspace;

/// Builds the node and turns into it, so that signals reach it directly.
pub fn run(workspace: &Workspace, args: NodeArgs) -> Result<()> {
    let profile = args.profile.profile();
    binaries::build(workspace, profile, &[NODE])?;
    become_program(&mut start_command(workspace, &args))
}

/// `spacetime-node start` with the given port and data folder.
pub fn start_command(workspace: &Workspace, args: &NodeArgs) -> Command {
    let data_dir = args.data_dir.clone().unwrap_or_else(|| workspace.default_data_dir());
    let mut command = Command::new(workspace.binary(args.profile.profile(), NODE));
    command.args(["start", "--listen-addr", &format!("127.0.0.1:{}", args.port), "--data-dir"]).arg(data_dir);
    command
}

#[cfg(unix)]
fn become_program(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;

    // Returns only when the program could not be started.
    Err(command.exec().into())
}

#[cfg(not(unix))]
fn become_program(command: &mut Command) -> Result<()> {
    crate::process::run(command)
}
