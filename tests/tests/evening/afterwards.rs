//! After the author has published again: who began in the first version stays in it.

use anyhow::ensure;
use spacetimedb_sdk::Table;
use worldloom_client::{
    BattleStatus, CustomWorldEntryQuery, CustomWorldPublication, DomainErrorCode, MyDashboardTableAccess,
    MySaveArchivesTableAccess, MySnapshotsTableAccess, MyStoryEventsTableAccess, MyStorySessionsTableAccess,
    ProfileSaveArchiveRequest, ProfileSaveRestoration, RuntimeSnapshot, StoryContinuation, StorySession, WorldEntry,
    WorldEntryKind, continue_story_and_return, create_profile_save_archive_and_return,
    get_profile_save_archive_and_return, get_runtime_snapshot_and_return, list_world_entries_and_return,
    restore_profile_save_archive_and_return,
};
use worldloom_tests::{Outcome, ask, refusal};

use crate::cast::Cast;
use crate::fights::{fight_on, meet};
use crate::interruptions::{SECOND_FLOOR, slot_of};
use crate::play::{begin_story, earned, progression};
use crate::world;

/// The rat's health in the first version, as in the sample world.
const RAT_HEALTH: u32 = 12;

pub async fn the_story_goes_on_in_the_first_version(
    cast: &Cast,
    story: &StorySession,
    first: &CustomWorldPublication,
) -> Outcome {
    let session_id = story.session_id;
    let now = cast
        .player
        .sees("its story", |rows| rows.my_story_sessions().iter().find(|row| row.session_id == session_id))
        .await?;
    ensure!(now.version_id == first.version.version_id, "{now:?}");
    let descent = StoryContinuation {
        session_id,
        expected_event_number: now.next_event_number,
        player_input: "I go down.".to_owned(),
        text: "The stairs are wet.".to_owned(),
        chapter_key: Some("depths".to_owned()),
    };
    let step = ask!(cast.player, continue_story_and_return_then(None, descent))?;
    let WorldEntry::Chapter(depths) = world::entry("depths") else { unreachable!("a chapter") };
    ensure!(step.event.opening == depths.opening, "another version's opening: {step:?}");
    cast.player.sees("the descent", |rows| rows.my_story_events().iter().find(|row| *row == step.event)).await?;

    ensure!(rat_health(cast, first).await? == RAT_HEALTH, "the first version has changed");
    let rat = meet(&cast.player, story, "rat").await?;
    ensure!(rat.enemy.stats.health == RAT_HEALTH, "another version's rat: {rat:?}");
    let experience = progression(&cast.player)?.experience;
    let rat = fight_on(&cast.player, rat).await?;
    ensure!(rat.status == BattleStatus::Victory, "{rat:?}");
    earned(&cast.player, experience + 25).await.map(drop)
}

pub async fn a_new_story_begins_in_the_second_version(cast: &Cast, second: &CustomWorldPublication) -> Outcome {
    ensure!(rat_health(cast, second).await? == world::SECOND_RAT_HEALTH, "the second version is like the first");
    let story = begin_story(&cast.trader, second).await?;
    let rat = meet(&cast.trader, &story, "rat").await?;
    ensure!(rat.enemy.stats.health == world::SECOND_RAT_HEALTH, "another version's rat: {rat:?}");
    Ok(())
}

pub async fn the_player_archives_the_save(cast: &Cast, saved: &RuntimeSnapshot) -> Outcome {
    let request = ProfileSaveArchiveRequest {
        idempotency_key: "keep".to_owned(),
        world_id: saved.world_id,
        slot: saved.slot.clone(),
        name: "Before the cellar".to_owned(),
    };
    let archive = ask!(cast.player, create_profile_save_archive_and_return_then(None, request.clone()))?;
    let again = ask!(cast.player, create_profile_save_archive_and_return_then(None, request))?;
    ensure!(again == archive, "one request, two archives: {archive:?} and {again:?}");
    ensure!((archive.version_id, archive.revision) == (saved.version_id, saved.revision), "{archive:?}");
    cast.player.sees("the archive", |rows| rows.my_save_archives().iter().find(|row| *row == archive)).await?;
    let refused = refusal(ask!(cast.stranger, get_profile_save_archive_and_return_then(None, archive.archive_id)))?;
    ensure!(refused.code == DomainErrorCode::NotFound, "{refused:?}");

    let restoration =
        ProfileSaveRestoration { archive_id: archive.archive_id, slot: "second".to_owned(), expected_revision: 0 };
    let restored = ask!(cast.player, restore_profile_save_archive_and_return_then(None, restoration))?;
    ensure!((restored.version_id, restored.session_id) == (saved.version_id, saved.session_id), "{restored:?}");
    cast.player.sees("the restored save", |rows| rows.my_snapshots().iter().find(|row| *row == restored)).await?;
    cast.player
        .sees("its dashboard", |rows| {
            let totals = rows.my_dashboard().iter().next()?;
            ((totals.snapshots, totals.archives, totals.played_stories) == (2, 1, 1)).then_some(())
        })
        .await?;
    let loaded = ask!(cast.player, get_runtime_snapshot_and_return_then(None, slot_of(&restored)))?;
    ensure!(loaded.payload == SECOND_FLOOR, "{loaded:?}");
    Ok(())
}

/// The rat's health in a version, for anybody who plays it.
async fn rat_health(cast: &Cast, publication: &CustomWorldPublication) -> anyhow::Result<u32> {
    let enemies = CustomWorldEntryQuery { version_id: publication.version.version_id, kind: WorldEntryKind::Enemy };
    let enemies = ask!(cast.player, list_world_entries_and_return_then(enemies))?;
    let rat = enemies.into_iter().find(|enemy| enemy.key == "rat");
    match rat.map(|rat| rat.entry) {
        Some(WorldEntry::Enemy(rat)) => Ok(rat.stats.health),
        other => anyhow::bail!("the rat is {other:?}"),
    }
}
