//! Worlds in their authors' libraries.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::{copying_of, creation, request_for, setting};
use crate::world::{Actor, World, above, check_same_rows, conflict, invalid};

fn rename(world: &World, actor: Actor, request: CustomWorldRenaming) -> Result<CustomWorldProfile, DomainError> {
    world.call(actor, |ctx| rename_custom_world_and_return(ctx, None, request))
}

fn archive(world: &World, actor: Actor, request: CustomWorldRequest) -> Result<CustomWorldProfile, DomainError> {
    world.call(actor, |ctx| archive_custom_world_and_return(ctx, None, request))
}

fn restore(world: &World, actor: Actor, request: CustomWorldRequest) -> Result<CustomWorldProfile, DomainError> {
    world.call(actor, |ctx| restore_custom_world_and_return(ctx, None, request))
}

fn renaming(profile: &CustomWorldProfile, title: &str) -> CustomWorldRenaming {
    let CustomWorldProfile { world_id, revision, .. } = *profile;
    CustomWorldRenaming { world_id, revision, title: title.to_owned(), tagline: "New.".to_owned() }
}

#[test]
fn a_new_world_is_an_empty_draft() {
    let world = World::new();
    let profile = world.create_world(Actor::Alice, "a");
    assert_eq!((profile.title.as_str(), profile.tagline.as_str()), ("World a", "Draft."));
    assert_eq!((profile.status, profile.current_version, profile.revision), (CustomWorldStatus::Draft, 0, 1));
    assert_eq!((profile.owner, profile.created_at), (Actor::Alice.identity(), world.now()));
    assert_eq!(world.get_world(Actor::Alice, profile.world_id), Ok(profile));
}

#[test]
fn making_it_again_returns_the_first() {
    let world = World::new();
    let first = world.create_world(Actor::Alice, "a");
    let before = world.rows();
    assert_eq!(world.create_world(Actor::Alice, "a"), first);
    world.reduce(Actor::Alice, |ctx| create_custom_world(ctx, creation("a"))).unwrap();
    assert_eq!(world.rows(), before);
    let other = CustomWorldCreation { title: "Other".to_owned(), ..creation("a") };
    let refusal =
        world.refused(|world| world.call(Actor::Alice, |ctx| create_custom_world_and_return(ctx, None, other)));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "{refusal}");
    assert_ne!(world.create_world(Actor::Bob, "a").world_id, first.world_id, "keys are each player's own");
}

#[test]
fn renaming_takes_the_present_revision() {
    let world = World::new();
    let profile = world.create_world(Actor::Alice, "a");
    world.advance(5);
    let renamed = rename(&world, Actor::Alice, renaming(&profile, "Mill")).unwrap();
    assert_eq!((renamed.title.as_str(), renamed.tagline.as_str(), renamed.revision), ("Mill", "New.", 2));
    assert_eq!(renamed.updated_at, world.now());
    let refusal = world.refused(|world| rename(world, Actor::Alice, renaming(&profile, "Late")));
    assert_eq!(refusal.code, conflict("2", "1"));
    let far = CustomWorldRenaming { revision: u64::MAX, ..renaming(&renamed, "Far") };
    let refusal = world.refused(|world| rename(world, Actor::Alice, far));
    assert_eq!(refusal.code, conflict("2", &u64::MAX.to_string()));
}

