//! What a player comes back to, in one answer.

use anyhow::Context as _;
use spacetimedb_sdk::Table;
use worldloom_client::{
    DomainErrorCode, MyDashboardTableAccess, MyInventoryTableAccess, MyQuestsTableAccess, RemoteTables,
    RuntimeSnapshotRequest, StorySession, get_profile_overview_and_return, upsert_runtime_snapshot_and_return,
};
use worldloom_tests::facade::sha256;
use worldloom_tests::{Outcome, ask, refusal};

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_gets_everything_in_one_answer() -> Outcome {
    let scene = Scene::open().await?;
    let (alice, bob) = (&scene.alice, &scene.bob);
    let story = alice.begin_story(scene.world.world_id).await?;
    let quest = alice.run_errand(&story).await?;
    let late = save(&story, "auto", b"late");
    ask!(alice, upsert_runtime_snapshot_and_return_then(None, save(&story, "by-hand", b"early")))?;
    ask!(alice, upsert_runtime_snapshot_and_return_then(None, late.clone()))?;

    let overview = ask!(alice, get_profile_overview_and_return_then(None))?;
    let last_save = overview.last_save.clone().context("there is no save")?;
    assert_eq!((&*last_save.snapshot.slot, &last_save.payload), ("auto", &late.payload));
    assert_eq!(overview.quests, [quest]);
    assert_eq!(overview.dashboard.snapshots, 2);
    let sees_the_same = |rows: &RemoteTables| {
        let mut items: Vec<_> = rows.my_inventory().iter().collect();
        items.sort_by_key(|item| item.item_id);
        let mut answered = overview.items.clone();
        answered.sort_by_key(|item| item.item_id);
        let dashboards: Vec<_> = rows.my_dashboard().iter().collect();
        let quests: Vec<_> = rows.my_quests().iter().collect();
        (items == answered && dashboards == [overview.dashboard.clone()] && quests == overview.quests).then_some(())
    };
    assert!(!overview.items.is_empty(), "the errand is paid in bread");
    alice.sees("the same rows", sees_the_same).await?;

    let nothing = ask!(bob, get_profile_overview_and_return_then(None))?;
    assert_eq!((nothing.items.len(), nothing.quests.len(), nothing.last_save), (0, 0, None));
    assert_eq!((nothing.dashboard.player, nothing.dashboard.played_stories), (bob.identity, 0));
    let refused = refusal(ask!(bob, get_profile_overview_and_return_then(Some(alice.identity))))?;
    assert_eq!(refused.code, DomainErrorCode::Forbidden);
    Ok(())
}

fn save(story: &StorySession, slot: &str, bytes: &[u8]) -> RuntimeSnapshotRequest {
    RuntimeSnapshotRequest {
        session_id: story.session_id,
        slot: slot.to_owned(),
        format_version: 1,
        checksum: sha256(bytes),
        payload: bytes.to_vec(),
        expected_revision: 0,
    }
}
