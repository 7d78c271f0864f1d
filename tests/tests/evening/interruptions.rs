//! What goes wrong: a line that breaks, a device that is behind, a power cut in a fight.

use anyhow::ensure;
use spacetimedb_sdk::Table;
use worldloom_client::{
    BattleStatus, DomainErrorCode, MySnapshotsTableAccess, RuntimeSnapshot, RuntimeSnapshotRequest,
    RuntimeSnapshotSlot, StorySession, get_runtime_snapshot_and_return, upsert_runtime_snapshot,
    upsert_runtime_snapshot_and_return,
};
use worldloom_tests::facade::sha256;
use worldloom_tests::refusals::conflict;
use worldloom_tests::{Outcome, Player, ask, eventually, refusal};

use crate::cast::Cast;
use crate::fights::{fight_on, meet, strike};
use crate::tables::{Holding, holdings};

const FIRST_FLOOR: &[u8] = b"the mill, first floor";
/// What the player saves last.
pub const SECOND_FLOOR: &[u8] = b"the mill, second floor";

pub async fn the_player_saves(cast: &Cast, story: &StorySession) -> anyhow::Result<RuntimeSnapshot> {
    let request = save_of(story, FIRST_FLOOR, 0);
    let saved = ask!(cast.player, upsert_runtime_snapshot_and_return_then(None, request.clone()))?;
    let again = ask!(cast.player, upsert_runtime_snapshot_and_return_then(None, request))?;
    ensure!(again == saved && saved.version_id == story.version_id, "{saved:?} and {again:?}");
    cast.player.sees("the save", |rows| rows.my_snapshots().iter().find(|row| *row == saved)).await?;
    let loaded = ask!(cast.player, get_runtime_snapshot_and_return_then(None, slot_of(&saved)))?;
    ensure!(loaded.snapshot == saved && loaded.payload == FIRST_FLOOR, "{loaded:?}");
    // Only the Service speaks for others.
    let in_anothers_name =
        ask!(cast.stranger, get_runtime_snapshot_and_return_then(Some(cast.player.identity), slot_of(&saved)));
    ensure!(refusal(in_anothers_name)?.code == DomainErrorCode::Forbidden, "a stranger reads a save");
    let in_its_own = ask!(cast.stranger, get_runtime_snapshot_and_return_then(None, slot_of(&saved)));
    ensure!(refusal(in_its_own)?.code == DomainErrorCode::NotFound, "a stranger has a save");
    Ok(saved)
}

/// A save still arrives, its answer does not. Then the line is dead without a goodbye, and yet client
/// and node both notice.
pub async fn the_line_breaks(cast: &Cast, story: &StorySession, saved: &RuntimeSnapshot) -> Outcome {
    ensure!(connections_of(cast, &cast.player).await? == 1, "the player has one device");
    cast.wire.lose_answers();
    cast.player.connection.reducers.upsert_runtime_snapshot(save_of(story, SECOND_FLOOR, saved.revision))?;
    let arrived = || async { (revisions(cast).await.ok()? == [saved.revision + 1]).then_some(()) };
    eventually("the save to arrive", arrived).await?;
    ensure!(cast.player.rows().my_snapshots().iter().all(|row| row == *saved), "the answer came through");
    cast.wire.cut();
    cast.player.loses_its_connection().await?;
    let gone = || async { (connections_of(cast, &cast.player).await.ok()? == 0).then_some(()) };
    eventually("the node to notice", gone).await
}

/// It shows what is there, and saves once more what nobody has confirmed to the player, which changes
/// nothing; what a device has not seen it cannot replace.
pub async fn the_player_comes_back_on_another_device(
    cast: &mut Cast,
    story: &StorySession,
    saved: &RuntimeSnapshot,
) -> anyhow::Result<RuntimeSnapshot> {
    let tablet = Player::join_as(&cast.studio.database, cast.player.account.clone()).await?;
    ensure!(holdings_of(&tablet) == holdings_of(&cast.player), "the tablet shows something else");
    cast.player = tablet;
    let request = save_of(story, SECOND_FLOOR, saved.revision);
    let newer = ask!(cast.player, upsert_runtime_snapshot_and_return_then(None, request))?;
    ensure!(newer.revision == saved.revision + 1, "saved twice: {newer:?}");
    ensure!(revisions(cast).await? == [newer.revision], "the slot is not the only one");
    cast.player.sees("the newer save", |rows| rows.my_snapshots().iter().find(|row| *row == newer)).await?;

    let phone = Player::join_as(&cast.studio.database, cast.player.account.clone()).await?;
    let request = save_of(story, b"the mill, cellar", saved.revision);
    let refused = refusal(ask!(phone, upsert_runtime_snapshot_and_return_then(None, request)))?;
    let expected = conflict(&newer.revision.to_string(), &saved.revision.to_string());
    ensure!(refused.code == expected, "{refused:?}");
    phone.leave();
    Ok(newer)
}

/// What was answered is on disk: the fight goes on with the round that was next.
pub async fn the_power_fails_in_the_middle_of_a_fight(cast: &mut Cast, story: &StorySession) -> Outcome {
    let battle = meet(&cast.player, story, "warden").await?;
    let battle = strike(&cast.player, &battle).await?;
    ensure!((battle.status, battle.next_round) == (BattleStatus::Active, 2), "over too soon: {battle:?}");
    let before = cast.everybody().map(holdings_of);
    cast.lose_power().await?;
    let after = cast.everybody().map(holdings_of);
    ensure!(after == before, "before the power cut {before:?}, after it {after:?}");
    let battle = fight_on(&cast.player, battle).await?;
    ensure!(battle.status == BattleStatus::Victory, "{battle:?}");
    Ok(())
}

/// The slot that a save is in.
pub fn slot_of(saved: &RuntimeSnapshot) -> RuntimeSnapshotSlot {
    RuntimeSnapshotSlot { world_id: saved.world_id, slot: saved.slot.clone() }
}

fn save_of(story: &StorySession, payload: &[u8], expected_revision: u64) -> RuntimeSnapshotRequest {
    RuntimeSnapshotRequest {
        session_id: story.session_id,
        slot: "auto".to_owned(),
        format_version: 1,
        checksum: sha256(payload),
        payload: payload.to_vec(),
        expected_revision,
    }
}

fn holdings_of(player: &Player) -> Vec<Holding> {
    holdings(player.rows(), player.identity)
}

/// The revisions of all saves, as the database's owner sees them.
async fn revisions(cast: &Cast) -> anyhow::Result<Vec<u64>> {
    let saves = cast.studio.database.sql("SELECT revision FROM runtime_snapshot").await?;
    Ok(saves.iter().filter_map(|save| save[0].as_u64()).collect())
}

/// How many connections the node has with a player.
async fn connections_of(cast: &Cast, player: &Player) -> anyhow::Result<usize> {
    let clients = cast.studio.database.sql("SELECT identity FROM st_client").await?;
    Ok(clients.iter().filter(|client| client.to_string().contains(&player.account.identity)).count())
}