#[test]
fn texts_are_checked() {
    let world = World::new();
    let profile = world.create_world(Actor::Alice, "a");
    let good = renaming(&profile, "Mill");
    let cases = [
        (CustomWorldRenaming { title: String::new(), ..good.clone() }, invalid("title")),
        (CustomWorldRenaming { title: "a\0".to_owned(), ..good.clone() }, invalid("title")),
        (CustomWorldRenaming { title: "t".repeat(121), ..good.clone() }, above(120)),
        (CustomWorldRenaming { tagline: " ".to_owned(), ..good.clone() }, invalid("tagline")),
        (CustomWorldRenaming { tagline: "t".repeat(241), ..good.clone() }, above(240)),
    ];
    for (request, code) in cases {
        let new = CustomWorldCreation {
            idempotency_key: "k".to_owned(),
            title: request.title.clone(),
            tagline: request.tagline.clone(),
        };
        assert_eq!(world.refused(|world| rename(world, Actor::Alice, request)).code, code);
        let refusal =
            world.refused(|world| world.call(Actor::Alice, |ctx| create_custom_world_and_return(ctx, None, new)));
        assert_eq!(refusal.code, code);
    }
    for (key, code) in [("", invalid("idempotency_key")), ("a b", invalid("idempotency_key"))] {
        let new = CustomWorldCreation { idempotency_key: key.to_owned(), ..creation("b") };
        let refusal =
            world.refused(|world| world.call(Actor::Alice, |ctx| create_custom_world_and_return(ctx, None, new)));
        assert_eq!(refusal.code, code);
    }
}

#[test]
fn worlds_are_put_away_and_taken_out() {
    let world = World::new();
    let profile = world.create_world(Actor::Alice, "a");
    let refusal = world.refused(|world| {
        let late = CustomWorldRequest { revision: 9, ..request_for(&profile) };
        archive(world, Actor::Alice, late)
    });
    assert_eq!(refusal.code, conflict("1", "9"));
    let archived = archive(&world, Actor::Alice, request_for(&profile)).unwrap();
    assert_eq!((archived.status, archived.revision), (CustomWorldStatus::Archived, 2));
    assert_eq!(archive(&world, Actor::Alice, request_for(&archived)), Ok(archived.clone()), "it is there");
    let restored = restore(&world, Actor::Alice, request_for(&archived)).unwrap();
    assert_eq!((restored.status, restored.revision), (CustomWorldStatus::Draft, 3));
}

fn duplicate(world: &World, actor: Actor, request: CustomWorldCopying) -> Result<CustomWorldProfile, DomainError> {
    world.call(actor, |ctx| duplicate_custom_world_and_return(ctx, None, request))
}

#[test]
fn a_world_that_is_held_back_is_not_copied() {
    let world = World::new();
    let original = world.published(Actor::Alice, "a", &["x"]);
    let request = CustomWorldModerationRequest { world_id: original.world_id, reason: "spam".to_owned() };
    world.call(Actor::Moderator, |ctx| hold_world_and_return(ctx, None, request)).unwrap();
    let refusal = world.refused(|world| duplicate(world, Actor::Alice, copying_of(&original, "b")));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "{refusal}");
}

#[test]
fn a_copy_has_the_same_draft_and_a_life_of_its_own() {
    let world = World::new();
    let original = world.published(Actor::Alice, "a", &["x"]);
    let copy = duplicate(&world, Actor::Alice, copying_of(&original, "b")).unwrap();
    assert_eq!((copy.status, copy.current_version, copy.revision), (CustomWorldStatus::Draft, 0, 1));
    assert_eq!((copy.title.as_str(), &copy.tagline), ("Copy b", &original.tagline));
    let hash = |world_id| {
        let report = world.call(Actor::Alice, |ctx| compile_published_profile_and_return(ctx, None, world_id));
        report.unwrap().content_hash
    };
    assert_eq!(hash(copy.world_id), hash(original.world_id));
    let before = world.rows();
    assert_eq!(duplicate(&world, Actor::Alice, copying_of(&original, "b")), Ok(copy.clone()));
    world.reduce(Actor::Alice, |ctx| duplicate_custom_world(ctx, copying_of(&original, "b"))).unwrap();
    assert_eq!(world.rows(), before);
    world.put_card(Actor::Alice, copy.world_id, "setting", setting("Other", &[]));
    assert_ne!(hash(copy.world_id), hash(original.world_id));

    let bad = CustomWorldCopying { title: String::new(), ..copying_of(&original, "c") };
    assert_eq!(world.refused(|world| duplicate(world, Actor::Alice, bad)).code, invalid("title"));
    let other = CustomWorldCopying { title: "Other".to_owned(), ..copying_of(&original, "b") };
    let refusal = world.refused(|world| duplicate(world, Actor::Alice, other));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "{refusal}");
    let refusal = world.refused(|world| duplicate(world, Actor::Bob, copying_of(&original, "d")));
    assert_eq!(refusal.code, DomainErrorCode::Forbidden, "a published world is known");
    let refusal = world.refused(|world| duplicate(world, Actor::Bob, copying_of(&copy, "e")));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
}

