//! Subscribers with confirmed reads, who come back whenever their connection is lost.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use spacetimedb_client_api_messages::websocket::v2::{ServerMessage, TableUpdateRows};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::super::checks::streams::{Heard, News, Row, Stream};
use super::super::history::Micros;
use super::super::rows::decode_all;
use super::caller::PAUSE;
use super::farewell::Farewell;
use super::{Ground, Places, locked};
use crate::module_calls::SocketCalls;

/// A watcher that has heard nothing for so long tries another connection, unless nothing is wrong.
const SILENCE: Duration = Duration::from_secs(5);

/// Who watches what.
pub struct Watcher {
    /// What reports call it.
    pub name: &'static str,
    /// Whose token it has.
    pub token: String,
    /// What it subscribes to.
    pub tables: Vec<&'static str>,
    /// Whether it also leaves without need, now and then.
    pub is_restless: bool,
    /// Says what is the last of all, once nothing else will happen.
    pub farewell: watch::Receiver<Option<Farewell>>,
}

/// Watches until the last change of all has come.
pub async fn watch(ground: Arc<Ground>, watcher: Watcher, mut chance: StdRng) -> anyhow::Result<()> {
    let stream = Stream { watcher: watcher.name.to_owned(), tables: watcher.tables.clone(), news: Vec::new() };
    let number = ground.open_stream(stream);
    while !has_come(&ground, &watcher, number) {
        let until = match watcher.is_restless {
            true => Instant::now() + Duration::from_millis(chance.gen_range(200..3_000)),
            false => Instant::now() + Duration::from_secs(24 * 60 * 60),
        };
        if let Some(mut connection) = connect(&ground, &watcher).await {
            follow(&ground, &watcher, &mut connection, number, until).await?;
        }
        sleep(PAUSE).await;
    }
    Ok(())
}

/// A subscription that stands.
struct Connection {
    calls: SocketCalls,
    heard: mpsc::UnboundedReceiver<ServerMessage>,
    /// When it was asked for.
    asked: Micros,
}

/// A connection with a subscription, unless something is wrong at the moment.
async fn connect(ground: &Ground, watcher: &Watcher) -> Option<Connection> {
    let attempt = ground.attempt();
    let fault = match timeout(attempt.patience, subscribe(ground, watcher)).await {
        Ok(Ok(connection)) => return Some(connection),
        Ok(Err(fault)) => format!("{fault:#}"),
        Err(_) => format!("no answer for {:?}", attempt.patience),
    };
    ground.disturbed(&attempt, format!("{} cannot subscribe: {fault}", watcher.name));
    None
}

async fn subscribe(ground: &Ground, watcher: &Watcher) -> anyhow::Result<Connection> {
    let (changes, heard) = mpsc::unbounded_channel();
    let Places { node_url, database, .. } = &ground.places;
    let calls = SocketCalls::connect_confirmed(node_url, database, &watcher.token, Some(changes)).await?;
    let asked = ground.clock.now();
    calls.subscribe(&watcher.tables).await?;
    Ok(Connection { calls, heard, asked })
}

/// Writes down what comes until the connection ends, or it is time to leave it, in the stream of this number.
///
/// Errors: something that no client can read.
async fn follow(
    ground: &Ground,
    watcher: &Watcher,
    connection: &mut Connection,
    number: usize,
    until: Instant,
) -> anyhow::Result<()> {
    while !has_come(ground, watcher, number) {
        let attempt = ground.attempt();
        let silence = if ground.is_peace() { attempt.patience } else { SILENCE };
        let Some(message) = next(connection, silence, until).await? else {
            if Instant::now() < until {
                ground.disturbed(&attempt, format!("{} hears nothing any more", watcher.name));
            }
            return Ok(());
        };
        let at = ground.clock.now();
        let Some(what) = news(&message, connection.asked)? else { continue };
        if let Heard::Changed { inserted, .. } = &what {
            inserted.iter().for_each(|row| ground.progress.hears((watcher.name, row.table), at));
        }
        ground.write_down(|histories| histories.streams[number].news.push(News { at, what }));
    }
    Ok(())
}

/// The next message; nothing if none comes in time, or the connection is lost.
///
/// Errors: something that no client can read.
async fn next(connection: &mut Connection, silence: Duration, until: Instant) -> anyhow::Result<Option<ServerMessage>> {
    let silent_at = Instant::now() + silence;
    let Ok(message) = timeout_at(silent_at.min(until), connection.heard.recv()).await else { return Ok(None) };
    match connection.calls.unreadable() {
        Some(unreadable) if message.is_none() => Err(unreadable.clone().into()),
        _ => Ok(message),
    }
}

fn has_come(ground: &Ground, watcher: &Watcher, number: usize) -> bool {
    let farewell = watcher.farewell.borrow();
    let Some(farewell) = farewell.as_ref() else { return false };
    let says_it = |row: &Row| farewell.is_said_by(row.table, &row.series, row.version);
    let histories = locked(&ground.histories);
    histories.streams[number].news.iter().rev().any(|news| match &news.what {
        Heard::All { rows, .. } => rows.iter().any(says_it),
        Heard::Changed { inserted, .. } => inserted.iter().any(says_it),
    })
}

fn news(message: &ServerMessage, asked: Micros) -> anyhow::Result<Option<Heard>> {
    match message {
        ServerMessage::SubscribeApplied(applied) => {
            let mut rows = Vec::new();
            for table in &applied.rows.tables {
                let encoded: Vec<_> = table.rows.into_iter().collect();
                rows.extend(decode_all(&table.table, encoded.iter().map(|row| row.as_ref()))?);
            }
            Ok(Some(Heard::All { asked, rows }))
        }
        ServerMessage::TransactionUpdate(update) => {
            let (mut deleted, mut inserted) = (Vec::new(), Vec::new());
            for table in update.query_sets.iter().flat_map(|set| &set.tables) {
                for rows in &table.rows {
                    let TableUpdateRows::PersistentTable(rows) = rows else { continue };
                    for (list, encoded) in [(&mut deleted, &rows.deletes), (&mut inserted, &rows.inserts)] {
                        let encoded: Vec<_> = encoded.into_iter().collect();
                        list.extend(decode_all(&table.table_name, encoded.iter().map(|row| row.as_ref()))?);
                    }
                }
            }
            Ok(Some(Heard::Changed { deleted, inserted }))
        }
        _ => Ok(None),
    }
}
