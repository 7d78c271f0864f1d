//! An event table: its rows reach subscribers and are never stored.

use spacetimedb::{Identity, ReducerContext, Table, Timestamp, reducer, table};

use crate::types::Corner;

/// Somebody saw an animal.
#[table(accessor = sighting, public, event)]
pub struct Sighting {
    pub observer: Identity,
    #[index(btree)]
    pub animal: String,
    pub place: Corner,
    pub seen_at: Timestamp,
}

/// Emits `count` sightings of an animal in one transaction, at places (0, 0), (1, 0), and so on.
#[reducer]
pub fn emit_sightings(ctx: &ReducerContext, animal: String, count: u16) {
    for x in 0..i32::from(count) {
        let place = Corner { x, y: 0 };
        let (observer, animal, seen_at) = (ctx.sender(), animal.clone(), ctx.timestamp);
        ctx.db.sighting().insert(Sighting { observer, animal, place, seen_at });
    }
}