#[test]
fn nobody_finds_anothers_draft() {
    let world = World::new();
    let profile = world.create_world(Actor::Alice, "a");
    let unknown = Uuid::from_random_bytes_v4([7; 16]);
    let absent = world.refused(|world| world.get_world(Actor::Bob, unknown));
    assert_eq!(absent.code, DomainErrorCode::NotFound);
    assert_eq!(world.refused(|world| world.get_world(Actor::Bob, profile.world_id)), absent);
    assert_eq!(world.refused(|world| rename(world, Actor::Bob, renaming(&profile, "Mine"))), absent);
    assert_eq!(world.refused(|world| archive(world, Actor::Bob, request_for(&profile))), absent);
    assert_eq!(world.refused(|world| restore(world, Actor::Bob, request_for(&profile))), absent);
}

#[test]
fn a_library_is_bounded() {
    let world = World::new();
    let limit = module_custom_world::WORLDS_PER_AUTHOR_MAX;
    for number in 0..limit {
        world.create_world(Actor::Alice, &number.to_string());
    }
    let refusal = world
        .refused(|world| world.call(Actor::Alice, |ctx| create_custom_world_and_return(ctx, None, creation("more"))));
    assert_eq!(refusal.code, above(limit));
    world.create_world(Actor::Bob, "first");
}

#[test]
fn a_closed_account_has_no_library() {
    let world = World::new();
    let profile = world.create_world(Actor::Alice, "a");
    world.reduce(Actor::Alice, close_account).unwrap();
    let refusal = world.refused(|world| world.get_world(Actor::Alice, profile.world_id));
    assert_eq!(refusal.code, DomainErrorCode::AccountClosed);
    let refusal = world.refused(|world| rename(world, Actor::Alice, renaming(&profile, "Mill")));
    assert_eq!(refusal.code, DomainErrorCode::AccountClosed);
}

#[test]
fn after_the_last_revision_there_is_a_limit_and_no_other_fault() {
    let world = World::new();
    let profile = world.create_world(Actor::Alice, "a");
    let last = CustomWorldProfile { revision: u64::MAX, ..profile };
    let stored = last.clone();
    world
        .reduce(Actor::Alice, |ctx| {
            ctx.db.custom_world_profile().world_id().update(stored);
            Ok(())
        })
        .unwrap();
    let refusal = world.refused(|world| rename(world, Actor::Alice, renaming(&last, "Other")));
    assert_eq!(refusal.code, above(u64::MAX));
}

#[test]
fn the_reducers_do_what_the_procedures_do() {
    let created = |world: &World| world.create_world(Actor::Alice, "a");
    check_same_rows(
        created,
        |world, profile| rename(world, Actor::Alice, renaming(profile, "Mill")),
        |world, profile| world.reduce(Actor::Alice, |ctx| rename_custom_world(ctx, renaming(profile, "Mill"))),
    );
    check_same_rows(
        |world| archive(world, Actor::Alice, request_for(&created(world))).unwrap(),
        |world, profile| restore(world, Actor::Alice, request_for(profile)),
        |world, profile| world.reduce(Actor::Alice, |ctx| restore_custom_world(ctx, request_for(profile))),
    );
    check_same_rows(
        |world| world.published(Actor::Alice, "a", &[]),
        |world, profile| world.unpublish(Actor::Alice, profile.world_id),
        |world, profile| world.reduce(Actor::Alice, |ctx| unpublish_world(ctx, request_for(profile))),
    );
}
