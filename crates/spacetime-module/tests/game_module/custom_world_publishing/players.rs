//! Players of worlds: counted once each, and the most played first.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use spacetime_module::*;
use spacetimedb::Uuid;

use crate::story::begin_as;
use crate::world::{Actor, World};

const PLAYERS: [Actor; 6] =
    [Actor::Alice, Actor::Bob, Actor::Stranger, Actor::Moderator, Actor::Operator, Actor::Admin];

/// The most played worlds with their players, page by page.
fn most_played(world: &World, length: u32) -> Vec<(Uuid, u64)> {
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let request = CustomWorldPageRequest { cursor, length };
        let page = world.call(Actor::Bob, |ctx| list_most_played_worlds_and_return(ctx, request)).unwrap();
        found.extend(page.worlds.into_iter().map(|entry| (entry.world_id, entry.players)));
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => return found,
        }
    }
}

#[test]
fn a_player_counts_once() {
    let world = World::new();
    let one = world.published(Actor::Alice, "one", &[]).world_id;
    let two = world.published(Actor::Alice, "two", &[]).world_id;
    begin_as(&world, Actor::Bob, two, "first").unwrap();
    begin_as(&world, Actor::Bob, two, "second").unwrap();
    assert_eq!(most_played(&world, 10), [(two, 1), (one, 0)]);
    begin_as(&world, Actor::Bob, one, "third").unwrap();
    begin_as(&world, Actor::Alice, one, "own").unwrap();
    assert_eq!(most_played(&world, 10), [(one, 2), (two, 1)]);
    assert_eq!(world.shown(one).unwrap().players, 2);
    world.unpublish(Actor::Alice, one).unwrap();
    assert_eq!(most_played(&world, 1), [(two, 1)]);
    world.publish(Actor::Alice, one).unwrap();
    assert_eq!(most_played(&world, 1), [(one, 2), (two, 1)], "it comes back to its place");
}

/// What a player does about a world.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Begin,
    Like,
    Unlike,
}

fn step() -> impl Strategy<Value = (usize, usize, Deed)> {
    let deed = prop_oneof![2 => Just(Deed::Begin), 2 => Just(Deed::Like), 1 => Just(Deed::Unlike)];
    (0..PLAYERS.len(), 0..4_usize, deed)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Whatever players do, the counts are those of the rows behind them, and the order is right.
    #[test]
    fn counts_stay_in_step(steps in prop::collection::vec(step(), 1..40), length in 1..6_u32) {
        let world = World::new();
        let ids: Vec<_> = (0..4).map(|name| world.published(Actor::Alice, &name.to_string(), &[]).world_id).collect();
        let mut players: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut likers = players.clone();
        for (number, (player, at, deed)) in steps.into_iter().enumerate() {
            let (actor, world_id) = (PLAYERS[player], ids[at]);
            match deed {
                Deed::Begin => {
                    begin_as(&world, actor, world_id, &number.to_string()).unwrap();
                    players.entry(at).or_default().insert(player);
                }
                Deed::Like => {
                    world.reduce(actor, |ctx| like_world(ctx, world_id)).unwrap();
                    likers.entry(at).or_default().insert(player);
                }
                Deed::Unlike => {
                    world.reduce(actor, |ctx| unlike_world(ctx, world_id)).unwrap();
                    likers.entry(at).or_default().remove(&player);
                }
            }
        }
        for (at, world_id) in ids.iter().enumerate() {
            let entry = world.shown(*world_id).unwrap();
            prop_assert_eq!(entry.players, players.get(&at).map_or(0, |players| players.len() as u64));
            prop_assert_eq!(entry.likes, likers.get(&at).map_or(0, |likers| likers.len() as u64));
        }
        let liked: usize = PLAYERS.iter().map(|player| world.see(*player, my_likes).len()).sum();
        prop_assert_eq!(liked, likers.values().map(BTreeSet::len).sum::<usize>());
        let ranked = most_played(&world, length);
        prop_assert_eq!(ranked.len(), ids.len());
        prop_assert!(ranked.is_sorted_by_key(|(_, players)| std::cmp::Reverse(*players)));
    }
}
