//! The player's game: the gallery, a story, a talk, and what comes of a quest.

use anyhow::{Context, ensure};
use spacetimedb_sdk::Table;
use worldloom_client::{
    CustomWorldPageRequest, CustomWorldPublication, DomainErrorCode, GalleryWorldsTableAccess,
    MyChapterProgressionTableAccess, MyLikesTableAccess, MyNpcsTableAccess, MyProgressionTableAccess,
    MyQuestsTableAccess, MyStoryEventsTableAccess, MyStorySessionsTableAccess, NpcInteraction, NpcInteractionRequest,
    PlayerProgression, QuestRecord, QuestSelection, QuestStatus, RemoteTables, StoryBeginning, StoryEvent,
    StoryEventKind, StorySession, WorldEntry, accept_quest_and_return, begin_story_and_return, like_world,
    like_world_and_return, list_newest_worlds_and_return, resolve_npc_interaction_and_return, turn_in_quest_and_return,
};
use worldloom_tests::{Outcome, Player, ask, done, reduce, refusal};

use crate::cast::Cast;
use crate::trade::carried;
use crate::world;

pub async fn the_player_finds_the_world_and_likes_it(cast: &Cast, published: &CustomWorldPublication) -> Outcome {
    let shown = cast.player.rows().gallery_worlds().iter().next().context("the gallery is empty")?;
    ensure!(shown.title == world::TITLE && (shown.likes, shown.players) == (0, 0), "{shown:?}");
    let newest = CustomWorldPageRequest { cursor: None, length: 10 };
    let page = ask!(cast.player, list_newest_worlds_and_return_then(newest))?;
    ensure!(page.worlds == [shown.clone()], "a page shows another gallery: {page:?}");

    done(reduce!(cast.player, like_world_then(shown.world_id)))?;
    let likes = ask!(cast.player, like_world_and_return_then(None, shown.world_id))?;
    ensure!(likes == 1, "liked {likes} times by one player");
    cast.player.sees("its like", |rows| rows.my_likes().iter().next()).await?;
    for client in cast.everybody() {
        client.sees("a like", |rows| rows.gallery_worlds().iter().find(|row| row.likes == 1)).await?;
    }
    ensure!(shown.version_id == published.version.version_id, "{shown:?}");
    Ok(())
}

/// A story in the world's current version; the same for everybody who plays.
pub async fn begin_story(player: &Player, published: &CustomWorldPublication) -> anyhow::Result<StorySession> {
    let version_id = published.version.version_id;
    let beginning =
        StoryBeginning { idempotency_key: format!("story-{version_id}"), world_id: published.profile.world_id };
    let story = ask!(player, begin_story_and_return_then(None, beginning.clone()))?;
    ensure!(story.version_id == version_id && story.chapter_key == "arrival", "{story:?}");
    let again = ask!(player, begin_story_and_return_then(None, beginning))?;
    ensure!(again == story, "one request, two stories: {again:?}");
    player.sees("its story", |rows| rows.my_story_sessions().iter().find(|row| *row == story)).await?;
    Ok(story)
}

pub async fn the_player_begins_a_story(
    cast: &Cast,
    published: &CustomWorldPublication,
) -> anyhow::Result<StorySession> {
    let story = begin_story(&cast.player, published).await?;
    let event = cast.player.sees("the beginning", |rows| rows.my_story_events().iter().next()).await?;
    let WorldEntry::Chapter(arrival) = world::entry("arrival") else { unreachable!("a chapter") };
    ensure!(event.kind == StoryEventKind::Begun && event.opening == arrival.opening, "{event:?}");
    cast.stranger.sees("a player", |rows| rows.gallery_worlds().iter().find(|row| row.players == 1)).await?;
    Ok(story)
}

pub async fn the_player_talks_to_the_keeper(cast: &Cast, story: &StorySession) -> Outcome {
    let unmet = refusal(ask!(cast.player, accept_quest_and_return_then(None, errand(story))))?;
    ensure!(matches!(unmet.code, DomainErrorCode::Conflict(_)), "a quest of somebody unknown: {unmet:?}");
    let WorldEntry::Character(keeper) = world::entry("keeper") else { unreachable!("a character") };
    let talk = NpcInteractionRequest {
        idempotency_key: "talk".to_owned(),
        session_id: story.session_id,
        character_key: "keeper".to_owned(),
        interaction: NpcInteraction::Talk,
        note: "Came in out of the rain.".to_owned(),
    };
    // Once by its own device and once by the facade: the same request, so the same talk.
    let met = ask!(cast.player, resolve_npc_interaction_and_return_then(None, talk.clone()))?;
    let facade = &cast.studio.service;
    let again = ask!(facade, resolve_npc_interaction_and_return_then(Some(cast.player.identity), talk))?;
    ensure!(again == met && met.affinity == keeper.initial_affinity + 1, "{met:?} and {again:?}");
    ensure!(met.memories.iter().any(|memory| memory.note == "Came in out of the rain."), "{met:?}");
    cast.player.sees("the keeper", |rows| rows.my_npcs().iter().find(|npc| *npc == met)).await?;
    cast.player.sees("the meeting", |rows| told(rows, StoryEventKind::CharacterMet)).await?;

    ask!(cast.player, accept_quest_and_return_then(None, errand(story)))?;
    errand_is(&cast.player, QuestStatus::Accepted).await.map(drop)
}

pub async fn the_player_turns_the_errand_in_and_levels_up(cast: &Cast, story: &StorySession) -> Outcome {
    let before = progression(&cast.player)?;
    ensure!((before.level, before.unlocked_chapters) == (1, 1), "{before:?}");
    let bread = carried(cast.player.rows(), "bread");
    let done = ask!(cast.player, turn_in_quest_and_return_then(None, errand(story)))?;
    let again = ask!(cast.player, turn_in_quest_and_return_then(None, errand(story)))?;
    ensure!(again == done && done.status == QuestStatus::TurnedIn, "{done:?} and {again:?}");
    errand_is(&cast.player, QuestStatus::TurnedIn).await?;
    let after = earned(&cast.player, before.experience + 60).await?;
    ensure!((after.level, after.unlocked_chapters) == (2, 2), "{after:?}");
    cast.player
        .sees("the second chapter", |rows| rows.my_chapter_progression().iter().find(|row| row.chapter_key == "depths"))
        .await?;
    cast.player.sees("the reward", |rows| (carried(rows, "bread") == bread + 2).then_some(())).await
}

/// An event of this kind in a player's stories.
pub fn told(rows: &RemoteTables, kind: StoryEventKind) -> Option<StoryEvent> {
    rows.my_story_events().iter().find(|event| event.kind == kind)
}

/// How far the player has come.
pub fn progression(player: &Player) -> anyhow::Result<PlayerProgression> {
    player.rows().my_progression().iter().next().context("the player has not begun a story")
}

/// Waits until the player has this much experience.
pub async fn earned(player: &Player, experience: u64) -> anyhow::Result<PlayerProgression> {
    player.sees("experience", |rows| rows.my_progression().iter().find(|row| row.experience == experience)).await
}

/// Waits until the player's errand stands so.
pub async fn errand_is(player: &Player, status: QuestStatus) -> anyhow::Result<QuestRecord> {
    player.sees("the errand", |rows| rows.my_quests().iter().find(|row| row.status == status)).await
}

fn errand(story: &StorySession) -> QuestSelection {
    QuestSelection { session_id: story.session_id, quest_key: "errand".to_owned() }
}
