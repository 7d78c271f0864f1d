//! Archives of saves.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::{archive, archive_of, dashboard, delete_save, differences, id, load, save, save_of, story_of};
use crate::world::{Actor, World, above, conflict, invalid};

fn restore(
    world: &World,
    player: Actor,
    archive_id: Uuid,
    slot: &str,
    expected_revision: u64,
) -> Result<RuntimeSnapshot, DomainError> {
    let request = ProfileSaveRestoration { archive_id, slot: slot.to_owned(), expected_revision };
    world.call(player, |ctx| restore_profile_save_archive_and_return(ctx, None, request))
}

fn get(world: &World, player: Actor, archive_id: Uuid) -> Result<ProfileSaveArchiveRecord, DomainError> {
    world.call(player, |ctx| get_profile_save_archive_and_return(ctx, None, archive_id))
}

fn delete(world: &World, player: Actor, archive_id: Uuid) -> Result<ProfileSaveArchive, DomainError> {
    world.call(player, |ctx| delete_profile_save_archive_and_return(ctx, None, archive_id))
}

#[test]
fn an_archive_outlives_its_save() {
    let world = World::new();
    let story = story_of(&world, Actor::Alice, 1);
    let saved = save(&world, Actor::Alice, save_of(&story, "auto", b"before", 0)).unwrap();
    world.advance(1_000);
    let kept = archive(&world, Actor::Alice, archive_of(story.world_id, "k")).unwrap();
    assert_eq!((kept.name.as_str(), kept.revision), ("Before the ball", 1));
    assert_eq!((kept.saved_at, kept.archived_at), (saved.saved_at, world.now()));
    assert_eq!((kept.version_id, kept.session_id, kept.event_number), (story.version_id, story.session_id, 2));
    save(&world, Actor::Alice, save_of(&story, "auto", b"after", 1)).unwrap();
    assert_eq!(get(&world, Actor::Alice, kept.archive_id).unwrap().payload, b"before");

    let stale = world.refused(|world| restore(world, Actor::Alice, kept.archive_id, "auto", 1));
    assert_eq!(stale.code, conflict("2", "1"));
    let restored = restore(&world, Actor::Alice, kept.archive_id, "auto", 2).unwrap();
    assert_eq!((restored.revision, restored.replaced_revision), (3, 2));
    assert_eq!((restored.checksum, restored.version_id), (saved.checksum, story.version_id));
    assert_eq!(load(&world, Actor::Alice, story.world_id, "auto").unwrap().payload, b"before");

    delete_save(&world, Actor::Alice, story.world_id, "auto", 3).unwrap();
    let elsewhere = ProfileSaveRestoration { archive_id: kept.archive_id, slot: "two".into(), expected_revision: 0 };
    world.reduce(Actor::Alice, |ctx| restore_profile_save_archive(ctx, elsewhere)).unwrap();
    assert_eq!(load(&world, Actor::Alice, story.world_id, "two").unwrap().payload, b"before");
    assert_eq!(world.see(Actor::Alice, my_save_archives), [kept], "it stays");
    assert_eq!(world.see(Actor::Bob, my_save_archives), []);
    assert_eq!(differences(&world, Actor::Alice), []);
}

#[test]
fn the_same_request_makes_one_archive() {
    let world = World::new();
    let story = story_of(&world, Actor::Alice, 1);
    save(&world, Actor::Alice, save_of(&story, "auto", b"one", 0)).unwrap();
    let request = archive_of(story.world_id, "k");
    let first = archive(&world, Actor::Alice, request.clone()).unwrap();
    let before = world.rows();
    world.advance(1_000);
    assert_eq!(archive(&world, Actor::Alice, request.clone()), Ok(first.clone()));
    world.reduce(Actor::Alice, |ctx| create_profile_save_archive(ctx, request.clone())).unwrap();
    assert_eq!(world.rows(), before);
    let other = ProfileSaveArchiveRequest { name: "Another".to_owned(), ..request.clone() };
    let refusal = world.refused(|world| archive(world, Actor::Alice, other));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "{refusal}");
    delete(&world, Actor::Alice, first.archive_id).unwrap();
    let gone = world.refused(|world| archive(world, Actor::Alice, request));
    assert_eq!(gone.code, DomainErrorCode::NotFound, "a late repetition does not bring it back");
}

