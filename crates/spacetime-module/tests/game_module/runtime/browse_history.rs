//! What a player has looked at.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::id;
use crate::world::{Actor, World, above, invalid};

fn look_at(kind: BrowseKind, target_id: Uuid) -> UserBrowseHistoryRequest {
    UserBrowseHistoryRequest { kind, target_id, title: "The old mill".to_owned() }
}

fn look(world: &World, player: Actor, request: UserBrowseHistoryRequest) -> Result<UserBrowseHistory, DomainError> {
    world.call(player, |ctx| upsert_user_browse_history_and_return(ctx, None, request))
}

fn list(world: &World, player: Actor) -> Vec<UserBrowseHistory> {
    world.call(player, |ctx| list_user_browse_history_and_return(ctx, None)).unwrap()
}

#[test]
fn looking_again_moves_an_entry_to_the_front() {
    let world = World::new();
    let mill = look(&world, Actor::Alice, look_at(BrowseKind::World, id(1))).unwrap();
    assert_eq!((mill.visits, mill.visited_at), (1, world.now()));
    world.advance(1_000);
    let puzzle = look(&world, Actor::Alice, look_at(BrowseKind::Puzzle, id(1))).unwrap();
    assert_eq!(list(&world, Actor::Alice), [puzzle.clone(), mill.clone()], "the same id of another kind");
    world.advance(1_000);
    let request = UserBrowseHistoryRequest { title: "The new mill".to_owned(), ..look_at(BrowseKind::World, id(1)) };
    world.reduce(Actor::Alice, |ctx| upsert_user_browse_history(ctx, request)).unwrap();
    let moved = UserBrowseHistory { title: "The new mill".to_owned(), visits: 2, visited_at: world.now(), ..mill };
    assert_eq!(list(&world, Actor::Alice), [moved, puzzle]);
    assert_eq!(world.see(Actor::Alice, my_browse_history).len(), 2);
    assert_eq!(world.see(Actor::Bob, my_browse_history), []);
}

#[test]
fn the_newest_two_hundred_are_kept() {
    let world = World::new();
    let length = module_runtime::HISTORY_LENGTH_MAX;
    let target = |number: usize| Uuid::from_random_bytes_v4((number as u128 * 1_000_003).to_le_bytes());
    for number in 0..length {
        world.advance(1);
        look(&world, Actor::Alice, look_at(BrowseKind::World, target(number))).unwrap();
    }
    // The first is looked at again, so the second is now the least recent.
    world.advance(1);
    look(&world, Actor::Alice, look_at(BrowseKind::World, target(0))).unwrap();
    world.advance(1);
    look(&world, Actor::Alice, look_at(BrowseKind::BigFish, target(length))).unwrap();
    let kept = list(&world, Actor::Alice);
    assert_eq!(kept.len(), length);
    assert_eq!(kept[0].target_id, target(length));
    assert_eq!(kept[1].target_id, target(0));
    assert_eq!(kept[length - 1].target_id, target(2));
    assert!(kept.is_sorted_by(|one, next| one.visited_at > next.visited_at), "newest first");
}

#[test]
fn a_history_is_cleared_for_its_player_alone() {
    let world = World::new();
    for number in 1..=3 {
        look(&world, Actor::Alice, look_at(BrowseKind::World, id(number))).unwrap();
    }
    look(&world, Actor::Bob, look_at(BrowseKind::World, id(1))).unwrap();
    assert_eq!(world.call(Actor::Alice, |ctx| clear_user_browse_history_and_return(ctx, None)), Ok(3));
    assert_eq!(world.call(Actor::Alice, |ctx| clear_user_browse_history_and_return(ctx, None)), Ok(0));
    assert_eq!(list(&world, Actor::Alice), []);
    assert_eq!(list(&world, Actor::Bob).len(), 1);
    world.reduce(Actor::Bob, clear_user_browse_history).unwrap();
    assert_eq!(list(&world, Actor::Bob), []);
}

#[test]
fn bad_titles_are_refused() {
    let world = World::new();
    for (title, code) in
        [(String::new(), invalid("title")), ("a\0".to_owned(), invalid("title")), ("t".repeat(201), above(200))]
    {
        let request = UserBrowseHistoryRequest { title, ..look_at(BrowseKind::World, id(1)) };
        assert_eq!(world.refused(|world| look(world, Actor::Alice, request)).code, code);
    }
}
