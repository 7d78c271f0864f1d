//! Workload 3: session starts. A player who comes with a valid token connects, loads profile, inventory, quests and
//! the last save, and leaves. Every start has a connection of its own, as every player has.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use futures::future::try_join_all;
use tokio::sync::Mutex;
use tokio::time::timeout_at;

use crate::driver::PATIENCE;
use crate::http;
use crate::node::Database;
use crate::pacer::{Pace, Window, next_due, paces};
use crate::player::Player;
use crate::recorder::{Recorder, Summary};
use crate::tokens::Tokens;

/// Tokens of each player, who shows another one at every start. The node remembers 10,000 tokens for a minute, and
/// a system that checks each signature must not be held against one that is spared it. With 10,000 players, a token
/// comes again after 50,000 starts: in a figure of 3.5 seconds, never below 14,000 a second.
const TOKENS_PER_PLAYER: u64 = 5;

/// The procedure that hands out all at once, its argument, and how the node writes that it did.
const OVERVIEW_CALL: &str = "get_profile_overview_and_return";
const FOR_THE_CALLER: &str = r#"[{"none":[]}]"#;
const RECORD: &[u8] = b"[0,";

/// What the other side speaks.
#[derive(Clone, Copy, ValueEnum)]
enum Protocol {
    /// A node's WebSocket: the rows of the views, then the bytes of the save.
    Node,
    /// A node's HTTP API: one call for all.
    Call,
    /// JSON over HTTP/1.1: one request for all.
    Http,
}

#[derive(Args)]
pub struct Options {
    /// What the other side speaks.
    #[arg(long)]
    protocol: Protocol,
    /// Address and port.
    #[arg(long)]
    address: String,
    /// Path of the route, for HTTP.
    #[arg(long, default_value = "/session")]
    path: String,
    /// Name of the database, for a node.
    #[arg(long, default_value = "worldloom")]
    database: String,
    /// A node's private key, which signs the players' tokens; for HTTP, a secret that does.
    #[arg(long)]
    key_file: PathBuf,
    /// Players, who come in turn.
    #[arg(long)]
    players: u32,
    /// Session starts under way at most.
    #[arg(long)]
    clients: usize,
    /// Session starts a second; without a rate, each one that ends makes room for the next.
    #[arg(long)]
    rate: Option<f64>,
    /// Before anything counts.
    #[arg(long)]
    warm_up_seconds: f64,
    /// While everything counts.
    #[arg(long)]
    seconds: f64,
}

/// What all clients share.
struct Start {
    protocol: Protocol,
    address: String,
    path: String,
    database: Database,
    tokens: Vec<String>,
    next: AtomicUsize,
}

/// Starts sessions.
pub async fn run(options: Options) -> anyhow::Result<Summary> {
    let tokens = match options.protocol {
        Protocol::Node | Protocol::Call => Tokens::of_node(&options.key_file)?,
        Protocol::Http => Tokens::of_peer(&options.key_file)?,
    };
    let database = Database { address: options.address.clone(), name: options.database, is_confirmed: true };
    let start = Arc::new(Start {
        protocol: options.protocol,
        address: options.address,
        path: options.path,
        database,
        tokens: in_turn(&tokens, options.players)?,
        next: AtomicUsize::new(0),
    });
    ensure!(!start.tokens.is_empty(), "there are no players");
    let (warm_up, seconds) =
        (Duration::from_secs_f64(options.warm_up_seconds), Duration::from_secs_f64(options.seconds));
    let window = Window::beginning_now(warm_up, seconds);
    // One pace for all: whoever is free takes the next arrival.
    let pace = paces(1, options.rate, window).pop().context("there is a pace")?;
    let pace = Arc::new(Mutex::new(pace));
    let clients = (0..options.clients).map(|_| tokio::spawn(come_and_go(start.clone(), pace.clone(), window)));
    let mut all = Recorder::new(window)?;
    for recorder in try_join_all(clients).await? {
        all.add(&recorder?)?;
    }
    // Arrivals that nobody was free for.
    if let Pace::Open(arrivals) = &mut *pace.lock().await {
        while let Ok(due) = arrivals.try_recv() {
            all.unanswered(due);
        }
    }
    Ok(all.summary())
}

/// The tokens in the order in which they are shown: one of each player, then another one of each.
fn in_turn(tokens: &Tokens, players: u32) -> anyhow::Result<Vec<String>> {
    let each = (0..TOKENS_PER_PLAYER).flat_map(|age| (0..players).map(move |player| (player, age)));
    each.map(|(player, age)| tokens.of_player_since(player, age)).collect()
}

async fn come_and_go(start: Arc<Start>, pace: Arc<Mutex<Pace>>, window: Window) -> anyhow::Result<Recorder> {
    let mut recorder = Recorder::new(window)?;
    let give_up = (window.end + PATIENCE).into();
    while let Some(due) = next_due(&pace).await {
        match timeout_at(give_up, start.once()).await {
            Ok(outcome) => {
                outcome?;
                recorder.answered(due, true);
            }
            Err(_) => {
                recorder.unanswered(due);
                break;
            }
        }
    }
    Ok(recorder)
}

impl Start {
    async fn once(&self) -> anyhow::Result<()> {
        let token = &self.tokens[self.next.fetch_add(1, Ordering::Relaxed) % self.tokens.len()];
        match self.protocol {
            Protocol::Node => self.at_node(token).await,
            Protocol::Call => self.by_a_call(token).await,
            Protocol::Http => self.over_http(token).await,
        }
    }

    async fn at_node(&self, token: &str) -> anyhow::Result<()> {
        let mut player = Player::join(&self.database, token).await?;
        player.load().await?;
        player.leave().await
    }

    async fn by_a_call(&self, token: &str) -> anyhow::Result<()> {
        let request = format!(
            "POST /v1/database/{}/call/{OVERVIEW_CALL} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{FOR_THE_CALLER}",
            self.database.name,
            self.address,
            FOR_THE_CALLER.len()
        );
        let answer = http::exchange(&self.address, &request).await?;
        // A refusal is an answer too.
        let body = answer.windows(4).position(|end| end == b"\r\n\r\n").map(|end| &answer[end + 4..]);
        let is_record = body.is_some_and(|body| body.starts_with(RECORD));
        ensure!(is_record, "the player's overview was not handed out: {}", String::from_utf8_lossy(&answer));
        Ok(())
    }

    async fn over_http(&self, token: &str) -> anyhow::Result<()> {
        let request = format!(
            "GET {} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n",
            self.path, self.address
        );
        http::exchange(&self.address, &request).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_token_comes_again_before_all_have_come() -> anyhow::Result<()> {
        let secret = std::env::temp_dir().join(format!("peers-load-secret-{}", std::process::id()));
        std::fs::write(&secret, "a secret that is as long as it should be")?;
        let tokens = Tokens::of_peer(&secret)?;
        std::fs::remove_file(&secret)?;
        let shown = in_turn(&tokens, 3)?;
        let different: HashSet<&String> = shown.iter().collect();
        assert_eq!(different.len(), 3 * TOKENS_PER_PLAYER as usize);
        Ok(())
    }
}
