//! Colyseus: a seat by HTTP, then its own frames over a WebSocket. The first byte of a frame says what it is.
//!
//! Positions come as changes of the room's state (`@colyseus/schema`) or as messages (MessagePack). Only what the rooms
//! of `tests/peers/colyseus/server.mjs` send is understood; anything else ends the run.

use std::collections::HashMap;

use anyhow::{Context, bail, ensure};
use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::json;
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::Message;

use super::speech::{Move, Seat, Speech};
use crate::http;
use crate::node::Socket;

/// The room that keeps positions in its state.
pub const STATE_ROOM: &str = "state";
/// The room that hands messages on.
pub const MESSAGES_ROOM: &str = "messages";

/// What a frame is.
const JOIN_ROOM: u8 = 10;
const ROOM_DATA: u8 = 13;
const ROOM_STATE: u8 = 14;
const ROOM_STATE_PATCH: u8 = 15;

/// In a change of state: what follows is about another structure.
const SWITCH_TO_STRUCTURE: u8 = 255;
/// In a change of state: the class of a new structure.
const TYPE_ID: u8 = 213;
const ADD: u8 = 128;
const DELETE: u8 = 64;
/// The structure that holds all others.
const HALL: u32 = 0;

/// Type and content of a message that says where a member is.
const MOVE: &[u8] = b"\xa4move";

/// A place that was kept for somebody.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reservation {
    session_id: String,
    room_id: String,
    process_id: String,
}

/// What a member says to the server, and hears of the others.
#[derive(Default)]
pub struct ColyseusSpeech {
    /// The structure that lists members.
    list: Option<u32>,
    /// Members by the number of the structure that says where they are.
    members: HashMap<u32, Move>,
}

/// Takes a seat in the room with this number and waits until the server has let the member in.
pub async fn enter(address: &str, room: &str, seat: Seat) -> anyhow::Result<(Socket, ColyseusSpeech)> {
    let Reservation { session_id, room_id, process_id } = reserve(address, room, seat).await?;
    let url = format!("ws://{address}/{process_id}/{room_id}?sessionId={session_id}");
    let (mut socket, _) = connect_async_with_config(url, None, true).await?;
    let mut speech = ColyseusSpeech::default();
    loop {
        let message = socket.next().await.context("the server closed a connection")??;
        if message.is_binary() && message.clone().into_data().first() == Some(&JOIN_ROOM) {
            socket.send(Message::binary(vec![JOIN_ROOM])).await?;
            return Ok((socket, speech));
        }
        speech.heard(&message, &mut Vec::new())?;
    }
}

