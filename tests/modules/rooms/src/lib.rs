//! Benchmark module: rooms whose members see each other move.
//!
//! A member watches the positions of its own room (`SELECT * FROM position WHERE room = …`) and moves its own: at once
//! with `walk`, so that every move is a message to every member, or with `steer`, whose moves go out together with the
//! next tick. Nothing is done that the figures should not show.

#![expect(missing_docs, reason = "the engine's macros make a public type per function that cannot carry docs")]

use std::time::Duration;

use spacetimedb::{Identity, ReducerContext, ScheduleAt, Table, reducer, table};

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

/// Where a member has gone since the last tick, which nobody sees yet.
#[table(accessor = heading)]
pub struct Heading {
    /// Number of the member.
    #[primary_key]
    pub member: u32,
    /// Where it is, to the right.
    pub x: f32,
    /// Where it is, upwards.
    pub y: f32,
    /// When its client meant to send the move, in microseconds by the client's clock.
    pub sent_micros: u64,
}

/// When headings are published.
#[table(accessor = tick, scheduled(publish_headings))]
pub struct Tick {
    /// There is one.
    #[primary_key]
    pub id: u64,
    /// The engine's due time.
    pub scheduled_at: ScheduleAt,
}

/// Opens the rooms below `count` that do not exist yet.
#[reducer]
pub fn open_rooms(ctx: &ReducerContext, count: u32, seats: u32) {
    let rooms = ctx.db.room();
    for id in 0..count {
        rooms.id().insert_or_update(Room { id, seats });
    }
}

/// Publishes headings every so many milliseconds from now on.
#[reducer]
pub fn tick_every(ctx: &ReducerContext, millis: u64) {
    let scheduled_at = Duration::from_millis(millis).into();
    ctx.db.tick().id().insert_or_update(Tick { id: 0, scheduled_at });
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
    let position = own_position(ctx, member)?;
    ctx.db.position().member().update(Position { x, y, sent_micros, ..position });
    Ok(())
}

/// Moves a member with the next tick.
///
/// Errors: the member is not there, or is somebody else.
#[reducer]
pub fn steer(ctx: &ReducerContext, member: u32, x: f32, y: f32, sent_micros: u64) -> Result<(), &'static str> {
    own_position(ctx, member)?;
    ctx.db.heading().member().insert_or_update(Heading { member, x, y, sent_micros });
    Ok(())
}

/// Lets everybody see where members have gone.
#[reducer]
pub fn publish_headings(ctx: &ReducerContext, _tick: Tick) {
    let positions = ctx.db.position().member();
    for Heading { member, x, y, sent_micros } in ctx.db.heading().iter() {
        if let Some(position) = positions.find(member) {
            positions.update(Position { x, y, sent_micros, ..position });
        }
    }
    ctx.db.heading().clear();
}

fn own_position(ctx: &ReducerContext, member: u32) -> Result<Position, &'static str> {
    let position = ctx.db.position().member().find(member).ok_or("not_found: no such member")?;
    if position.player == ctx.sender() { Ok(position) } else { Err("forbidden: this is somebody else") }
}
