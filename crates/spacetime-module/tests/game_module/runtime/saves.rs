//! Saves: two devices, one slot.

use spacetime_module::*;

use super::{dashboard, delete_save, differences, id, load, save, save_of, story_of};
use crate::world::{Actor, World, above, conflict, invalid};

#[test]
fn a_save_is_there_on_another_device() {
    let world = World::new();
    let story = story_of(&world, Actor::Alice, 1);
    let saved = save(&world, Actor::Alice, save_of(&story, "auto", b"once upon", 0)).unwrap();
    assert_eq!((saved.world_id, saved.version_id), (story.world_id, story.version_id), "the story says which");
    assert_eq!((saved.session_id, saved.event_number), (story.session_id, 2));
    assert_eq!((saved.revision, saved.replaced_revision, saved.byte_size), (1, 0, 9));
    let record = RuntimeSnapshotRecord { snapshot: saved.clone(), payload: b"once upon".to_vec() };
    assert_eq!(load(&world, Actor::Alice, story.world_id, "auto"), Ok(record));
    assert_eq!(world.see(Actor::Alice, my_snapshots), [saved]);
    assert_eq!(world.see(Actor::Bob, my_snapshots), []);
}

#[test]
fn a_device_that_has_not_seen_a_save_cannot_replace_it() {
    let world = World::new();
    let story = story_of(&world, Actor::Alice, 1);
    let attempt = |bytes: &[u8], seen: u64| {
        let request = save_of(&story, "auto", bytes, seen);
        move |world: &World| save(world, Actor::Alice, request)
    };
    let first = attempt(b"phone", 0)(&world).unwrap();
    assert_eq!(world.refused(attempt(b"tablet", 0)).code, conflict("1", "0"));
    assert_eq!(world.refused(attempt(b"tablet", u64::MAX)).code, conflict("1", &u64::MAX.to_string()));
    world.advance(1_000);
    let second = attempt(b"tablet", 1)(&world).unwrap();
    assert_eq!(second.snapshot_id, first.snapshot_id, "the slot keeps its id");
    assert_eq!((second.revision, second.replaced_revision), (2, 1));
    assert_eq!((second.created_at, second.saved_at), (first.created_at, world.now()));
    assert_eq!(world.refused(attempt(b"phone 2", 1)).code, conflict("2", "1"));
    assert_eq!(load(&world, Actor::Alice, story.world_id, "auto").unwrap().payload, b"tablet");
    let empty = world.refused(|world| save(world, Actor::Alice, save_of(&story, "two", b"x", 9)));
    assert_eq!(empty.code, conflict("0", "9"), "nothing is in this slot");
}

#[test]
fn a_save_whose_answer_was_lost_is_answered_again() {
    let world = World::new();
    let story = story_of(&world, Actor::Alice, 1);
    save(&world, Actor::Alice, save_of(&story, "auto", b"one", 0)).unwrap();
    let request = save_of(&story, "auto", b"two", 1);
    let answer = save(&world, Actor::Alice, request.clone());
    let before = world.rows();
    world.advance(1_000);
    assert_eq!(save(&world, Actor::Alice, request.clone()), answer);
    world.reduce(Actor::Alice, |ctx| upsert_runtime_snapshot(ctx, request.clone())).unwrap();
    assert_eq!(world.rows(), before);
    let otherwise = RuntimeSnapshotRequest { format_version: 3, ..request };
    assert_eq!(world.refused(|world| save(world, Actor::Alice, otherwise)).code, conflict("2", "1"));
}

#[test]
fn a_revision_never_comes_back() {
    let world = World::new();
    let story = story_of(&world, Actor::Alice, 1);
    save(&world, Actor::Alice, save_of(&story, "auto", b"one", 0)).unwrap();
    let stale = world.refused(|world| delete_save(world, Actor::Alice, story.world_id, "auto", 7));
    assert_eq!(stale.code, conflict("1", "7"));
    let deleted = delete_save(&world, Actor::Alice, story.world_id, "auto", 1).unwrap();
    assert_eq!(deleted.revision, 1);
    assert_eq!(save(&world, Actor::Alice, save_of(&story, "auto", b"two", 0)).unwrap().revision, 2);
    // A device that still shows the first save under revision 1.
    let refusal = world.refused(|world| save(world, Actor::Alice, save_of(&story, "auto", b"three", 1)));
    assert_eq!(refusal.code, conflict("2", "1"));
}

