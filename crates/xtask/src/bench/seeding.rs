//! The game's own database, full of players as the seeder makes them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::server::Server;
use crate::process;
use crate::publish::DATABASE;
use crate::seed::SEED;
use crate::wasm_modules::GAME_MODULE;
use crate::workspace::{Profile, Workspace};

/// Where a node keeps the key that it signs with, in its data folder.
pub const NODE_KEY: &str = "keys/id_ecdsa";
/// What whoever seeds must be.
const ROLES: [&str; 3] = ["service", "moderator", "operator"];
/// Players of a world.
const PLAYERS_PER_WORLD: u32 = 100;

/// Starts a node on `data_dir`, which must be empty, with the game and so many players. The token of somebody who may
/// act for all of them is in [`service_token_file`].
pub fn start(workspace: &Workspace, profile: Profile, data_dir: &Path, players: u32) -> Result<Server> {
    let server = Server::start_built(workspace, profile, data_dir, DATABASE)?;
    server.publish(&workspace.module(GAME_MODULE))?;
    let service = server.account()?;
    for role in ROLES {
        server.call("grant_role", &format!(r#"[["0x{}"], {{"{role}": {{}}}}]"#, service.identity))?;
    }
    let token_file = service_token_file(data_dir);
    fs::write(&token_file, &service.token)?;
    let mut seed = Command::new(workspace.binary(profile, SEED));
    process::bypass_proxy_on_loopback(&mut seed);
    seed.args(["--server", server.url(), "--database", DATABASE]).arg("--token-file").arg(&token_file);
    let worlds = players.div_ceil(PLAYERS_PER_WORLD);
    for (option, number) in [("--players", players), ("--worlds", worlds), ("--seed", 1)] {
        seed.args([option, &number.to_string()]);
    }
    process::run_quietly(&mut seed)?;
    Ok(server)
}

/// Beside the data folder.
pub fn service_token_file(data_dir: &Path) -> PathBuf {
    data_dir.with_extension("token")
}
