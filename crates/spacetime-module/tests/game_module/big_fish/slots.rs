//! Filling and emptying the slots of a ladder.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::studio::{begun, fill, filled, ladder, laddered, move_to, publish, set_levels, shown};
use crate::world::{Actor, World, conflict, invalid};

fn empty(
    world: &World,
    actor: Actor,
    session_id: Uuid,
    slot: &str,
    asset_id: Option<Uuid>,
) -> Result<AssetEntityBinding, DomainError> {
    let request = BigFishAssetUnbindRequest { session_id, slot: slot.to_owned(), asset_id };
    world.call(actor, |ctx| unbind_big_fish_asset_and_return(ctx, None, request))
}

#[test]
fn every_slot_of_the_ladder_is_listed() {
    let world = World::new();
    let session_id = laddered(&world, Actor::Alice, "a").session_id;
    let asset_id = shown(&world, Actor::Alice, "picture");
    fill(&world, Actor::Alice, session_id, "picture_cod", asset_id).unwrap();
    let list = |actor| world.call(actor, |ctx| list_big_fish_slots_and_return(ctx, None, session_id));
    let listed = list(Actor::Alice).unwrap();
    let slots: Vec<_> = listed.iter().map(|slot| (slot.slot.as_str(), slot.is_required, slot.asset_id)).collect();
    assert_eq!(
        slots,
        [
            ("picture_guppy", true, None),
            ("movement_guppy", true, None),
            ("picture_cod", true, Some(asset_id)),
            ("movement_cod", true, None),
            ("picture_shark", true, None),
            ("movement_shark", true, None),
            ("background", false, None),
        ]
    );
    assert_eq!(list(Actor::Bob).unwrap_err().code, DomainErrorCode::NotFound);
}

#[test]
fn a_slot_is_filled_refilled_and_emptied() {
    let world = World::new();
    let session_id = laddered(&world, Actor::Alice, "a").session_id;
    let (old, new) = (shown(&world, Actor::Alice, "old"), shown(&world, Actor::Alice, "new"));
    let first = fill(&world, Actor::Alice, session_id, "background", old).unwrap();
    assert_eq!(
        (first.binding.entity_kind.as_str(), first.binding.entity_id, first.replaced_asset_id),
        ("big_fish", session_id.to_string(), None)
    );
    let before = world.rows();
    fill(&world, Actor::Alice, session_id, "background", old).unwrap();
    assert_eq!(world.rows(), before, "again changes nothing");
    let second = fill(&world, Actor::Alice, session_id, "background", new).unwrap();
    assert_eq!(second.replaced_asset_id, Some(old));
    let refusal = world.refused(|world| empty(world, Actor::Alice, session_id, "background", Some(old)));
    assert_eq!(refusal.code, conflict(&new.to_string(), &old.to_string()));
    assert_eq!(empty(&world, Actor::Alice, session_id, "background", None), Ok(second.binding));
    let refusal = world.refused(|world| empty(world, Actor::Alice, session_id, "background", None));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
}

#[test]
fn only_slots_of_the_ladder_are_filled_and_only_in_their_stage() {
    let world = World::new();
    let asset_id = shown(&world, Actor::Alice, "a");
    let session = begun(&world, Actor::Alice, "a");
    let try_fill = |slot: &str| {
        let refused = world.refused(|world| fill(world, Actor::Alice, session.session_id, slot, asset_id));
        let same = world.refused(|world| empty(world, Actor::Alice, session.session_id, slot, None));
        assert_eq!(refused, same);
        refused.code
    };
    assert_eq!(try_fill("picture_cod"), invalid("slot"));
    assert_eq!(try_fill("background"), conflict("assets", "briefing"));
    let session_now = set_levels(&world, Actor::Alice, &session, ladder()).unwrap();
    assert_eq!(try_fill("picture_cod"), conflict("assets", "ladder"));
    move_to(&world, Actor::Alice, &session_now, BigFishStage::Assets).unwrap();
    for slot in ["", "picture_whale", "PICTURE_COD", &"x".repeat(100_000)] {
        assert_eq!(try_fill(slot), invalid("slot"));
    }
    let reviewed = move_to(&world, Actor::Alice, &filled(&world, Actor::Alice, "b"), BigFishStage::Review).unwrap();
    let refusal = world.refused(|world| fill(world, Actor::Alice, reviewed.session_id, "picture_cod", asset_id));
    assert_eq!(refusal.code, conflict("assets", "review"));
}

