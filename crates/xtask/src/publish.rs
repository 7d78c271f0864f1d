//! `cargo xtask publish`: swaps the game module of a running node.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::binaries::{self, NODE};
use crate::cli::PublishArgs;
use crate::dev::{DataDir, OWNER_TOKEN};
use crate::wasm_modules::{self, GAME_MODULE};
use crate::workspace::Workspace;
use crate::{process, progress};

/// Name of the game database.
pub const DATABASE: &str = "worldloom";

/// Rebuilds the module and publishes it as the owner that `dev` has made.
pub fn run(workspace: &Workspace, args: PublishArgs) -> Result<()> {
    let token = DataDir::choose(workspace, args.data_dir.as_deref())?.credentials().join(OWNER_TOKEN);
    if !token.is_file() {
        bail!("there is no owner yet: start `cargo xtask dev` first, with the same --data-dir");
    }
    let profile = args.profile.profile();
    progress::step("WebAssembly modules", || wasm_modules::build(workspace))?;
    binaries::build(workspace, profile, &[NODE])?;
    progress::step(&format!("publish {DATABASE}"), || {
        let program = workspace.binary(profile, NODE);
        process::run(publish_command(workspace, &program, &args.server, &token).args(&args.publish_options))
    })
}

/// `spacetime-node publish` of the game module.
pub fn publish_command(workspace: &Workspace, node_program: &Path, server: &str, token: &Path) -> Command {
    let mut command = Command::new(node_program);
    process::bypass_proxy_on_loopback(&mut command);
    command.args(["publish", DATABASE, "--server", server, "--bin-path"]);
    command.arg(workspace.module(GAME_MODULE)).arg("--token-file").arg(token);
    command
}
