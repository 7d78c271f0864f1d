//! A node: a member watches the positions of its room and calls a reducer that changes its own, at once or with the next
//! tick.

use anyhow::{Context, bail};
use futures::SinkExt;
use spacetimedb_client_api_messages::websocket::common::QuerySetId;
use spacetimedb_client_api_messages::websocket::v2;
use spacetimedb_lib::bsatn;
use tokio_tungstenite::tungstenite::Message;

use super::speech::{Move, Seat, Speech};
use crate::node::{Database, Socket, call, frame, messages, next_messages};

/// Bytes of a row's columns, in their order: member, room, x, y.
const SENT_OFFSET: usize = 16;

/// What a member says to a node and hears of it.
pub struct NodeSpeech {
    /// The reducer that moves a member.
    reducer: &'static str,
}

/// The reducer whose moves are seen at once.
pub const WALK: &str = "walk";
/// The reducer whose moves are seen with the next tick.
pub const STEER: &str = "steer";

/// Connects, takes the seat and watches the room.
pub async fn enter(database: &Database, reducer: &'static str, seat: Seat) -> anyhow::Result<(Socket, NodeSpeech)> {
    let mut socket = database.open(None).await?;
    socket.send(frame(&call(0, "enter", bsatn::to_vec(&(seat.room, seat.seat))?))?).await?;
    let query = format!("SELECT * FROM position WHERE room = {}", seat.room);
    let subscribe = v2::ClientMessage::Subscribe(v2::Subscribe {
        request_id: 0,
        query_set_id: QuerySetId::new(1),
        query_strings: [query.into()].into(),
    });
    socket.send(frame(&subscribe)?).await?;
    loop {
        for message in next_messages(&mut socket).await? {
            match message {
                v2::ServerMessage::SubscribeApplied(_) => return Ok((socket, NodeSpeech { reducer })),
                v2::ServerMessage::SubscriptionError(error) => bail!("the node refused: {error:?}"),
                v2::ServerMessage::ReducerResult(result) => refuse_failure(&result)?,
                _ => {}
            }
        }
    }
}

impl Speech for NodeSpeech {
    fn said(&mut self, moved: &Move) -> anyhow::Result<Message> {
        frame(&call(0, self.reducer, bsatn::to_vec(&(moved.member, moved.x, moved.y, moved.sent_micros))?))
    }

    fn heard(&mut self, message: &Message, moves: &mut Vec<Move>) -> anyhow::Result<()> {
        for message in messages(message)? {
            match message {
                v2::ServerMessage::TransactionUpdate(update) => collect(&update, moves)?,
                // A member sees its own moves in the answers to its calls.
                v2::ServerMessage::ReducerResult(result) => match result.result {
                    v2::ReducerOutcome::Ok(done) => collect(&done.transaction_update, moves)?,
                    _ => refuse_failure(&result)?,
                },
                _ => {}
            }
        }
        Ok(())
    }
}

fn refuse_failure(result: &v2::ReducerResult) -> anyhow::Result<()> {
    match &result.result {
        v2::ReducerOutcome::Ok(_) | v2::ReducerOutcome::OkEmpty => Ok(()),
        failed => bail!("a call failed: {failed:?}"),
    }
}

fn collect(update: &v2::TransactionUpdate, moves: &mut Vec<Move>) -> anyhow::Result<()> {
    for table in update.query_sets.iter().flat_map(|set| &set.tables) {
        for rows in &table.rows {
            let v2::TableUpdateRows::PersistentTable(rows) = rows else { continue };
            for row in &rows.inserts {
                moves.push(moved(&row).context("a row is shorter than the table's columns")?);
            }
        }
    }
    Ok(())
}

fn moved(row: &[u8]) -> Option<Move> {
    let number = |offset: usize| -> Option<[u8; 4]> { row.get(offset..offset + 4)?.try_into().ok() };
    let sent = row.get(SENT_OFFSET..SENT_OFFSET + 8)?.try_into().ok()?;
    Some(Move {
        member: u32::from_le_bytes(number(0)?),
        x: f32::from_le_bytes(number(8)?),
        y: f32::from_le_bytes(number(12)?),
        sent_micros: u64::from_le_bytes(sent),
    })
}
