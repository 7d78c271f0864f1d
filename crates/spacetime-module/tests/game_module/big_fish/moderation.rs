//! Moderators hold games back, and let them go again.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::studio::{gallery, move_to, publish, published, unpublish};
use crate::world::{Actor, World, above, conflict, invalid};

fn hold(world: &World, actor: Actor, game_id: Uuid, reason: &str) -> Result<BigFishGame, DomainError> {
    let request = BigFishHold { game_id, reason: reason.to_owned() };
    world.call(actor, |ctx| hold_big_fish_game_and_return(ctx, None, request))
}

fn release(world: &World, actor: Actor, game_id: Uuid) -> Result<BigFishGame, DomainError> {
    world.call(actor, |ctx| release_big_fish_game_and_return(ctx, None, game_id))
}

#[test]
fn moderators_hold_a_game_back_until_they_release_it() {
    let world = World::new();
    let version = published(&world, Actor::Alice, "a");
    let hold = |world: &World, actor, reason: &str| {
        let request = BigFishHold { game_id: version.game_id, reason: reason.to_owned() };
        world.reduce(actor, |ctx| hold_big_fish_game(ctx, request))
    };
    for actor in [Actor::Alice, Actor::Operator, Actor::Service] {
        assert_eq!(world.refused(|world| hold(world, actor, "x")).code, DomainErrorCode::Forbidden, "{actor:?}");
    }
    assert_eq!(world.refused(|world| hold(world, Actor::Moderator, "")).code, invalid("reason"));
    assert_eq!(world.refused(|world| hold(world, Actor::Moderator, &"x".repeat(501))).code, above(500));
    hold(&world, Actor::Moderator, "a copied brand").unwrap();
    assert_eq!(gallery(&world), []);
    assert_eq!(world.see(Actor::Alice, my_fish_games)[0].held_reason.as_deref(), Some("a copied brand"));

    let session = world.see(Actor::Alice, my_fish_sessions).remove(0);
    let session = move_to(&world, Actor::Alice, &session, BigFishStage::Assets).unwrap();
    let session = move_to(&world, Actor::Alice, &session, BigFishStage::Review).unwrap();
    let refusal = world.refused(|world| publish(world, Actor::Alice, &session, "again"));
    assert_eq!(refusal.code, conflict("free to be published", "held back: a copied brand"));
    world.reduce(Actor::Admin, |ctx| release_big_fish_game(ctx, version.game_id)).unwrap();
    publish(&world, Actor::Alice, &session, "again").unwrap();
    assert_eq!(gallery(&world).len(), 1);
    let unknown = Uuid::from_u128(1);
    let refusal = world.refused(|world| world.reduce(Actor::Moderator, |ctx| release_big_fish_game(ctx, unknown)));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
}

#[test]
fn a_decision_is_answered_with_the_game_and_may_be_repeated() {
    let world = World::new();
    let game_id = published(&world, Actor::Alice, "a").game_id;
    let held = hold(&world, Actor::Moderator, game_id, "spam").unwrap();
    assert_eq!((held.status, held.held_reason.as_deref()), (BigFishGameStatus::Unpublished, Some("spam")));
    assert_eq!(world.see(Actor::Alice, my_fish_games), std::slice::from_ref(&held));
    world.advance(5);
    let before = world.rows();
    assert_eq!(hold(&world, Actor::Admin, game_id, "spam"), Ok(held));
    assert_eq!(world.rows(), before, "holding it again for the same reason changes nothing");
    assert_eq!(hold(&world, Actor::Admin, game_id, "much spam").unwrap().held_reason.as_deref(), Some("much spam"));

    let released = release(&world, Actor::Moderator, game_id).unwrap();
    assert_eq!((released.status, released.held_reason.clone()), (BigFishGameStatus::Unpublished, None));
    world.advance(5);
    let before = world.rows();
    assert_eq!(release(&world, Actor::Moderator, game_id), Ok(released));
    world.reduce(Actor::Moderator, |ctx| release_big_fish_game(ctx, game_id)).unwrap();
    assert_eq!(world.rows(), before, "releasing what is not held changes nothing");
}

#[test]
fn the_service_decides_about_games_for_moderators_alone() {
    let world = World::new();
    let game_id = published(&world, Actor::Alice, "a").game_id;
    for actor in [Actor::Alice, Actor::Bob, Actor::Service, Actor::Operator] {
        assert_eq!(
            world.refused(|world| hold(world, actor, game_id, "x")).code,
            DomainErrorCode::Forbidden,
            "{actor:?}"
        );
        assert_eq!(world.refused(|world| release(world, actor, game_id)).code, DomainErrorCode::Forbidden, "{actor:?}");
    }
    let named = |player: Actor| {
        let request = BigFishHold { game_id, reason: "spam".to_owned() };
        world.call(Actor::Service, |ctx| hold_big_fish_game_and_return(ctx, Some(player.identity()), request))
    };
    assert_eq!(world.refused(|_| named(Actor::Bob)).code, DomainErrorCode::Forbidden);
    unpublish(&world, Actor::Alice, game_id).unwrap();
    assert!(named(Actor::Moderator).is_ok(), "a game that is out of the gallery is held where it is");
}
