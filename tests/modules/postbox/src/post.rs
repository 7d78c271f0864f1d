//! Tables and reducers.

use spacetimedb::{Identity, ReducerContext, Table, Timestamp, reducer, table};

use crate::receiver;

/// A message on its way to another database.
#[table(accessor = outgoing, public, outbox(receiver::receive))]
pub struct Outgoing {
    #[primary_key]
    #[auto_inc]
    id: u64,
    #[target]
    target: receiver::Identity,
    body: String,
}

/// A message that arrived.
#[table(accessor = received, public)]
pub struct Received {
    #[primary_key]
    #[auto_inc]
    id: u64,
    sender: Identity,
    body: String,
    received_at: Timestamp,
}

/// What became of a message.
#[table(accessor = delivery, public)]
pub struct Delivery {
    #[primary_key]
    outgoing: u64,
    body: String,
    error: Option<String>,
}

/// Sends a message to another database.
#[reducer]
pub fn send(ctx: &ReducerContext, target: Identity, body: String) {
    ctx.db.outgoing().insert(Outgoing { id: 0, target: receiver::Identity(target), body });
}

/// Receives a message, from another database or from any client.
#[reducer]
pub fn receive(ctx: &ReducerContext, body: String) -> Result<(), String> {
    if body.starts_with("refuse") {
        return Err(format!("The message {body:?} is refused."));
    }
    ctx.db.received().insert(Received { id: 0, sender: ctx.sender(), body, received_at: ctx.timestamp });
    Ok(())
}

/// Records the outcome of a message. Private, because the outbox calls it.
#[reducer(on_result(outgoing))]
fn delivered(ctx: &ReducerContext, message: Outgoing, outcome: Result<(), String>) {
    ctx.db.delivery().insert(Delivery { outgoing: message.id, body: message.body, error: outcome.err() });
}
