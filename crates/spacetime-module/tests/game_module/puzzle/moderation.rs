//! Moderators hold puzzles back, and let them go again.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::*;
use crate::world::{Actor, World, above, conflict, invalid};

fn hold(world: &World, actor: Actor, puzzle_id: Uuid, reason: &str) -> Result<PicturePuzzle, DomainError> {
    let request = PuzzleHold { puzzle_id, reason: reason.to_owned() };
    world.call(actor, |ctx| hold_puzzle_and_return(ctx, None, request))
}

fn release(world: &World, actor: Actor, puzzle_id: Uuid) -> Result<PicturePuzzle, DomainError> {
    world.call(actor, |ctx| release_puzzle_and_return(ctx, None, puzzle_id))
}

#[test]
fn a_held_puzzle_is_out_of_sight_until_it_is_released() {
    let world = World::new();
    let id = published(&world, Actor::Alice, "mill").puzzle_id;
    let run = begin(&world, Actor::Bob, "bobs", id).unwrap();
    let held = hold(&world, Actor::Moderator, id, "a copied picture").unwrap();
    assert_eq!((held.status, held.held_reason.as_deref()), (PuzzleStatus::Withdrawn, Some("a copied picture")));
    assert_eq!(gallery(&world), []);
    assert_eq!(world.see(Actor::Alice, my_puzzles), std::slice::from_ref(&held), "the author sees why");
    let next = begin(&world, Actor::Bob, "next", id);
    assert_eq!(next.unwrap_err().code, DomainErrorCode::NotFound);
    slide(&world, Actor::Bob, moves(&run, solution(&run))).unwrap();
    for actor in [Actor::Alice, Actor::Admin] {
        let refusal = world.refused(|world| publish(world, actor, id));
        assert_eq!(refusal.code, conflict("free to be published", "held back: a copied picture"), "{actor:?}");
    }

    let before = world.rows();
    assert_eq!(hold(&world, Actor::Admin, id, "a copied picture"), Ok(held));
    assert_eq!(world.rows(), before, "holding it again for the same reason changes nothing");
    let request = PuzzleHold { puzzle_id: id, reason: "two copied pictures".to_owned() };
    world.reduce(Actor::Admin, |ctx| hold_puzzle(ctx, request)).unwrap();
    assert_eq!(world.see(Actor::Alice, my_puzzles)[0].held_reason.as_deref(), Some("two copied pictures"));

    let released = release(&world, Actor::Moderator, id).unwrap();
    assert_eq!((released.status, released.held_reason.clone()), (PuzzleStatus::Withdrawn, None));
    let before = world.rows();
    assert_eq!(release(&world, Actor::Moderator, id), Ok(released));
    world.reduce(Actor::Moderator, |ctx| release_puzzle(ctx, id)).unwrap();
    assert_eq!(world.rows(), before);
    publish(&world, Actor::Alice, id).unwrap();
    assert_eq!(gallery(&world).len(), 1);
}

#[test]
fn a_withdrawn_puzzle_is_held_where_it_is() {
    let world = World::new();
    let id = published(&world, Actor::Alice, "mill").puzzle_id;
    unpublish(&world, Actor::Alice, id).unwrap();
    assert_eq!(hold(&world, Actor::Moderator, id, "spam").unwrap().status, PuzzleStatus::Withdrawn);
    let refusal = world.refused(|world| publish(world, Actor::Alice, id));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "{refusal}");
}

#[test]
fn only_moderators_decide_about_puzzles_and_only_about_what_was_shown() {
    let world = World::new();
    let id = published(&world, Actor::Alice, "mill").puzzle_id;
    for actor in [Actor::Alice, Actor::Bob, Actor::Service, Actor::Operator] {
        let refusal = world.refused(|world| hold(world, actor, id, "spam"));
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
        let refusal = world.refused(|world| release(world, actor, id));
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
    }
    let named = |player: Actor| {
        let request = PuzzleHold { puzzle_id: id, reason: "spam".to_owned() };
        world.call(Actor::Service, |ctx| hold_puzzle_and_return(ctx, Some(player.identity()), request))
    };
    assert_eq!(world.refused(|_| named(Actor::Bob)).code, DomainErrorCode::Forbidden);
    let draft = draft(&world, Actor::Alice, "draft").puzzle_id;
    let absent = world.refused(|world| hold(world, Actor::Moderator, Uuid::from_u128(1), "x"));
    assert_eq!(absent.code, DomainErrorCode::NotFound);
    assert_eq!(world.refused(|world| hold(world, Actor::Moderator, draft, "x")), absent);
    assert_eq!(world.refused(|world| release(world, Actor::Moderator, draft)), absent);
    for (reason, code) in [("", invalid("reason")), (" ", invalid("reason")), (&*"r".repeat(501), above(500))] {
        assert_eq!(world.refused(|world| hold(world, Actor::Moderator, id, reason)).code, code);
    }
    assert!(named(Actor::Moderator).is_ok(), "the Service acts for a Moderator");
}
