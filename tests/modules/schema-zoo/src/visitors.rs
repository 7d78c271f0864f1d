//! Lifecycle reducers: what happens at the first publish and when clients come and go; and what is known of a caller.

use spacetimedb::{
    ConnectionId, Identity, ProcedureContext, ReducerContext, Table, Timestamp, procedure, reducer, table,
};

use crate::animals::{Cage, cage};

/// A connection that is open now.
#[table(accessor = visitor, public)]
pub struct Visitor {
    #[primary_key]
    pub connection: ConnectionId,
    #[index(btree)]
    pub identity: Identity,
    pub arrived_at: Timestamp,
}

/// An identity that may not connect.
#[table(accessor = banned_visitor, private)]
pub struct BannedVisitor {
    #[primary_key]
    pub identity: Identity,
}

/// Sets up the first three cages.
#[reducer(init)]
fn open_zoo(ctx: &ReducerContext) {
    for (number, label) in (0..).zip(["north", "east", "south"]) {
        ctx.db.cage().insert(Cage { number, label: label.to_owned() });
    }
}

/// Lists the visitor, or refuses a banned one.
#[reducer(client_connected)]
fn visitor_arrived(ctx: &ReducerContext) -> Result<(), String> {
    let identity = ctx.sender();
    if ctx.db.banned_visitor().identity().find(identity).is_some() {
        return Err("This visitor is banned.".to_owned());
    }
    if let Some(connection) = ctx.connection_id() {
        ctx.db.visitor().insert(Visitor { connection, identity, arrived_at: ctx.timestamp });
    }
    Ok(())
}

/// Takes the visitor off the list.
#[reducer(client_disconnected)]
fn visitor_left(ctx: &ReducerContext) {
    if let Some(connection) = ctx.connection_id() {
        ctx.db.visitor().connection().delete(connection);
    }
}

/// Makes every later connection of the caller's identity be refused.
#[reducer]
pub fn ban_me(ctx: &ReducerContext) {
    let identity = ctx.sender();
    if ctx.db.banned_visitor().identity().find(identity).is_none() {
        ctx.db.banned_visitor().insert(BannedVisitor { identity });
    }
}

/// Lets an identity connect again.
#[reducer]
pub fn unban(ctx: &ReducerContext, identity: Identity) {
    ctx.db.banned_visitor().identity().delete(identity);
}

/// The claims of the caller's token as JSON, as this module sees them.
#[procedure]
pub fn caller_claims(ctx: &mut ProcedureContext) -> Option<String> {
    ctx.with_tx(|tx| tx.sender_auth().jwt().map(|claims| claims.raw_payload().to_owned()))
}
