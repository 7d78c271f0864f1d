//! The product: a node with the benchmark's module, and the facade before it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::tools::PEER_FACADE;
use crate::bench::empty;
use crate::bench::server::Server;
use crate::bench::server_process::ServerProcess;
use crate::workspace::{Profile, Workspace};

/// The module of the wallet, and its database.
const WALLET: &str = "transfer";
/// The module of rooms, and its database.
const ROOMS: &str = "rooms";
/// Accounts opened in one transaction.
const OPENING_STEP: usize = 20_000;

/// A node with the wallet's module and accounts.
pub fn start_node_with_accounts(
    workspace: &Workspace,
    profile: Profile,
    folder: &Path,
    accounts: u32,
    balance: u64,
) -> Result<Server> {
    let server = start_node(workspace, profile, folder, WALLET)?;
    let counts = (0..accounts).step_by(OPENING_STEP).skip(1).chain([accounts]);
    for count in counts {
        server.call("seed", &format!("[{count}, {balance}]"))?;
    }
    Ok(server)
}

/// A node with the module of rooms, which nobody has entered, and which publishes moves in ticks if that is asked for.
pub fn start_node_with_rooms(
    workspace: &Workspace,
    profile: Profile,
    folder: &Path,
    (rooms, seats): (u32, u32),
    tick_millis: Option<u32>,
) -> Result<Server> {
    let server = start_node(workspace, profile, folder, ROOMS)?;
    server.call("open_rooms", &format!("[{rooms}, {seats}]"))?;
    if let Some(millis) = tick_millis {
        server.call("tick_every", &format!("[{millis}]"))?;
    }
    Ok(server)
}

fn start_node(workspace: &Workspace, profile: Profile, folder: &Path, module: &str) -> Result<Server> {
    let server = Server::start_built(workspace, profile, &empty(folder.join("node"))?, module)?;
    server.publish(&workspace.module(module))?;
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
    command.env("WORLDLOOM_NODE__URL", node.url()).env("WORLDLOOM_NODE__DATABASE", WALLET);
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