/// Asks for a seat. An answer to HTTP/1.0 comes in one piece.
async fn reserve(address: &str, room: &str, seat: Seat) -> anyhow::Result<Reservation> {
    let body = json!({ "room": seat.room, "member": seat.member }).to_string();
    let request = format!(
        "POST /matchmake/joinOrCreate/{room} HTTP/1.0\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = http::exchange(address, &request).await?;
    let begin = answer.iter().position(|&byte| byte == b'{').context("there was no seat")?;
    Ok(serde_json::from_slice(&answer[begin..])?)
}

impl Speech for ColyseusSpeech {
    fn said(&mut self, moved: &Move) -> anyhow::Result<Message> {
        let mut bytes = vec![ROOM_DATA];
        bytes.extend(MOVE);
        bytes.push(0x84);
        let Move { member, x, y, sent_micros } = *moved;
        for (name, value) in
            [("member", f64::from(member)), ("x", x.into()), ("y", y.into()), ("sent", sent_micros as f64)]
        {
            bytes.push(0xa0 | u8::try_from(name.len())?);
            bytes.extend(name.as_bytes());
            bytes.push(0xcb);
            bytes.extend(value.to_be_bytes());
        }
        Ok(Message::binary(bytes))
    }

    fn heard(&mut self, message: &Message, moves: &mut Vec<Move>) -> anyhow::Result<()> {
        let Message::Binary(bytes) = message else { return Ok(()) };
        match bytes.split_first() {
            Some((&ROOM_DATA, rest)) => {
                let mut bytes = Bytes(rest.strip_prefix(MOVE).context("a message that is not `move`")?);
                moves.push(bytes.message()?);
                Ok(())
            }
            Some((&(ROOM_STATE | ROOM_STATE_PATCH), rest)) => self.apply(Bytes(rest), moves),
            _ => Ok(()),
        }
    }
}

impl ColyseusSpeech {
    /// Takes over changes of the state.
    fn apply(&mut self, mut bytes: Bytes, moves: &mut Vec<Move>) -> anyhow::Result<()> {
        let mut current = HALL;
        let mut changed = None;
        while let Some(first) = bytes.next_if_any() {
            if first == SWITCH_TO_STRUCTURE {
                moves.extend(changed.take().and_then(|member| self.members.get(&member)));
                current = bytes.number()?;
            } else if current == HALL {
                ensure!(first & 63 == 0, "the room has one field");
                self.list = Some(bytes.number()?);
            } else if Some(current) == self.list {
                self.apply_to_list(first, &mut bytes)?;
            } else {
                self.apply_to_member(current, first, &mut bytes)?;
                changed = Some(current);
            }
        }
        moves.extend(changed.and_then(|member| self.members.get(&member)));
        Ok(())
    }

    fn apply_to_list(&mut self, operation: u8, bytes: &mut Bytes) -> anyhow::Result<()> {
        bytes.number()?;
        if operation & ADD == ADD {
            bytes.text()?;
        }
        if operation != DELETE {
            bytes.number()?;
            if bytes.0.first() == Some(&TYPE_ID) {
                bytes.next_if_any();
                bytes.number()?;
            }
        }
        Ok(())
    }

    fn apply_to_member(&mut self, structure: u32, operation: u8, bytes: &mut Bytes) -> anyhow::Result<()> {
        let member = self.members.entry(structure).or_insert(Move { member: 0, x: 0.0, y: 0.0, sent_micros: 0 });
        match operation & 63 {
            0 => member.member = u32::from_le_bytes(bytes.take()?),
            1 => member.x = f32::from_le_bytes(bytes.take()?),
            2 => member.y = f32::from_le_bytes(bytes.take()?),
            // Negative before the first move, which makes zero of it here.
            3 => member.sent_micros = f64::from_le_bytes(bytes.take()?) as u64,
            field => bail!("a member has no field {field}"),
        }
        Ok(())
    }
}

/// Bytes that are read from the front.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next_if_any(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take<const N: usize>(&mut self) -> anyhow::Result<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk().context("a frame ends too early")?;
        self.0 = rest;
        Ok(*taken)
    }

    /// A whole number, in as many bytes as it needs.
    fn number(&mut self) -> anyhow::Result<u32> {
        Ok(match self.take::<1>()?[0] {
            small @ 0..128 => small.into(),
            0xcc => self.take::<1>()?[0].into(),
            0xcd => u16::from_le_bytes(self.take()?).into(),
            0xce => u32::from_le_bytes(self.take()?),
            other => bail!("{other:#x} begins no number of a structure"),
        })
    }

    fn text(&mut self) -> anyhow::Result<&[u8]> {
        let length = match self.take::<1>()?[0] {
            short @ 0xa0..0xc0 => usize::from(short & 0x1f),
            0xd9 => self.take::<1>()?[0].into(),
            other => bail!("{other:#x} begins no key"),
        };
        let (text, rest) = self.0.split_at_checked(length).context("a frame ends too early")?;
        self.0 = rest;
        Ok(text)
    }

    /// A map of numbers in MessagePack.
    fn message(&mut self) -> anyhow::Result<Move> {
        let [head] = self.take()?;
        let fields = match head {
            0x80..0x90 => usize::from(head & 15),
            0xde => u16::from_be_bytes(self.take()?).into(),
            other => bail!("{other:#x} begins no map"),
        };
        let mut moved = Move { member: 0, x: 0.0, y: 0.0, sent_micros: 0 };
        for _ in 0..fields {
            let name = self.text()?.first().copied();
            let value = self.packed_number()?;
            match name {
                Some(b'm') => moved.member = value as u32,
                Some(b'x') => moved.x = value as f32,
                Some(b'y') => moved.y = value as f32,
                _ => moved.sent_micros = value as u64,
            }
        }
        Ok(moved)
    }

    fn packed_number(&mut self) -> anyhow::Result<f64> {
        Ok(match self.take::<1>()?[0] {
            small @ 0..128 => small.into(),
            0xca => f32::from_be_bytes(self.take()?).into(),
            0xcb => f64::from_be_bytes(self.take()?),
            0xcc => self.take::<1>()?[0].into(),
            0xcd => u16::from_be_bytes(self.take()?).into(),
            0xce => u32::from_be_bytes(self.take()?).into(),
            0xcf => u64::from_be_bytes(self.take()?) as f64,
            other => bail!("{other:#x} begins no number"),
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio_tungstenite::tungstenite::Message;

    use super::{ColyseusSpeech, Move, ROOM_STATE_PATCH};
    use crate::rooms::speech::Speech;

    const MOVED: Move = Move { member: 41, x: 3.5, y: -1.0, sent_micros: 70_000 };

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let mut speech = ColyseusSpeech::default();
        let mut moves = Vec::new();
        let said = speech.said(&MOVED).unwrap();
        speech.heard(&said, &mut moves).unwrap();
        assert_eq!(moves, [MOVED]);
    }

    #[test]
    fn a_member_is_known_by_its_structure_afterwards() {
        let mut speech = ColyseusSpeech { list: Some(1), ..ColyseusSpeech::default() };
        let mut moves = Vec::new();
        let mut joined = vec![ROOM_STATE_PATCH, 255, 1, 128, 0, 0xa2, b'i', b'd', 2, 255, 2, 128];
        joined.extend(41_u32.to_le_bytes());
        speech.heard(&Message::binary(joined), &mut moves).unwrap();
        let mut changed = vec![ROOM_STATE_PATCH, 255, 2, 1];
        changed.extend(3.5_f32.to_le_bytes());
        changed.push(2);
        changed.extend((-1.0_f32).to_le_bytes());
        changed.push(3);
        changed.extend(70_000.0_f64.to_le_bytes());
        speech.heard(&Message::binary(changed), &mut moves).unwrap();
        assert_eq!(moves.last(), Some(&MOVED));
    }
}
