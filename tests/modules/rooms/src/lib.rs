//! Benchmark module: rooms whose members see each other move.
//!
//! A member watches the positions of its own room (`SELECT * FROM position WHERE room = …`) and moves its own. Nothing
//! is done that the figures should not show.

#![expect(missing_docs, reason = "the engine's macros make a public type per function that cannot carry docs")]

use spacetimedb::{Identity, ReducerContext, reducer, table};

/// One room.
#[table(accessor = room, public)]
pub struct Room {
    /// Number of the room.
    #[primary_key]
    pub id: u32,
    /// How many members may be in it.
    pub seats: u32,
}

/// Where a member is.
#[table(accessor = position, public)]
pub struct Position {
    /// Number of the member, counted over all rooms.
    #[primary_key]
    pub member: u32,
    /// The member's room.
    #[index(btree)]
    pub room: u32,
    /// Where it is, to the right.
    pub x: f32,
    /// Where it is, upwards.
    pub y: f32,
    /// When its client meant to send the move, in microseconds by the client's clock.
    pub sent_micros: u64,
    /// Who may move it.
    pub player: Identity,
}

/// Opens the rooms below `count` that do not exist yet.
#[reducer]
pub fn open_rooms(ctx: &ReducerContext, count: u32, seats: u32) {
    let rooms = ctx.db.room();
    for id in 0..count {
        rooms.id().insert_or_update(Room { id, seats });
    }
}

/// Takes a seat in a room. Seats are numbered from zero; a seat belongs to whoever has taken it last.
///
/// Errors: there is no such room or seat.
#[reducer]
pub fn enter(ctx: &ReducerContext, room: u32, seat: u32) -> Result<(), &'static str> {
    let Room { id, seats } = ctx.db.room().id().find(room).ok_or("not_found: no such room")?;
    if seat >= seats {
        return Err("invalid_argument: no such seat");
    }
    let player = ctx.sender();
    let member = id * seats + seat;
    ctx.db.position().member().insert_or_update(Position { member, room, x: 0.0, y: 0.0, sent_micros: 0, player });
    Ok(())
}

/// Moves a member.
///
/// Errors: the member is not there, or is somebody else.
#[reducer]
pub fn walk(ctx: &ReducerContext, member: u32, x: f32, y: f32, sent_micros: u64) -> Result<(), &'static str> {
    let position = ctx.db.position().member().find(member).ok_or("not_found: no such member")?;
    if position.player != ctx.sender() {
        return Err("forbidden: this is somebody else");
    }
    ctx.db.position().member().update(Position { x, y, sent_micros, ..position });
    Ok(())
}
