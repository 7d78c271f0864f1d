//! Binding assets to slots of entities.

use spacetime_module::*;
use spacetimedb::Uuid;

use crate::world::{Actor, World, above, conflict, cover_of, invalid, uncover};

fn unbind(world: &World, actor: Actor, request: AssetEntityUnbindRequest) -> Result<AssetEntityBinding, DomainError> {
    world.call(actor, |ctx| unbind_asset_object_from_entity_and_return(ctx, None, request))
}

#[test]
fn a_confirmed_asset_fills_an_empty_slot() {
    let world = World::new();
    let object = world.confirmed(Actor::Alice, "a");
    let outcome = world.bind(Actor::Alice, cover_of("w-1", object.asset_id)).unwrap();
    assert_eq!(outcome.replaced_asset_id, None);
    let binding = outcome.binding;
    assert_eq!(
        (binding.entity_kind.as_str(), binding.entity_id.as_str(), binding.slot.as_str()),
        ("world", "w-1", "cover")
    );
    assert_eq!(binding.asset_id, object.asset_id);
    assert_eq!(binding.owner, Actor::Alice.identity());
    assert_eq!(binding.bound_by, Actor::Alice.identity());
    assert_eq!(binding.bound_at, world.now());
}

#[test]
fn binding_again_changes_nothing() {
    let world = World::new();
    let object = world.confirmed(Actor::Alice, "a");
    let request = cover_of("w-1", object.asset_id);
    let first = world.bind(Actor::Alice, request.clone()).unwrap();
    let before = world.rows();
    world.advance(1_000);
    assert_eq!(world.bind(Actor::Alice, request.clone()), Ok(first));
    world.reduce(Actor::Alice, |ctx| bind_asset_object_to_entity(ctx, request)).unwrap();
    assert_eq!(world.rows(), before);
}

#[test]
fn rebinding_replaces_and_says_what_it_replaced() {
    let world = World::new();
    let old = world.confirmed(Actor::Alice, "old");
    let new = world.confirmed(Actor::Alice, "new");
    let first = world.bind(Actor::Alice, cover_of("w-1", old.asset_id)).unwrap();
    world.advance(9);
    let second = world.bind(Actor::Alice, cover_of("w-1", new.asset_id)).unwrap();
    assert_eq!(second.replaced_asset_id, Some(old.asset_id));
    let moved = AssetEntityBinding { asset_id: new.asset_id, bound_at: world.now(), ..first.binding };
    assert_eq!(second.binding, moved, "the slot keeps its binding's id");
    assert_eq!(world.see(Actor::Alice, my_asset_bindings), [moved]);
    assert!(world.delete(Actor::Alice, old.asset_id).is_ok(), "the old asset is free");
}

#[test]
fn each_part_of_the_slot_counts() {
    let world = World::new();
    let asset_id = world.confirmed(Actor::Alice, "a").asset_id;
    let cover = cover_of("w-1", asset_id);
    let slots = [
        cover.clone(),
        AssetEntityBindingRequest { entity_kind: "npc".to_owned(), ..cover.clone() },
        AssetEntityBindingRequest { entity_id: "w-2".to_owned(), ..cover.clone() },
        AssetEntityBindingRequest { slot: "icon".to_owned(), ..cover },
    ];
    for request in slots {
        assert_eq!(world.bind(Actor::Alice, request).unwrap().replaced_asset_id, None);
    }
    assert_eq!(world.see(Actor::Alice, my_asset_bindings).len(), 4);
}

#[test]
fn only_confirmed_assets_are_bound() {
    let world = World::new();
    let pending = world.pending(Actor::Alice, "a");
    let refusal = world.refused(|world| world.bind(Actor::Alice, cover_of("w", pending.asset_id)));
    assert_eq!(refusal.code, conflict("confirmed", "pending"));
    world.delete(Actor::Alice, pending.asset_id).unwrap();
    let refusal = world.refused(|world| world.bind(Actor::Alice, cover_of("w", pending.asset_id)));
    assert_eq!(refusal.code, conflict("confirmed", "deleted"));
}

#[test]
fn nobody_binds_or_displaces_anothers_asset() {
    let world = World::new();
    let private = world.confirmed(Actor::Alice, "a");
    let public = world.public(Actor::Alice, "b");
    let bobs = world.confirmed(Actor::Bob, "c");
    let absent = world.refused(|world| world.bind(Actor::Bob, cover_of("w", Uuid::from_u128(1))));
    let hidden = world.refused(|world| world.bind(Actor::Bob, cover_of("w", private.asset_id)));
    assert_eq!(hidden, absent, "a private asset looks like none");
    let refusal = world.refused(|world| world.bind(Actor::Bob, cover_of("w", public.asset_id)));
    assert_eq!(refusal.code, DomainErrorCode::Forbidden);

    world.bind(Actor::Alice, cover_of("w", private.asset_id)).unwrap();
    let refusal = world.refused(|world| world.bind(Actor::Bob, cover_of("w", bobs.asset_id)));
    assert_eq!(refusal.code, DomainErrorCode::Forbidden, "the slot is Alice's");
    let refusal = world.refused(|world| unbind(world, Actor::Bob, uncover("w")));
    let empty = world.refused(|world| unbind(world, Actor::Bob, uncover("nothing-here")));
    assert_eq!(refusal, empty, "a slot of another player's looks empty");
}

