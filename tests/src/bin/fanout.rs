//! Part of `cargo xtask bench node`: one row change that reaches many subscribed connections.
//!
//! Opens the connections in one process, reports what the node's memory grew by for each, then
//! changes a row again and again and reports when the change arrived. A change counts as arrived
//! when the client has decoded the update and seen the new value in it, so the client's work is
//! part of the figures. The result is one line of JSON.

use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use clap::Parser;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use spacetimedb_client_api_messages::websocket::{common::QuerySetId, v2};
use spacetimedb_lib::bsatn;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// How long any answer of the node may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Changes before the clock starts.
const WARM_UP_CHANGES: u64 = 5;
/// Time for the node to give back what it needed for the handshakes alone.
const SETTLING: Duration = Duration::from_secs(1);
/// Read buffer of one connection of this client, in bytes.
const READ_BUFFER: usize = 4 * 1024;

#[derive(Parser)]
struct Options {
    /// Address of the node, such as `127.0.0.1:3000`.
    #[arg(long)]
    address: String,
    /// Name of the database.
    #[arg(long)]
    database: String,
    /// Process id of the node, whose memory is looked at.
    #[arg(long)]
    node_pid: u32,
    /// Subscribed connections.
    #[arg(long)]
    connections: u32,
    /// Changes of the row.
    #[arg(long)]
    changes: u64,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A change as one subscriber saw it.
struct Arrival {
    value: u64,
    at: Instant,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!("{}", runtime.block_on(measure(&options))?);
    Ok(())
}

async fn measure(options: &Options) -> anyhow::Result<serde_json::Value> {
    let (mut caller, answers) = connect(options).await?.split();
    tokio::spawn(drain(answers));
    // The row must be there before anybody subscribes to it.
    touch(&mut caller, 0).await?;
    tokio::time::sleep(SETTLING).await;

    let before = resident_kib(options.node_pid)?;
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let mut kept = Vec::new();
    for _ in 0..options.connections {
        let (sink, stream) = subscribe(options).await?.split();
        kept.push(sink);
        tokio::spawn(watch(stream, arrived.clone()));
    }
    tokio::time::sleep(SETTLING).await;
    let after = resident_kib(options.node_pid)?;

    let mut all = Vec::new();
    let mut slowest = Vec::new();
    for value in 1..=WARM_UP_CHANGES + options.changes {
        let sent = Instant::now();
        touch(&mut caller, value).await?;
        let mut last = Duration::ZERO;
        for _ in 0..options.connections {
            let arrival = timeout(PATIENCE, arrivals.recv()).await?.context("the subscribers are gone")?;
            ensure!(arrival.value == value, "expected value {value}, a subscriber saw {}", arrival.value);
            let took = arrival.at - sent;
            last = last.max(took);
            if value > WARM_UP_CHANGES {
                all.push(took);
            }
        }
        if value > WARM_UP_CHANGES {
            slowest.push(last);
        }
    }
    Ok(serde_json::json!({
        "memory_kib": (after as f64 - before as f64) / f64::from(options.connections),
        "p50_ms": median_ms(&mut all),
        "slowest_ms": median_ms(&mut slowest),
    }))
}

fn median_ms(durations: &mut [Duration]) -> f64 {
    durations.sort_unstable();
    durations.get(durations.len() / 2).map_or(f64::NAN, |middle| middle.as_secs_f64() * 1e3)
}

/// Physical memory of a process, as Linux reports it.
fn resident_kib(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("the node's memory cannot be read")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS in the status")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

async fn connect(options: &Options) -> anyhow::Result<Socket> {
    let url = format!("ws://{}/v1/database/{}/subscribe?compression=None", options.address, options.database);
    let mut request = url.into_client_request()?;
    let protocol = HeaderValue::from_static(v2::BIN_PROTOCOL);
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    let (mut socket, _) = timeout(PATIENCE, connect_async_with_config(request, Some(config), true)).await??;
    match timeout(PATIENCE, next_message(&mut socket)).await?? {
        v2::ServerMessage::InitialConnection(_) => Ok(socket),
        other => bail!("expected a greeting, got {other:?}"),
    }
}

async fn subscribe(options: &Options) -> anyhow::Result<Socket> {
    let mut socket = connect(options).await?;
    let subscribe = v2::ClientMessage::Subscribe(v2::Subscribe {
        request_id: 1,
        query_set_id: QuerySetId::new(1),
        query_strings: ["SELECT * FROM position".into()].into(),
    });
    socket.send(Message::Binary(bsatn::to_vec(&subscribe)?.into())).await?;
    match timeout(PATIENCE, next_message(&mut socket)).await?? {
        v2::ServerMessage::SubscribeApplied(_) => Ok(socket),
        other => bail!("expected the subscribed rows, got {other:?}"),
    }
}

async fn next_message(
    stream: &mut (impl futures::Stream<Item = WsResult> + Unpin),
) -> anyhow::Result<v2::ServerMessage> {
    loop {
        match stream.next().await.context("the node closed a connection")?? {
            Message::Binary(frame) => return decode(&frame),
            Message::Ping(_) | Message::Pong(_) => {}
            other => bail!("expected a binary message, got {other:?}"),
        }
    }
}

type WsResult = Result<Message, tokio_tungstenite::tungstenite::Error>;

/// The first byte names the compression, which this client has switched off.
fn decode(frame: &Bytes) -> anyhow::Result<v2::ServerMessage> {
    match frame.split_first() {
        Some((0, message)) => Ok(bsatn::from_slice(message)?),
        _ => bail!("the node sent a compressed message"),
    }
}

async fn touch(caller: &mut SplitSink<Socket, Message>, value: u64) -> anyhow::Result<()> {
    let call = v2::ClientMessage::CallReducer(v2::CallReducer {
        request_id: 1,
        flags: v2::CallReducerFlags::Default,
        reducer: "touch".into(),
        args: bsatn::to_vec(&(0u32, value))?.into(),
    });
    Ok(caller.send(Message::Binary(bsatn::to_vec(&call)?.into())).await?)
}

async fn drain(mut answers: SplitStream<Socket>) {
    while let Some(Ok(_)) = answers.next().await {}
}

/// Reports each change that one subscriber sees.
async fn watch(mut stream: SplitStream<Socket>, arrived: mpsc::UnboundedSender<Arrival>) -> anyhow::Result<()> {
    loop {
        if let v2::ServerMessage::TransactionUpdate(update) = next_message(&mut stream).await? {
            let value = inserted_value(&update).context("an update without the new row")?;
            arrived.send(Arrival { value, at: Instant::now() })?;
        }
    }
}

/// The value in the inserted row: `position` has a number of 4 bytes, then the value of 8.
fn inserted_value(update: &v2::TransactionUpdate) -> Option<u64> {
    let table = update.query_sets.first()?.tables.first()?;
    let v2::TableUpdateRows::PersistentTable(rows) = table.rows.first()? else { return None };
    let row = rows.inserts.get(0)?;
    Some(u64::from_le_bytes(row.get(4..12)?.try_into().ok()?))
}
