//! Covers: a world's slots are its author's, and a cover that is shown stays.

use spacetime_module::*;

use super::small_world;
use crate::world::{Actor, World, cover_of, uncover};

fn unbind(world: &World, actor: Actor, request: AssetEntityUnbindRequest) -> Result<AssetEntityBinding, DomainError> {
    world.call(actor, |ctx| unbind_asset_object_from_entity_and_return(ctx, None, request))
}

#[test]
fn nobody_fills_the_slots_of_anothers_world() {
    let world = World::new();
    let profile = world.create_world(Actor::Alice, "a");
    let entity_id = profile.world_id.to_string();
    let bobs = world.public(Actor::Bob, "bobs");
    let request = cover_of(&entity_id, bobs.asset_id);
    let refusal = world.refused(|world| world.bind(Actor::Bob, request.clone()));
    assert_eq!(refusal.code, DomainErrorCode::NotFound, "a draft is nobody else's business");
    let published = world.published(Actor::Alice, "b", &[]);
    let other = cover_of(&published.world_id.to_string(), bobs.asset_id);
    let refusal = world.refused(|world| world.bind(Actor::Bob, other));
    assert_eq!(refusal.code, DomainErrorCode::Forbidden);
    world.bind(Actor::Admin, request).expect("keepers bind for anyone");
    world.bind(Actor::Bob, cover_of(&entity_id.to_uppercase(), bobs.asset_id)).expect("another entity");
}

#[test]
fn everybody_reads_the_cover_of_a_published_world() {
    let world = World::new();
    let profile = world.published(Actor::Alice, "a", &[]);
    let shown = world.shown(profile.world_id).unwrap().cover_asset_id;
    for reader in [Actor::Bob, Actor::Stranger] {
        assert_eq!(world.read(reader, shown).unwrap().owner, Actor::Alice.identity(), "{reader:?}");
    }
}

#[test]
fn an_author_takes_back_a_slot_that_an_admin_has_filled() {
    let world = World::new();
    let profile = world.drafted(Actor::Alice, "a", small_world("a", &[]));
    let entity_id = profile.world_id.to_string();
    let (alices, bobs) = (world.public(Actor::Alice, "alices").asset_id, world.public(Actor::Bob, "bobs").asset_id);
    let put_bobs = || world.bind(Actor::Admin, cover_of(&entity_id, bobs)).unwrap().binding;
    put_bobs();
    let outcome = world.bind(Actor::Alice, cover_of(&entity_id, alices)).unwrap();
    assert_eq!((outcome.replaced_asset_id, outcome.binding.owner), (Some(bobs), Actor::Alice.identity()));
    let anothers = put_bobs();
    let refusal = world.refused(|world| unbind(world, Actor::Stranger, uncover(&entity_id)));
    assert_eq!(refusal.code, DomainErrorCode::NotFound, "neither its slot nor its asset");
    assert_eq!(unbind(&world, Actor::Alice, uncover(&entity_id)), Ok(anothers));
    put_bobs();
    unbind(&world, Actor::Bob, uncover(&entity_id)).expect("Bob still lets go of what is Bob's");
}

#[test]
fn a_shown_cover_cannot_be_deleted() {
    let world = World::new();
    let profile = world.published(Actor::Alice, "a", &[]);
    let entity_id = profile.world_id.to_string();
    let shown = world.shown(profile.world_id).unwrap().cover_asset_id;
    unbind(&world, Actor::Alice, uncover(&entity_id)).unwrap();
    assert_eq!(world.shown(profile.world_id).unwrap().cover_asset_id, shown);
    let refusal = world.refused(|world| world.delete(Actor::Alice, shown));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "{refusal}");
    let slot = |slot: &str| AssetEntityUnbindRequest { slot: slot.to_owned(), ..uncover(&entity_id) };
    for actor in [Actor::Alice, Actor::Bob, Actor::Admin] {
        let refusal = world.refused(|world| unbind(world, actor, slot("shown_cover")));
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
    }
    let new = world.public(Actor::Alice, "new");
    let into = AssetEntityBindingRequest { slot: "shown_cover".to_owned(), ..cover_of(&entity_id, new.asset_id) };
    let refusal = world.refused(|world| world.bind(Actor::Alice, into));
    assert_eq!(refusal.code, DomainErrorCode::Forbidden);

    world.bind(Actor::Alice, cover_of(&entity_id, new.asset_id)).unwrap();
    let publication = world.publish(Actor::Alice, profile.world_id).unwrap();
    assert_eq!(publication.gallery_entry.unwrap().cover_asset_id, new.asset_id);
    assert_eq!(publication.version.version, 1, "a new cover is no new content");
    world.delete(Actor::Alice, shown).expect("the old cover is free");
    world.unpublish(Actor::Alice, profile.world_id).unwrap();
    unbind(&world, Actor::Alice, uncover(&entity_id)).unwrap();
    world.delete(Actor::Alice, new.asset_id).expect("nothing shows it any more");
}

#[test]
fn a_dropped_world_lets_go_of_everything() {
    let world = World::new();
    let before = world.rows();
    let profile = world.drafted(Actor::Alice, "a", small_world("a", &[]));
    let start = CustomWorldSessionStart {
        idempotency_key: "s".to_owned(),
        world: CustomWorldSessionWorld::Existing(profile.world_id),
        brief: "A mill.".to_owned(),
    };
    world.reduce(Actor::Alice, |ctx| start_creation_session(ctx, start)).unwrap();
    let other = world.drafted(Actor::Alice, "other", small_world("other", &[]));
    let request = super::request_for(&world.get_world(Actor::Alice, profile.world_id).unwrap());
    let late = CustomWorldRequest { revision: request.revision + 1, ..request.clone() };
    let drop_it = |world: &World, actor, request: &CustomWorldRequest| {
        world.call(actor, |ctx| delete_custom_world_and_return(ctx, None, request.clone()))
    };
    let refusal = world.refused(|world| drop_it(world, Actor::Alice, &late));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)));
    let refusal = world.refused(|world| drop_it(world, Actor::Bob, &request));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
    drop_it(&world, Actor::Alice, &request).unwrap();
    let refusal = world.refused(|world| drop_it(world, Actor::Alice, &request));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
    assert_eq!(world.see(Actor::Alice, my_works), [world.get_world(Actor::Alice, other.world_id).unwrap()]);

    let rest = super::request_for(&other);
    world.reduce(Actor::Alice, |ctx| delete_custom_world(ctx, rest)).unwrap();
    let after = world.rows();
    for (table, rows) in &before {
        if !matches!(table.as_str(), "asset_object" | "request_record") {
            assert_eq!(&after[table], rows, "{table}");
        }
    }
}
