//! The product: a node with the benchmark's module, and the facade before it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::PEER_FACADE;
use super::process::ServerProcess;
use crate::bench::empty;
use crate::bench::server::Server;
use crate::workspace::{Profile, Workspace};

/// The module of the wallet.
pub const MODULE: &str = "transfer";
/// Accounts opened in one transaction.
const OPENING_STEP: usize = 20_000;

/// A node with the module and its accounts.
pub fn start_node(
    workspace: &Workspace,
    profile: Profile,
    folder: &Path,
    accounts: u32,
    balance: u64,
) -> Result<Server> {
    let data_dir = empty(folder.join("node"))?;
    let server = Server::start_built(workspace, profile, &data_dir, MODULE)?;
    server.publish(&workspace.module(MODULE))?;
    let counts = (0..accounts).step_by(OPENING_STEP).skip(1).chain([accounts]);
    for count in counts {
        server.call("seed", &format!("[{count}, {balance}]"))?;
    }
    Ok(server)
}

/// The facade before the node.
pub fn start_facade(
    workspace: &Workspace,
    profile: Profile,
    folder: &Path,
    node: &Server,
    is_confirmed: bool,
) -> Result<ServerProcess> {
    let folder = empty(folder.join("facade"))?;
    let token_file = folder.join("service.token");
    fs::write(&token_file, node.token())?;
    let mut command = Command::new(workspace.binary(profile, PEER_FACADE));
    command.env("WORLDLOOM_NODE__URL", node.url()).env("WORLDLOOM_NODE__DATABASE", MODULE);
    command.env("WORLDLOOM_NODE__SERVICE_TOKEN_FILE", &token_file);
    command.env("WORLDLOOM_IDENTITY__KEY_FOLDER", folder.join("identity-keys"));
    command.env("WORLDLOOM_OBJECTS__ROOT", folder.join("objects"));
    // A line for each request is what an operator switches off first.
    command.env("WORLDLOOM_LOG__FILTER", "error");
    if !is_confirmed {
        command.arg("--unconfirmed");
    }
    ServerProcess::start(&mut command, 0)
}