#[test]
fn slots_worlds_and_players_are_apart() {
    let world = World::new();
    let (mill, moor) = (story_of(&world, Actor::Alice, 1), story_of(&world, Actor::Alice, 2));
    let bobs = story_of(&world, Actor::Bob, 1);
    save(&world, Actor::Alice, save_of(&mill, "auto", b"mill", 0)).unwrap();
    save(&world, Actor::Alice, save_of(&mill, "two", b"mill two", 0)).unwrap();
    save(&world, Actor::Alice, save_of(&moor, "auto", b"moor", 0)).unwrap();
    save(&world, Actor::Bob, save_of(&bobs, "auto", b"bob", 0)).unwrap();
    let bytes = |player, world_id, slot| load(&world, player, world_id, slot).unwrap().payload;
    assert_eq!(bytes(Actor::Alice, mill.world_id, "auto"), b"mill");
    assert_eq!(bytes(Actor::Alice, mill.world_id, "two"), b"mill two");
    assert_eq!(bytes(Actor::Alice, moor.world_id, "auto"), b"moor");
    assert_eq!(bytes(Actor::Bob, mill.world_id, "auto"), b"bob");
    let listed = world.call(Actor::Alice, |ctx| list_runtime_snapshots_and_return(ctx, None)).unwrap();
    assert_eq!(listed.iter().map(|row| row.revision).collect::<Vec<_>>(), [3, 2, 1], "newest first");
    let deletion = RuntimeSnapshotDeletion { world_id: mill.world_id, slot: "two".to_owned(), expected_revision: 2 };
    world.reduce(Actor::Alice, |ctx| delete_runtime_snapshot(ctx, deletion)).unwrap();
    assert_eq!(world.see(Actor::Alice, my_snapshots).len(), 2);
    assert_eq!(world.see(Actor::Bob, my_snapshots).len(), 1);
}

#[test]
fn what_is_not_the_players_is_not_found() {
    let world = World::new();
    let story = story_of(&world, Actor::Alice, 1);
    save(&world, Actor::Alice, save_of(&story, "auto", b"one", 0)).unwrap();
    let unknown = StorySession { session_id: id(9), ..story.clone() };
    let refusals = [
        world.refused(|world| save(world, Actor::Bob, save_of(&story, "auto", b"one", 0))),
        world.refused(|world| save(world, Actor::Alice, save_of(&unknown, "auto", b"one", 0))),
        world.refused(|world| load(world, Actor::Bob, story.world_id, "auto")),
        world.refused(|world| load(world, Actor::Alice, story.world_id, "two")),
        world.refused(|world| load(world, Actor::Alice, id(9), "auto")),
        world.refused(|world| delete_save(world, Actor::Bob, story.world_id, "auto", 1)),
    ];
    for refusal in refusals {
        assert_eq!(refusal.code, DomainErrorCode::NotFound, "{refusal}");
    }
}

#[test]
fn bad_saves_name_the_field_or_the_limit() {
    let world = World::new();
    let story = story_of(&world, Actor::Alice, 1);
    let good = save_of(&story, "auto", b"abc", 0);
    let large = vec![7; 1024 * 1024 + 1];
    let digest = module_runtime::digest_of(b"abc");
    let cases = [
        (RuntimeSnapshotRequest { slot: String::new(), ..good.clone() }, invalid("slot")),
        (RuntimeSnapshotRequest { slot: "Slot 1".to_owned(), ..good.clone() }, invalid("slot")),
        (RuntimeSnapshotRequest { slot: "s".repeat(33), ..good.clone() }, above(32)),
        (RuntimeSnapshotRequest { format_version: 0, ..good.clone() }, invalid("format_version")),
        (RuntimeSnapshotRequest { payload: Vec::new(), ..good.clone() }, invalid("payload")),
        (save_of(&story, "auto", &large, 0), above(1024 * 1024)),
        (RuntimeSnapshotRequest { checksum: String::new(), ..good.clone() }, invalid("checksum")),
        (RuntimeSnapshotRequest { checksum: "g".repeat(64), ..good.clone() }, invalid("checksum")),
        (RuntimeSnapshotRequest { checksum: "0".repeat(65), ..good.clone() }, above(64)),
        (RuntimeSnapshotRequest { checksum: "0".repeat(64), ..good.clone() }, conflict(&digest, &"0".repeat(64))),
    ];
    for (request, code) in cases {
        let refusal = world.refused(|world| save(world, Actor::Alice, request));
        assert_eq!(refusal.code, code, "{refusal}");
    }
    let greatest = RuntimeSnapshotRequest { format_version: u32::MAX, ..good };
    assert!(save(&world, Actor::Alice, greatest).is_ok());
}

#[test]
fn saves_are_limited_in_number_and_in_bytes() {
    let world = World::new();
    let story = story_of(&world, Actor::Alice, 1);
    let full = vec![7; module_runtime::PAYLOAD_BYTES_MAX as usize];
    for number in 0..32 {
        save(&world, Actor::Alice, save_of(&story, &format!("full-{number}"), &full, 0)).unwrap();
    }
    let one_more = |world: &World| save(world, Actor::Alice, save_of(&story, "more", b"x", 0));
    assert_eq!(world.refused(one_more).code, above(module_runtime::SAVED_BYTES_MAX));
    for number in 0..32 {
        let seen = number + 1;
        save(&world, Actor::Alice, save_of(&story, &format!("full-{number}"), b"small", seen)).unwrap();
    }
    for number in 32..module_runtime::SNAPSHOTS_MAX {
        save(&world, Actor::Alice, save_of(&story, &format!("small-{number}"), b"small", 0)).unwrap();
    }
    assert_eq!(world.refused(one_more).code, above(u64::from(module_runtime::SNAPSHOTS_MAX)));
    let totals = dashboard(&world, Actor::Alice);
    assert_eq!((totals.snapshots, totals.saved_bytes, totals.last_revision), (100, 500, 132));
    assert_eq!(differences(&world, Actor::Alice), []);
    let bobs = story_of(&world, Actor::Bob, 1);
    assert!(save(&world, Actor::Bob, save_of(&bobs, "auto", b"x", 0)).is_ok(), "each player has its own");
}