#[test]
fn deleting_frees_the_bytes() {
    let world = World::new();
    let story = story_of(&world, Actor::Alice, 1);
    save(&world, Actor::Alice, save_of(&story, "auto", b"12345", 0)).unwrap();
    let first = archive(&world, Actor::Alice, archive_of(story.world_id, "k1")).unwrap();
    world.advance(1_000);
    let second = archive(&world, Actor::Alice, archive_of(story.world_id, "k2")).unwrap();
    let totals = dashboard(&world, Actor::Alice);
    assert_eq!((totals.snapshots, totals.archives, totals.saved_bytes), (1, 2, 15));
    let listed = world.call(Actor::Alice, |ctx| list_profile_save_archives_and_return(ctx, None)).unwrap();
    assert_eq!(listed, [second.clone(), first.clone()], "newest first");
    assert_eq!(delete(&world, Actor::Alice, first.archive_id), Ok(first.clone()));
    world.reduce(Actor::Alice, |ctx| delete_profile_save_archive(ctx, second.archive_id)).unwrap();
    let totals = dashboard(&world, Actor::Alice);
    assert_eq!((totals.snapshots, totals.archives, totals.saved_bytes), (1, 0, 5));
    let again = world.refused(|world| delete(world, Actor::Alice, first.archive_id));
    assert_eq!(again.code, DomainErrorCode::NotFound);
    assert_eq!(differences(&world, Actor::Alice), []);
}

#[test]
fn archives_of_others_are_not_found() {
    let world = World::new();
    let story = story_of(&world, Actor::Alice, 1);
    save(&world, Actor::Alice, save_of(&story, "auto", b"one", 0)).unwrap();
    let kept = archive(&world, Actor::Alice, archive_of(story.world_id, "k")).unwrap().archive_id;
    let refusals = [
        world.refused(|world| get(world, Actor::Bob, kept)),
        world.refused(|world| restore(world, Actor::Bob, kept, "auto", 0)),
        world.refused(|world| delete(world, Actor::Bob, kept)),
        world.refused(|world| get(world, Actor::Alice, id(9))),
        world.refused(|world| archive(world, Actor::Bob, archive_of(story.world_id, "k"))),
        world.refused(|world| archive(world, Actor::Alice, archive_of(id(9), "k2"))),
    ];
    for refusal in refusals {
        assert_eq!(refusal.code, DomainErrorCode::NotFound, "{refusal}");
    }
}

#[test]
fn bad_archives_name_the_field_or_the_limit() {
    let world = World::new();
    let story = story_of(&world, Actor::Alice, 1);
    save(&world, Actor::Alice, save_of(&story, "auto", b"one", 0)).unwrap();
    let good = archive_of(story.world_id, "k");
    let cases = [
        (ProfileSaveArchiveRequest { name: String::new(), ..good.clone() }, invalid("name")),
        (ProfileSaveArchiveRequest { name: "n".repeat(101), ..good.clone() }, above(100)),
        (ProfileSaveArchiveRequest { slot: "/".to_owned(), ..good.clone() }, invalid("slot")),
        (ProfileSaveArchiveRequest { slot: "s".repeat(33), ..good.clone() }, above(32)),
        (ProfileSaveArchiveRequest { idempotency_key: String::new(), ..good.clone() }, invalid("idempotency_key")),
        (ProfileSaveArchiveRequest { idempotency_key: "k".repeat(129), ..good.clone() }, above(128)),
    ];
    for (request, code) in cases {
        let refusal = world.refused(|world| archive(world, Actor::Alice, request));
        assert_eq!(refusal.code, code, "{refusal}");
    }
    let limit = module_runtime::ARCHIVES_MAX;
    for number in 0..limit {
        archive(&world, Actor::Alice, archive_of(story.world_id, &format!("k{number}"))).unwrap();
    }
    let refusal = world.refused(|world| archive(world, Actor::Alice, good));
    assert_eq!(refusal.code, above(u64::from(limit)));
    let kept = world.see(Actor::Alice, my_save_archives)[0].archive_id;
    for (slot, code) in [("", invalid("slot")), ("Slot", invalid("slot"))] {
        assert_eq!(world.refused(|world| restore(world, Actor::Alice, kept, slot, 0)).code, code);
    }
}
