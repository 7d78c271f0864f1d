//! `cargo xtask seed`: fills a running database with generated players and worlds.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Url;
use worldloom_tests::module_calls::{ModuleCalls, SocketCalls};
use worldloom_tests::seed::{Plan, Progress, fill};

#[derive(Parser)]
struct Options {
    /// URL of the node: https, unless it is on this machine.
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    server: String,
    /// Name of the database.
    #[arg(long, default_value = "worldloom")]
    database: String,
    /// File with the token of an identity that holds the role Service.
    #[arg(long)]
    token_file: PathBuf,
    /// Players to make.
    #[arg(long)]
    players: u32,
    /// Worlds to make.
    #[arg(long)]
    worlds: u32,
    /// The same seed makes the same players and worlds.
    #[arg(long)]
    seed: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let server = &options.server;
    anyhow::ensure!(keeps_secrets(server), "the token would cross the network unencrypted to {server}: use https");
    let token = std::fs::read_to_string(&options.token_file)
        .with_context(|| format!("the token in {} cannot be read", options.token_file.display()))?;
    let socket = SocketCalls::connect(&options.server, &options.database, token.trim()).await?;
    let plan = Plan { players: options.players, worlds: options.worlds, seed: options.seed };
    let progress = Progress::default();
    let started = Instant::now();
    let bar = ProgressBar::new(u64::from(plan.players) + u64::from(plan.worlds));
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} {eta}")?);
    let calls = ModuleCalls::Socket(socket);
    let filling = fill(&calls, plan, &progress);
    tokio::pin!(filling);
    loop {
        tokio::select! {
            outcome = &mut filling => break outcome?,
            () = tokio::time::sleep(Duration::from_millis(200)) => {
                let (worlds, players) =
                    (progress.worlds.load(Ordering::Relaxed), progress.players.load(Ordering::Relaxed));
                bar.set_position(worlds + players);
                bar.set_message(format!("{worlds} worlds, {players} players"));
            }
        }
    }
    bar.finish_and_clear();
    println!("{} worlds and {} players in {:.1?}", plan.worlds, plan.players, started.elapsed());
    Ok(())
}

/// Whether a token can be sent there without a stranger on the network reading it.
fn keeps_secrets(server: &str) -> bool {
    let Ok(url) = Url::parse(server) else { return false };
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    url.scheme() == "https" || host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::keeps_secrets;

    #[test]
    fn the_token_stays_on_the_machine_or_under_tls() {
        for server in ["http://127.0.0.1:3000", "http://[::1]:3000", "http://localhost", "https://play.example.com"] {
            assert!(keeps_secrets(server), "{server}");
        }
        for server in ["http://play.example.com", "http://127.0.0.1@play.example.com", "http://192.168.1.4:3000", ""] {
            assert!(!keeps_secrets(server), "{server}");
        }
    }
}
