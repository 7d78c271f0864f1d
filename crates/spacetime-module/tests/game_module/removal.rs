//! Deleting objects, listing what can be removed from the store, and forgetting it.

use spacetime_module::*;
use spacetimedb::Uuid;

use crate::world::{Actor, World, above, conflict, cover_of, invalid, uncover};

#[test]
fn pending_and_confirmed_objects_can_be_deleted() {
    let world = World::new();
    for object in [world.pending(Actor::Alice, "a"), world.confirmed(Actor::Alice, "b")] {
        world.advance(3);
        let deleted = world.delete(Actor::Alice, object.asset_id).unwrap();
        assert_eq!(deleted.status, AssetStatus::Deleted);
        assert_eq!(deleted.deleted_at, Some(world.now()));
        assert_eq!((deleted.expires_at, deleted.confirmed_at), (None, object.confirmed_at));
    }
    assert!(world.rows()["asset_upload_expiry"].is_empty(), "no timer is left behind");
}

#[test]
fn deleting_again_changes_nothing() {
    let world = World::new();
    let object = world.confirmed(Actor::Alice, "a");
    let deleted = world.delete(Actor::Alice, object.asset_id).unwrap();
    let before = world.rows();
    world.advance(1_000);
    assert_eq!(world.delete(Actor::Alice, object.asset_id), Ok(deleted));
    world.reduce(Actor::Alice, |ctx| delete_asset_object(ctx, object.asset_id)).unwrap();
    assert_eq!(world.rows(), before);
}

#[test]
fn a_bound_object_cannot_be_deleted() {
    let world = World::new();
    let object = world.confirmed(Actor::Alice, "a");
    world.bind(Actor::Alice, cover_of("w-1", object.asset_id)).unwrap();
    for actor in [Actor::Alice, Actor::Admin, Actor::Service] {
        let refusal = world.refused(|world| world.delete(actor, object.asset_id));
        assert_eq!(refusal.code, conflict("bound to nothing", "bound to world w-1, slot cover"));
    }
    world.reduce(Actor::Alice, |ctx| unbind_asset_object_from_entity(ctx, uncover("w-1"))).unwrap();
    assert!(world.delete(Actor::Alice, object.asset_id).is_ok());
}

#[test]
fn others_cannot_delete_and_learn_only_what_they_may_read() {
    let world = World::new();
    let private = world.confirmed(Actor::Alice, "a");
    let public = world.public(Actor::Alice, "b");
    let absent = world.refused(|world| world.delete(Actor::Bob, Uuid::from_u128(1)));
    let hidden = world.refused(|world| world.delete(Actor::Bob, private.asset_id));
    assert_eq!(hidden, absent, "a private object looks like none");
    let refusal = world.refused(|world| world.delete(Actor::Bob, public.asset_id));
    assert_eq!(refusal.code, DomainErrorCode::Forbidden);
    let refusal = world.refused(|world| world.delete(Actor::Moderator, private.asset_id));
    assert_eq!(refusal.code, DomainErrorCode::Forbidden, "a moderator looks and does not touch");
}

#[test]
fn keepers_delete_for_anyone() {
    let world = World::new();
    for (actor, name) in [(Actor::Service, "a"), (Actor::Admin, "b")] {
        let object = world.confirmed(Actor::Alice, name);
        assert!(world.delete(actor, object.asset_id).is_ok(), "{actor:?}");
    }
}

#[test]
fn the_listing_has_deleted_objects_only_up_to_the_limit() {
    let world = World::new();
    world.pending(Actor::Alice, "pending");
    world.confirmed(Actor::Alice, "confirmed");
    let mut deleted: Vec<_> = [(Actor::Alice, "a"), (Actor::Alice, "b"), (Actor::Bob, "c")]
        .map(|(player, name)| world.confirmed(player, name))
        .map(|object| world.delete(Actor::Service, object.asset_id).unwrap().asset_id)
        .into();
    let mut listed: Vec<_> = world.list_expired(500).unwrap().into_iter().map(|object| object.asset_id).collect();
    listed.sort();
    deleted.sort();
    assert_eq!(listed, deleted);
    assert_eq!(world.list_expired(2).unwrap().len(), 2);
}

#[test]
fn a_listing_has_a_length() {
    let world = World::new();
    assert_eq!(world.refused(|world| world.list_expired(0)).code, invalid("limit"));
    assert_eq!(world.refused(|world| world.list_expired(501)).code, above(500));
    assert_eq!(world.refused(|world| world.forget(&[])).code, invalid("asset_ids"));
    let too_many = vec![Uuid::from_u128(1); 501];
    assert_eq!(world.refused(|world| world.forget(&too_many)).code, above(500));
}

#[test]
fn forgetting_drops_deleted_rows_and_can_be_repeated() {
    let world = World::new();
    let object = world.confirmed(Actor::Alice, "a");
    world.delete(Actor::Alice, object.asset_id).unwrap();
    let ids = [object.asset_id, Uuid::from_u128(1)];
    assert_eq!(world.forget(&ids), Ok(vec![object.asset_id]));
    assert!(world.rows()["asset_object"].is_empty());
    assert_eq!(world.forget(&ids), Ok(vec![]));
}

#[test]
fn a_live_object_is_never_forgotten() {
    let world = World::new();
    let gone = world.confirmed(Actor::Alice, "gone");
    world.delete(Actor::Alice, gone.asset_id).unwrap();
    for live in [world.pending(Actor::Alice, "a"), world.confirmed(Actor::Alice, "b")] {
        let status = module_assets::Status::from(live.status).name();
        let refusal = world.refused(|world| world.forget(&[gone.asset_id, live.asset_id]));
        assert_eq!(refusal.code, conflict("deleted", status), "all or nothing");
    }
}
