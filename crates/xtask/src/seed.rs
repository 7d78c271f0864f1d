//! `cargo xtask seed`: fills the local database with generated players and worlds.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};
use clap::Args;
use ureq::http::Uri;

use crate::binaries;
use crate::cli::ProfileArgs;
use crate::dev::{DataDir, FACADE_TOKEN};
use crate::process;
use crate::publish::DATABASE;
use crate::workspace::Workspace;

/// The program that does it.
pub const SEED: &str = "seed";

/// Arguments of `cargo xtask seed`.
#[derive(Debug, Args)]
pub struct SeedArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    /// Address of the running node: https, unless it is on this machine.
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    server: String,
    /// Data folder of the `dev` run whose database is filled [default: server-rs/.spacetimedb/local].
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// File with the token of another Service identity, for a database that `dev` did not make.
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// Players to make, each with a story, a fight, a save, a wallet and a history.
    #[arg(long, default_value_t = 1_000)]
    players: u32,
    /// Published worlds to make.
    #[arg(long, default_value_t = 100)]
    worlds: u32,
    /// The same seed makes the same players and worlds; a second run finds those of the first.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Builds the program and runs it with the facade's token, since it acts for many players.
pub fn run(workspace: &Workspace, args: SeedArgs) -> Result<()> {
    if !keeps_secrets(&args.server) {
        bail!("the token would cross the network unencrypted to {}: use https, or an SSH tunnel", args.server);
    }
    let token = match args.token_file {
        Some(file) => file,
        None => DataDir::choose(workspace, args.data_dir.as_deref())?.credentials().join(FACADE_TOKEN),
    };
    if !token.is_file() {
        bail!("there is no token in {}: start `cargo xtask dev` first, or name a --token-file", token.display());
    }
    let profile = args.profile.profile();
    binaries::build(workspace, profile, &[SEED])?;
    let mut command = Command::new(workspace.binary(profile, SEED));
    process::bypass_proxy_on_loopback(&mut command);
    command.args(["--server", &args.server, "--database", DATABASE]).arg("--token-file").arg(token);
    for (option, number) in
        [("--players", u64::from(args.players)), ("--worlds", u64::from(args.worlds)), ("--seed", args.seed)]
    {
        command.args([option, &number.to_string()]);
    }
    process::run(&mut command)
}

/// Whether a token can be sent there without a stranger on the network reading it. The program asks the same; this
/// answers before it is built.
fn keeps_secrets(server: &str) -> bool {
    let Ok(url) = server.parse::<Uri>() else { return false };
    let host = url.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    url.scheme_str() == Some("https") || host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::keeps_secrets;

    #[test]
    fn the_token_stays_on_the_machine_or_under_tls() {
        for (server, keeps) in [
            ("http://127.0.0.1:3000", true),
            ("http://[::1]:3000", true),
            ("http://localhost:3000", true),
            ("https://play.example.com", true),
            ("http://play.example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://127.0.0.1@play.example.com", false),
            ("http://192.168.1.4:3000", false),
            ("", false),
        ] {
            assert_eq!(keeps_secrets(server), keeps, "{server}");
        }
    }
}
