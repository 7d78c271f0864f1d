//! Saves and their archives: two devices and one slot.

use spacetimedb_sdk::Table;
use worldloom_client::{
    DomainErrorCode, MyDashboardTableAccess, MySaveArchivesTableAccess, MySnapshotsTableAccess,
    ProfileSaveArchiveRequest, ProfileSaveRestoration, RemoteTables, RuntimeSnapshotDeletion, RuntimeSnapshotRequest,
    RuntimeSnapshotSlot, StorySession, create_profile_save_archive, create_profile_save_archive_and_return,
    delete_profile_save_archive, delete_runtime_snapshot, delete_runtime_snapshot_and_return,
    get_profile_save_archive_and_return, get_runtime_snapshot_and_return, restore_profile_save_archive,
    restore_profile_save_archive_and_return, upsert_runtime_snapshot, upsert_runtime_snapshot_and_return,
};
use worldloom_tests::facade::sha256;
use worldloom_tests::refusals::conflict;
use worldloom_tests::{Outcome, Player, ask, done, expect_refused, reduce, refusal};

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn no_device_overwrites_a_save_that_it_has_not_seen() -> Outcome {
    let scene = Scene::open().await?;
    let tablet = scene.device_of(&scene.alice).await?;
    let Scene { alice: phone, bob, world, studio, .. } = scene;
    let story = phone.begin_story(world.world_id).await?;
    let first = save(&story, b"on the phone", 0);
    done(reduce!(phone, upsert_runtime_snapshot_then(first.clone())))?;
    let saved = tablet.sees("the save", |rows| rows.my_snapshots().iter().next()).await?;
    assert_eq!((saved.revision, saved.version_id, saved.event_number), (1, world.version_id, 1));
    let record = ask!(tablet, get_runtime_snapshot_and_return_then(None, slot_of(&story)))?;
    assert_eq!((&record.snapshot, &record.payload[..]), (&saved, &b"on the phone"[..]));

    let second = save(&story, b"on the tablet", 1);
    let replaced = ask!(tablet, upsert_runtime_snapshot_and_return_then(None, second.clone()))?;
    assert_eq!((replaced.revision, replaced.replaced_revision, replaced.snapshot_id), (2, 1, saved.snapshot_id));
    let stale = save(&story, b"on the phone again", 1);
    let refused = refusal(ask!(phone, upsert_runtime_snapshot_and_return_then(None, stale.clone())))?;
    assert_eq!(refused.code, conflict("2", "1"));
    expect_refused(reduce!(phone, upsert_runtime_snapshot_then(stale)), "conflict")?;
    assert_eq!(ask!(tablet, upsert_runtime_snapshot_and_return_then(None, second))?, replaced, "a lost answer");
    let forged = RuntimeSnapshotRequest { checksum: sha256(b"other bytes"), ..save(&story, b"bytes", 2) };
    let refused = refusal(ask!(phone, upsert_runtime_snapshot_and_return_then(None, forged)))?;
    assert_eq!(refused.code, conflict(&sha256(b"bytes"), &sha256(b"other bytes")));

    let refused = refusal(ask!(bob, upsert_runtime_snapshot_and_return_then(None, save(&story, b"bob", 0))))?;
    assert_eq!(refused.code, DomainErrorCode::NotFound, "another player's story");
    let refused = refusal(ask!(bob, get_runtime_snapshot_and_return_then(None, slot_of(&story))))?;
    assert_eq!((refused.code, bob.rows().my_snapshots().count()), (DomainErrorCode::NotFound, 0));

    // The phone comes back with nothing but its token and finds what the tablet saved.
    let account = phone.leave();
    let phone = Player::join_as(&studio.database, account).await?;
    assert_eq!(phone.rows().my_snapshots().iter().collect::<Vec<_>>(), [replaced]);
    let record = ask!(phone, get_runtime_snapshot_and_return_then(None, slot_of(&story)))?;
    assert_eq!(record.payload, b"on the tablet");

    let deletion = |expected_revision| RuntimeSnapshotDeletion {
        world_id: story.world_id,
        slot: "auto".to_owned(),
        expected_revision,
    };
    let refused = refusal(ask!(phone, delete_runtime_snapshot_and_return_then(None, deletion(1))))?;
    assert_eq!(refused.code, conflict("2", "1"));
    done(reduce!(phone, delete_runtime_snapshot_then(deletion(2))))?;
    let emptied = |rows: &RemoteTables| (rows.my_snapshots().count() == 0).then_some(());
    tablet.sees("the empty slot", emptied).await?;
    let anew = ask!(tablet, upsert_runtime_snapshot_and_return_then(None, save(&story, b"anew", 0)))?;
    assert_eq!(anew.revision, 3, "no revision comes back");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_outlives_its_save() -> Outcome {
    let scene = Scene::open().await?;
    let (alice, bob) = (&scene.alice, &scene.bob);
    let story = alice.begin_story(scene.world.world_id).await?;
    ask!(alice, upsert_runtime_snapshot_and_return_then(None, save(&story, b"before", 0)))?;
    let request = ProfileSaveArchiveRequest {
        idempotency_key: "before-the-ball".to_owned(),
        world_id: story.world_id,
        slot: "auto".to_owned(),
        name: "Before the ball".to_owned(),
    };
    done(reduce!(alice, create_profile_save_archive_then(request.clone())))?;
    let archive = alice.sees("the archive", |rows| rows.my_save_archives().iter().next()).await?;
    assert_eq!((archive.name.as_str(), archive.revision), ("Before the ball", 1));
    assert_eq!(ask!(alice, create_profile_save_archive_and_return_then(None, request))?, archive, "made once");

    ask!(alice, upsert_runtime_snapshot_and_return_then(None, save(&story, b"after", 1)))?;
    let restoration = |slot: &str, expected_revision| ProfileSaveRestoration {
        archive_id: archive.archive_id,
        slot: slot.to_owned(),
        expected_revision,
    };
    let refused = refusal(ask!(alice, restore_profile_save_archive_and_return_then(None, restoration("auto", 1))))?;
    assert_eq!(refused.code, conflict("2", "1"), "a restored save overwrites nothing unseen either");
    done(reduce!(alice, restore_profile_save_archive_then(restoration("auto", 2))))?;
    let restored = |rows: &RemoteTables| rows.my_snapshots().iter().find(|save| save.revision == 3);
    let restored = alice.sees("the restored save", restored).await?;
    assert_eq!((restored.version_id, &restored.checksum), (story.version_id, &archive.checksum));
    let record = ask!(alice, get_runtime_snapshot_and_return_then(None, slot_of(&story)))?;
    assert_eq!(record.payload, b"before");
    ask!(alice, restore_profile_save_archive_and_return_then(None, restoration("two", 0)))?;

    let totals = |rows: &RemoteTables| rows.my_dashboard().iter().find(|row| row.snapshots == 2);
    let totals = alice.sees("the totals", totals).await?;
    assert_eq!((totals.archives, totals.saved_bytes, totals.last_revision), (1, 18, 4));
    let refused = refusal(ask!(bob, get_profile_save_archive_and_return_then(None, archive.archive_id)))?;
    assert_eq!(refused.code, DomainErrorCode::NotFound);
    assert_eq!((bob.rows().my_save_archives().count(), bob.rows().my_dashboard().count()), (0, 0));

    done(reduce!(alice, delete_profile_save_archive_then(archive.archive_id)))?;
    let gone = |rows: &RemoteTables| (rows.my_save_archives().count() == 0).then_some(());
    alice.sees("no archive", gone).await?;
    let refused = refusal(ask!(alice, get_profile_save_archive_and_return_then(None, archive.archive_id)))?;
    assert_eq!((refused.code, alice.rows().my_snapshots().count()), (DomainErrorCode::NotFound, 2));
    Ok(())
}

/// A save of `bytes` by a device that has seen this revision of the slot.
fn save(story: &StorySession, bytes: &[u8], expected_revision: u64) -> RuntimeSnapshotRequest {
    RuntimeSnapshotRequest {
        session_id: story.session_id,
        slot: "auto".to_owned(),
        format_version: 1,
        checksum: sha256(bytes),
        payload: bytes.to_vec(),
        expected_revision,
    }
}

fn slot_of(story: &StorySession) -> RuntimeSnapshotSlot {
    RuntimeSnapshotSlot { world_id: story.world_id, slot: "auto".to_owned() }
}
