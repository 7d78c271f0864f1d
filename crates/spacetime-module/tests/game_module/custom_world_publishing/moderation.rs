//! Moderators hold worlds back, and let them go again.

use spacetime_module::*;
use spacetimedb::Uuid;

use crate::world::{Actor, World, above, check_same_rows, illegal, invalid};

fn about(world_id: Uuid, reason: &str) -> CustomWorldModerationRequest {
    CustomWorldModerationRequest { world_id, reason: reason.to_owned() }
}

fn hold(world: &World, actor: Actor, request: CustomWorldModerationRequest) -> Result<CustomWorldProfile, DomainError> {
    world.call(actor, |ctx| hold_world_and_return(ctx, None, request))
}

fn release(
    world: &World,
    actor: Actor,
    request: CustomWorldModerationRequest,
) -> Result<CustomWorldProfile, DomainError> {
    world.call(actor, |ctx| release_world_and_return(ctx, None, request))
}

#[test]
fn a_held_world_is_out_of_sight_until_it_is_released() {
    let world = World::new();
    let world_id = world.published(Actor::Alice, "a", &[]).world_id;
    let held = hold(&world, Actor::Moderator, about(world_id, "spam")).unwrap();
    assert_eq!((held.status, held.held_reason.as_deref()), (CustomWorldStatus::Unpublished, Some("spam")));
    assert_eq!(world.see(Actor::Alice, my_works), std::slice::from_ref(&held), "the author sees why");
    assert_eq!(world.refused(|world| world.shown(world_id)).code, DomainErrorCode::NotFound);
    let refusal = world.refused(|world| world.publish(Actor::Alice, world_id));
    assert!(matches!(&refusal.code, DomainErrorCode::Conflict(conflict) if conflict.actual.ends_with("spam")));

    let before = world.rows();
    assert_eq!(hold(&world, Actor::Admin, about(world_id, "spam")), Ok(held));
    assert_eq!(world.rows(), before, "holding it again for the same reason changes nothing");
    let worse = hold(&world, Actor::Admin, about(world_id, "much spam")).unwrap();
    assert_eq!(worse.held_reason.as_deref(), Some("much spam"));

    let released = release(&world, Actor::Moderator, about(world_id, "mended")).unwrap();
    assert_eq!((released.status, released.held_reason.clone()), (CustomWorldStatus::Unpublished, None));
    let before = world.rows();
    assert_eq!(release(&world, Actor::Moderator, about(world_id, "mended")), Ok(released));
    assert_eq!(world.rows(), before);
    assert_eq!(before["custom_world_moderation"].len(), 3, "each decision is on record");
    world.publish(Actor::Alice, world_id).unwrap();
}

#[test]
fn an_archived_world_is_held_where_it_is() {
    let world = World::new();
    let world_id = world.published(Actor::Alice, "a", &[]).world_id;
    let taken_back = world.unpublish(Actor::Alice, world_id).unwrap();
    let request = super::request_for(&taken_back);
    world.reduce(Actor::Alice, |ctx| archive_custom_world(ctx, request)).unwrap();
    let held = hold(&world, Actor::Moderator, about(world_id, "spam")).unwrap();
    assert_eq!((held.status, held.held_reason.as_deref()), (CustomWorldStatus::Archived, Some("spam")));
    let refusal = world.refused(|world| world.publish(Actor::Alice, world_id));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "{refusal}");
    release(&world, Actor::Moderator, about(world_id, "fine")).unwrap();
    let refusal = world.refused(|world| world.publish(Actor::Alice, world_id));
    assert_eq!(refusal.code, illegal("archived", "published"));
}

#[test]
fn only_moderators_decide_and_only_about_what_was_shown() {
    let world = World::new();
    let world_id = world.published(Actor::Alice, "a", &[]).world_id;
    for actor in [Actor::Alice, Actor::Bob, Actor::Service, Actor::Operator] {
        let refusal = world.refused(|world| hold(world, actor, about(world_id, "spam")));
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
        let refusal = world.refused(|world| release(world, actor, about(world_id, "spam")));
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
    }
    let named = |player: Actor| {
        let request = about(world_id, "spam");
        world.call(Actor::Service, |ctx| hold_world_and_return(ctx, Some(player.identity()), request))
    };
    assert_eq!(world.refused(|_| named(Actor::Bob)).code, DomainErrorCode::Forbidden);
    let draft = world.create_world(Actor::Alice, "draft").world_id;
    let absent = world.refused(|world| hold(world, Actor::Moderator, about(Uuid::from_random_bytes_v4([1; 16]), "x")));
    assert_eq!(absent.code, DomainErrorCode::NotFound);
    assert_eq!(world.refused(|world| hold(world, Actor::Moderator, about(draft, "x"))), absent);
    for (reason, code) in [("", invalid("reason")), (" ", invalid("reason")), (&*"r".repeat(1_001), above(1_000))] {
        assert_eq!(world.refused(|world| hold(world, Actor::Moderator, about(world_id, reason))).code, code);
    }
    assert!(named(Actor::Moderator).is_ok(), "the Service acts for a Moderator");
}

#[test]
fn the_reducers_do_what_the_procedures_do() {
    let published = |world: &World| about(world.published(Actor::Alice, "a", &[]).world_id, "spam");
    check_same_rows(
        published,
        |world, request| hold(world, Actor::Moderator, request.clone()),
        |world, request| world.reduce(Actor::Moderator, |ctx| hold_world(ctx, request.clone())),
    );
    let held = |world: &World| {
        let request = published(world);
        hold(world, Actor::Moderator, request.clone()).unwrap();
        request
    };
    check_same_rows(
        held,
        |world, request| release(world, Actor::Moderator, request.clone()),
        |world, request| world.reduce(Actor::Moderator, |ctx| release_world(ctx, request.clone())),
    );
}