#[test]
fn keepers_bind_and_unbind_for_anyone() {
    let world = World::new();
    let alices = world.confirmed(Actor::Alice, "a");
    let bobs = world.confirmed(Actor::Bob, "b");
    world.bind(Actor::Alice, cover_of("w", alices.asset_id)).unwrap();
    let outcome = world.bind(Actor::Admin, cover_of("w", bobs.asset_id)).unwrap();
    assert_eq!(outcome.replaced_asset_id, Some(alices.asset_id));
    assert_eq!(outcome.binding.owner, Actor::Bob.identity(), "the slot goes with its asset");
    assert_eq!(outcome.binding.bound_by, Actor::Admin.identity());
    assert_eq!(unbind(&world, Actor::Service, uncover("w")), Ok(outcome.binding));
    assert!(world.rows()["asset_entity_binding"].is_empty());
}

#[test]
fn an_emptied_slot_is_empty() {
    let world = World::new();
    let object = world.confirmed(Actor::Alice, "a");
    let bound = world.bind(Actor::Alice, cover_of("w", object.asset_id)).unwrap().binding;
    assert_eq!(unbind(&world, Actor::Alice, uncover("w")), Ok(bound));
    let refusal = world.refused(|world| unbind(world, Actor::Alice, uncover("w")));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
}

#[test]
fn a_slot_is_emptied_only_of_the_asset_that_was_named() {
    let world = World::new();
    let old = world.confirmed(Actor::Alice, "old").asset_id;
    let new = world.confirmed(Actor::Alice, "new").asset_id;
    world.bind(Actor::Alice, cover_of("w", old)).unwrap();
    let bound = world.bind(Actor::Alice, cover_of("w", new)).unwrap().binding;
    let naming = |asset_id| AssetEntityUnbindRequest { asset_id: Some(asset_id), ..uncover("w") };
    let refusal = world.refused(|world| unbind(world, Actor::Alice, naming(old)));
    assert_eq!(refusal.code, conflict(&new.to_string(), &old.to_string()));
    let refusal = world.refused(|world| unbind(world, Actor::Bob, naming(old)));
    assert_eq!(refusal.code, DomainErrorCode::NotFound, "a stranger learns nothing of what is in it");
    assert_eq!(unbind(&world, Actor::Alice, naming(new)), Ok(bound));
}

#[test]
fn bad_slots_name_the_part_or_the_limit() {
    let world = World::new();
    let asset_id = world.confirmed(Actor::Alice, "a").asset_id;
    let good = uncover("w");
    let cases = [
        (AssetEntityUnbindRequest { entity_kind: "World".to_owned(), ..good.clone() }, invalid("entity_kind")),
        (AssetEntityUnbindRequest { entity_kind: "w".repeat(65), ..good.clone() }, above(64)),
        (AssetEntityUnbindRequest { entity_id: "a b".to_owned(), ..good.clone() }, invalid("entity_id")),
        (AssetEntityUnbindRequest { entity_id: "w".repeat(129), ..good.clone() }, above(128)),
        (AssetEntityUnbindRequest { slot: String::new(), ..good.clone() }, invalid("slot")),
        (AssetEntityUnbindRequest { slot: "s".repeat(65), ..good.clone() }, above(64)),
    ];
    for (request, code) in cases {
        let AssetEntityUnbindRequest { entity_kind, entity_id, slot, .. } = request.clone();
        let to_bind = AssetEntityBindingRequest { asset_id, entity_kind, entity_id, slot };
        assert_eq!(world.refused(|world| world.bind(Actor::Alice, to_bind)).code, code);
        assert_eq!(world.refused(|world| unbind(world, Actor::Alice, request)).code, code);
    }
}

#[test]
fn an_asset_fills_a_limited_number_of_slots() {
    let world = World::new();
    let asset_id = world.confirmed(Actor::Alice, "a").asset_id;
    let other = world.confirmed(Actor::Alice, "b").asset_id;
    let limit = module_assets::BINDINGS_PER_ASSET_MAX;
    for number in 0..limit {
        world.bind(Actor::Alice, cover_of(&number.to_string(), asset_id)).unwrap();
    }
    world.bind(Actor::Alice, cover_of("other", other)).unwrap();
    for place in ["empty", "other"] {
        let refusal = world.refused(|world| world.bind(Actor::Alice, cover_of(place, asset_id)));
        assert_eq!(refusal.code, above(limit), "{place}");
    }
}
