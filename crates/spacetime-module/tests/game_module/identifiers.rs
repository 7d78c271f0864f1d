//! Ids: UUIDs of version 7 that never collide.

use std::collections::BTreeSet;

use crate::world::{Actor, World};

#[test]
fn ids_are_of_version_seven() {
    let world = World::new();
    let asset_id = world.pending(Actor::Alice, "a").asset_id;
    assert_eq!(asset_id.get_version(), Some(spacetimedb::sats::uuid::Version::V7));
}

#[test]
fn two_calls_with_the_same_time_and_chance_get_different_ids() {
    let world = World::new();
    let mut ids = BTreeSet::new();
    for name in ["a", "b", "c", "d"] {
        // Two calls within one microsecond have the same seed on the real engine, too.
        world.test.rng.set_seed(7);
        ids.insert(world.pending(Actor::Alice, name).asset_id);
    }
    assert_eq!(ids.len(), 4);
}
