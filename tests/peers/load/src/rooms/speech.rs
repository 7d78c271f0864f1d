//! What the systems speak, reduced to what a member of a room does.

use tokio_tungstenite::tungstenite::Message;

/// A member's place.
#[derive(Clone, Copy)]
pub struct Seat {
    /// Number of the room.
    pub room: u32,
    /// Number of the seat in it.
    pub seat: u32,
    /// Number of the member, counted over all rooms.
    pub member: u32,
}

/// A member has gone somewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Move {
    /// Who.
    pub member: u32,
    /// Where, to the right.
    pub x: f32,
    /// Where, upwards.
    pub y: f32,
    /// When it was due, by the clock of the run.
    pub sent_micros: u64,
}

/// How a member speaks to one system.
pub trait Speech {
    /// The message of a move.
    fn said(&mut self, moved: &Move) -> anyhow::Result<Message>;
    /// Hands on the moves in a message of the server.
    fn heard(&mut self, message: &Message, moves: &mut Vec<Move>) -> anyhow::Result<()>;
}
