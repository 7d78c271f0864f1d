//! Filling and emptying the slots of a ladder.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::studio::{begun, fill, filled, ladder, laddered, move_to, publish, session_now, set_levels, shown};
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

/// Over the asset domain's own entry points, which know the entities of all domains.
#[test]
fn a_stranger_fills_no_slot_of_a_session_and_nobody_one_of_a_version() {
    let world = World::new();
    let session = filled(&world, Actor::Alice, "a");
    let bobs = shown(&world, Actor::Bob, "bobs");
    let slot_of = |entity_kind: &str, entity_id: Uuid, asset_id| AssetEntityBindingRequest {
        asset_id,
        entity_kind: entity_kind.to_owned(),
        entity_id: entity_id.to_string(),
        slot: "background".to_owned(),
    };
    let refusal = world.refused(|world| world.bind(Actor::Bob, slot_of("big_fish", session.session_id, bobs)));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
    let alices = shown(&world, Actor::Alice, "alices");
    world.bind(Actor::Alice, slot_of("big_fish", session.session_id, alices)).unwrap();

    let session = session_now(&world, Actor::Alice, session.session_id);
    let session = move_to(&world, Actor::Alice, &session, BigFishStage::Review).unwrap();
    let version = publish(&world, Actor::Alice, &session, "p").unwrap();
    for actor in [Actor::Alice, Actor::Bob, Actor::Admin] {
        let kept = AssetEntityUnbindRequest {
            entity_kind: "big_fish_version".to_owned(),
            entity_id: version.version_id.to_string(),
            slot: "background".to_owned(),
            asset_id: None,
        };
        let unbind =
            |world: &World| world.call(actor, |ctx| unbind_asset_object_from_entity_and_return(ctx, None, kept));
        assert_eq!(world.refused(unbind).code, DomainErrorCode::Forbidden, "{actor:?}");
        let refusal = world.refused(|world| world.bind(actor, slot_of("big_fish_version", version.version_id, alices)));
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
    }
}
