//! The plain WebSocket server: bytes that it hands on as they are.

use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::Message;

use super::speech::{Move, Seat, Speech};
use crate::node::Socket;

/// What a member says to the server, and hears of the others.
pub struct PlainSpeech;

/// Connects to the room.
pub async fn enter(address: &str, seat: Seat) -> anyhow::Result<(Socket, PlainSpeech)> {
    let url = format!("ws://{address}/?room={}", seat.room);
    let (socket, _) = connect_async_with_config(url, None, true).await?;
    Ok((socket, PlainSpeech))
}

impl Speech for PlainSpeech {
    fn said(&mut self, moved: &Move) -> anyhow::Result<Message> {
        let mut bytes = Vec::with_capacity(20);
        bytes.extend(moved.member.to_le_bytes());
        bytes.extend(moved.x.to_le_bytes());
        bytes.extend(moved.y.to_le_bytes());
        bytes.extend(moved.sent_micros.to_le_bytes());
        Ok(Message::binary(bytes))
    }

    fn heard(&mut self, message: &Message, moves: &mut Vec<Move>) -> anyhow::Result<()> {
        let Message::Binary(bytes) = message else { return Ok(()) };
        moves.extend(read(bytes));
        Ok(())
    }
}

fn read(bytes: &[u8]) -> Option<Move> {
    let number = |offset: usize| -> Option<[u8; 4]> { bytes.get(offset..offset + 4)?.try_into().ok() };
    Some(Move {
        member: u32::from_le_bytes(number(0)?),
        x: f32::from_le_bytes(number(4)?),
        y: f32::from_le_bytes(number(8)?),
        sent_micros: u64::from_le_bytes(bytes.get(12..20)?.try_into().ok()?),
    })
}