#[test]
fn only_own_confirmed_assets_that_players_can_see_fill_a_slot() {
    let world = World::new();
    let session_id = laddered(&world, Actor::Alice, "a").session_id;
    let refused = |actor, asset_id| world.refused(|world| fill(world, actor, session_id, "background", asset_id)).code;
    for (policy, name) in [(AssetAccessPolicy::Private, "private"), (AssetAccessPolicy::Signed, "signed")] {
        let hidden = world.confirmed_under(Actor::Alice, name, policy).asset_id;
        assert_eq!(refused(Actor::Alice, hidden), conflict("public", name));
    }
    let pending = world.pending(Actor::Alice, "pending").asset_id;
    assert_eq!(refused(Actor::Alice, pending), conflict("confirmed", "pending"));
    let bobs = world.public(Actor::Bob, "bobs").asset_id;
    assert_eq!(refused(Actor::Alice, bobs), DomainErrorCode::Forbidden);
    assert_eq!(refused(Actor::Bob, bobs), DomainErrorCode::NotFound, "the session is Alice's");
    assert_eq!(refused(Actor::Alice, Uuid::from_u128(1)), DomainErrorCode::NotFound);
    // An Admin may change Bob's assets, and would pin one for good by publishing it.
    let admins = laddered(&world, Actor::Admin, "admin").session_id;
    let refusal = world.refused(|world| fill(world, Actor::Admin, admins, "background", bobs));
    assert_eq!(refusal.code, DomainErrorCode::Forbidden);
}

#[test]
fn the_service_fills_and_empties_for_the_author() {
    let world = World::new();
    let session_id = laddered(&world, Actor::Alice, "a").session_id;
    let asset_id = shown(&world, Actor::Alice, "a");
    let named = Some(Actor::Alice.identity());
    let request = BigFishAssetBindingRequest { session_id, slot: "background".to_owned(), asset_id };
    world.call(Actor::Service, |ctx| bind_big_fish_asset_and_return(ctx, named, request.clone())).unwrap();
    let unbind = BigFishAssetUnbindRequest { session_id, slot: "background".to_owned(), asset_id: None };
    world.call(Actor::Service, |ctx| unbind_big_fish_asset_and_return(ctx, named, unbind.clone())).unwrap();
    world.reduce(Actor::Alice, |ctx| bind_big_fish_asset(ctx, request)).unwrap();
    world.reduce(Actor::Alice, |ctx| unbind_big_fish_asset(ctx, unbind)).unwrap();
    assert!(world.rows()["asset_entity_binding"].is_empty());
}

/// The asset domain's own entry points, which know the entities of all domains, but not the stage of a session.
#[test]
fn the_assets_own_calls_change_no_slot_of_a_session_or_a_version() {
    let world = World::new();
    let session = filled(&world, Actor::Alice, "a");
    let asset_id = shown(&world, Actor::Alice, "background");
    fill(&world, Actor::Alice, session.session_id, "background", asset_id).unwrap();
    check_kept(&world, "big_fish", session.session_id, asset_id);
    let session = move_to(&world, Actor::Alice, &session, BigFishStage::Review).unwrap();
    check_kept(&world, "big_fish", session.session_id, asset_id);
    let version = publish(&world, Actor::Alice, &session, "p").unwrap();
    check_kept(&world, "big_fish", session.session_id, asset_id);
    check_kept(&world, "big_fish_version", version.version_id, asset_id);
}

/// Sees that nobody changes what is behind the fish other than by the fish domain's calls.
#[track_caller]
fn check_kept(world: &World, entity_kind: &str, entity_id: Uuid, asset_id: Uuid) {
    let (entity_kind, entity_id, slot) = (entity_kind.to_owned(), entity_id.to_string(), "background".to_owned());
    let bind = AssetEntityBindingRequest { asset_id, entity_kind, entity_id, slot };
    let AssetEntityBindingRequest { entity_kind, entity_id, slot, .. } = bind.clone();
    let unbind = AssetEntityUnbindRequest { entity_kind, entity_id, slot, asset_id: None };
    for actor in [Actor::Alice, Actor::Bob, Actor::Service, Actor::Admin] {
        let refusal = world.refused(|world| world.bind(actor, bind.clone()));
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
        let refusal =
            world.refused(|world| world.reduce(actor, |ctx| unbind_asset_object_from_entity(ctx, unbind.clone())));
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
    }
}

/// An Admin could put anybody's asset there once.
#[test]
fn an_author_takes_anothers_asset_out_of_its_slots() {
    let world = World::new();
    let session_id = laddered(&world, Actor::Alice, "a").session_id;
    let (alices, bobs) = (shown(&world, Actor::Alice, "alices"), shown(&world, Actor::Bob, "bobs"));
    let binding = fill(&world, Actor::Alice, session_id, "background", alices).unwrap().binding;
    let put_bobs = || {
        let present = world.test.db.asset_entity_binding().asset_id().filter(alices).next().unwrap();
        let anothers = AssetEntityBinding { asset_id: bobs, owner: Actor::Bob.identity(), ..present };
        world.test.db.asset_entity_binding().binding_id().update(anothers)
    };
    put_bobs();
    let outcome = fill(&world, Actor::Alice, session_id, "background", alices).unwrap();
    assert_eq!((outcome.binding, outcome.replaced_asset_id), (binding, Some(bobs)));
    let anothers = put_bobs();
    assert_eq!(empty(&world, Actor::Alice, session_id, "background", None), Ok(anothers));
}
