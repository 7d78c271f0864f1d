//! Experience: counted once, in one world, and what a new level brings.

use spacetimedb_sdk::Table;
use worldloom_client::{
    BattleAction, ChapterProgression, CombatActionRequest, DomainErrorCode, MyChapterProgressionTableAccess,
    MyProgressionTableAccess, PlayerProgression, QuestSelection, StoryContinuation, StoryEventKind, StorySession,
    continue_story_and_return, read_progression_and_return, resolve_combat_action_and_return, turn_in_quest,
};
use worldloom_tests::playing::round_of;
use worldloom_tests::refusals::insufficient;
use worldloom_tests::{Outcome, Player, ask, done, reduce, refusal};

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn experience_counts_once_and_raises_the_level() -> Outcome {
    let scene = Scene::open().await?;
    let tablet = scene.device_of(&scene.alice).await?;
    let (alice, bob, world_id) = (&scene.alice, &scene.bob, scene.world.world_id);
    let refused = refusal(ask!(alice, read_progression_and_return_then(None, world_id)))?;
    assert_eq!(refused.code, DomainErrorCode::NotFound, "not played yet");
    let story = alice.begin_story(world_id).await?;
    let start = sees_experience(&tablet, 0).await?;
    assert_eq!((start.level, start.next_level_at, start.unlocked_chapters), (1, Some(100), 1));
    assert_eq!(chapters(&tablet), [("arrival".to_owned(), 0, 1)]);

    alice.run_errand(&story).await?;
    let earned = sees_experience(&tablet, 85).await?;
    assert_eq!((earned.level, earned.next_level_at), (1, Some(100)));
    let errand = QuestSelection { session_id: story.session_id, quest_key: "errand".to_owned() };
    done(reduce!(tablet, turn_in_quest_then(errand)))?;
    // So far: begun, met the keeper, won, turned in.
    let refused = refusal(ask!(alice, continue_story_and_return_then(None, down(&story, 5))))?;
    assert_eq!(refused.code, insufficient(2, 1));

    let won = alice.fight(&story, "rat").await?;
    let last = CombatActionRequest { round: won.next_round - 1, ..round_of(&won, BattleAction::Attack) };
    let again =
        async |device: &Player| anyhow::Ok(ask!(device, resolve_combat_action_and_return_then(None, last.clone()))?);
    let (one, other) = tokio::try_join!(again(alice), again(&tablet))?;
    assert_eq!((&one, &other), (&won, &won));
    let risen = sees_experience(&tablet, 110).await?;
    assert_eq!((risen.level, risen.next_level_at, risen.unlocked_chapters), (2, Some(300), 2));
    assert!(risen.level_reached_at > start.level_reached_at);
    assert_eq!(chapters(&tablet), [("arrival".to_owned(), 110, 1), ("depths".to_owned(), 0, 2)]);

    let step = ask!(alice, continue_story_and_return_then(None, down(&story, 6)))?;
    assert_eq!((step.event.kind, step.session.chapter_key.as_str()), (StoryEventKind::ChapterEntered, "depths"));
    let stronger = alice.fight(&step.session, "rat").await?.player.stats;
    assert_eq!((stronger.health, stronger.attack), (120, 13));
    sees_experience(alice, 135).await?;
    assert_eq!(chapters(alice), [("arrival".to_owned(), 110, 1), ("depths".to_owned(), 25, 2)]);
    let record = ask!(tablet, read_progression_and_return_then(None, world_id))?;
    assert_eq!((record.progression.experience, record.chapters.len()), (135, 2));

    let awards = scene.studio.database.sql("SELECT amount, level_before, level_after FROM experience_award").await?;
    let mut awards: Vec<_> = awards.iter().map(ToString::to_string).collect();
    awards.sort();
    assert_eq!(awards, ["[25,1,1]", "[25,1,2]", "[25,2,2]", "[60,1,1]"], "one row for each source");
    let refused = refusal(ask!(bob, read_progression_and_return_then(Some(alice.identity), world_id)))?;
    assert_eq!(refused.code, DomainErrorCode::Forbidden);
    assert_eq!((bob.rows().my_progression().count(), bob.rows().my_chapter_progression().count()), (0, 0));
    Ok(())
}

/// Nobody gets stronger elsewhere by a world of its own making.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_learned_counts_in_one_world() -> Outcome {
    let scene = Scene::open().await?;
    let alice = &scene.alice;
    let other = scene.studio.publish_sample(alice, "Home").await?.version;
    let at_home = alice.begin_story(other.world_id).await?;
    for _ in 0..4 {
        alice.fight(&at_home, "rat").await?;
    }
    sees_experience(alice, 100).await?;
    let story = alice.begin_story(scene.world.world_id).await?;
    let abroad = ask!(alice, read_progression_and_return_then(None, scene.world.world_id))?.progression;
    assert_eq!((abroad.level, abroad.experience), (1, 0));
    assert_eq!(alice.start_battle(&story, "rat").await?.player.stats.health, 100);
    let at_home = ask!(alice, read_progression_and_return_then(None, other.world_id))?.progression;
    assert_eq!((at_home.level, at_home.experience), (2, 100));
    Ok(())
}

async fn sees_experience(player: &Player, experience: u64) -> anyhow::Result<PlayerProgression> {
    player.sees("experience", |rows| rows.my_progression().iter().find(|row| row.experience == experience)).await
}

/// Key, experience and level of unlocking of each chapter that the player sees.
fn chapters(player: &Player) -> Vec<(String, u64, u32)> {
    let shown = |row: ChapterProgression| (row.chapter_key, row.experience, row.unlocked_at_level);
    let mut chapters: Vec<_> = player.rows().my_chapter_progression().iter().map(shown).collect();
    chapters.sort();
    chapters
}

/// The way down into the second chapter, as the event of this number.
fn down(story: &StorySession, expected_event_number: u32) -> StoryContinuation {
    StoryContinuation {
        session_id: story.session_id,
        expected_event_number,
        player_input: "I go down.".to_owned(),
        text: "You go down.".to_owned(),
        chapter_key: Some("depths".to_owned()),
    }
}
