//! Workload 3: session starts. A player who comes with a valid token connects, loads profile, inventory, quests and
//! the last save, and leaves. Every start has a connection of its own, as every player has.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use futures::SinkExt;
use futures::future::try_join_all;
use spacetimedb_client_api_messages::websocket::common::{CallProcedureFlags, QuerySetId};
use spacetimedb_client_api_messages::websocket::v2;
use spacetimedb_lib::{Identity, bsatn};
use tokio::sync::Mutex;
use tokio::time::timeout_at;

use crate::http;
use crate::node::{Database, Socket, frame, next_messages};
use crate::pacer::{Pace, Window, paces};
use crate::recorder::{Recorder, Summary};
use crate::tokens::Tokens;

/// How long after the end answers are waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a client watches from then on, as its rows come at the beginning: profile, inventory, quests, saves.
const VIEWS: [&str; 4] = ["my_dashboard", "my_inventory", "my_quests", "my_snapshots"];
/// The view whose row names the save.
const SAVES: &str = "my_snapshots";
/// Where in a row of that view the world is, and after it the name of the slot: behind the save's id and its owner.
const WORLD_AT: usize = 16 + 32;
const SLOT_AT: usize = WORLD_AT + 16;

/// The procedure that hands out all at once, its argument, and how the node writes that it did.
const STATE_CALL: &str = "get_profile_overview_and_return";
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
        tokens: (0..options.players).map(|player| tokens.of_player(player)).collect::<anyhow::Result<_>>()?,
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

async fn next_due(pace: &Mutex<Pace>) -> Option<Instant> {
    match &mut *pace.lock().await {
        Pace::Closed { end } => Some(Instant::now()).filter(|now| now < end),
        Pace::Open(arrivals) => arrivals.recv().await,
    }
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
        let mut socket = self.database.open(Some(token)).await?;
        let subscribe = v2::ClientMessage::Subscribe(v2::Subscribe {
            request_id: 1,
            query_set_id: QuerySetId::new(1),
            query_strings: VIEWS.map(|view| format!("SELECT * FROM {view}").into()).into(),
        });
        socket.send(frame(&subscribe)?).await?;
        let (world, slot) = answer(&mut socket, |message| match message {
            v2::ServerMessage::SubscribeApplied(applied) => Some(save_in(&applied)),
            _ => None,
        })
        .await?;
        let call = v2::ClientMessage::CallProcedure(v2::CallProcedure {
            request_id: 2,
            flags: CallProcedureFlags::Default,
            procedure: "get_runtime_snapshot_and_return".into(),
            args: bsatn::to_vec(&(None::<Identity>, world, slot))?.into(),
        });
        socket.send(frame(&call)?).await?;
        answer(&mut socket, |message| match message {
            v2::ServerMessage::ProcedureResult(result) => Some(is_record(&result)),
            _ => None,
        })
        .await?;
        Ok(socket.close(None).await?)
    }

    async fn by_a_call(&self, token: &str) -> anyhow::Result<()> {
        let request = format!(
            "POST /v1/database/{}/call/{STATE_CALL} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{FOR_THE_CALLER}",
            self.database.name,
            self.address,
            FOR_THE_CALLER.len()
        );
        let answer = http::exchange(&self.address, &request).await?;
        // A refusal is an answer too.
        let body = answer.windows(4).position(|end| end == b"\r\n\r\n").map(|end| &answer[end + 4..]);
        let is_record = body.is_some_and(|body| body.starts_with(RECORD));
        ensure!(is_record, "the player's state was not handed out: {}", String::from_utf8_lossy(&answer));
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

/// What `wanted` makes of the next message that is not a change of rows.
async fn answer<T>(
    socket: &mut Socket,
    wanted: impl Fn(v2::ServerMessage) -> Option<anyhow::Result<T>>,
) -> anyhow::Result<T> {
    loop {
        for message in next_messages(socket).await? {
            if !matches!(message, v2::ServerMessage::TransactionUpdate(_)) {
                return wanted(message).context("the node answered something else")?;
            }
        }
    }
}

/// Fails unless the save was handed out. The first byte of the answer says whether it is a record.
fn is_record(result: &v2::ProcedureResult) -> anyhow::Result<()> {
    let is_record = matches!(&result.status, v2::ProcedureStatus::Returned(value) if value.first() == Some(&0));
    ensure!(is_record, "the save was not handed out: {:?}", result.status);
    Ok(())
}

/// The world, as a number, and the slot of the save in the answer; fails unless every view has a row.
fn save_in(applied: &v2::SubscribeApplied) -> anyhow::Result<(u128, String)> {
    let mut save = None;
    let tables = &applied.rows.tables;
    ensure!(tables.len() == VIEWS.len(), "rows of {} of {} views came", tables.len(), VIEWS.len());
    for table in tables {
        let row = table.rows.get(0).with_context(|| format!("{} has no row", table.table))?;
        if &*table.table == SAVES {
            let world = row.get(WORLD_AT..SLOT_AT).context("a save without a world")?;
            let slot = bsatn::from_slice::<String>(&slot_of(&row)?)?;
            save = Some((u128::from_le_bytes(world.try_into()?), slot));
        }
    }
    save.context("there is no save")
}

/// The encoded name: its length in four bytes, and its bytes.
fn slot_of(row: &[u8]) -> anyhow::Result<Vec<u8>> {
    let name = row.get(SLOT_AT..).context("a save without a slot")?;
    let length = u32::from_le_bytes(name.get(..4).context("a slot without a name")?.try_into()?);
    Ok(name.get(..4 + length as usize).context("a slot with half a name")?.to_vec())
}
