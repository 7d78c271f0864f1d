//! What a player comes back to: the story that it played last, and nothing of the others.

use spacetime_module::*;

use super::{dashboard, save, save_of};
use crate::inventory::give;
use crate::quest::quest;
use crate::sample_world::sample_entries;
use crate::story::{begin_as, continuation, continue_as};
use crate::world::{Actor, World};

/// The sample world, and a quest that anybody can accept at once.
fn entries() -> Vec<(&'static str, WorldEntry)> {
    let chat = WorldEntry::Quest(quest(&[(QuestObjectiveKind::Talk, "cat", 2)]));
    sample_entries().into_iter().chain([("chat", chat)]).collect()
}

fn overview(world: &World, player: Actor) -> ProfileOverview {
    world.call(player, |ctx| get_profile_overview_and_return(ctx, None)).unwrap()
}

fn chat_in(story: &StorySession) -> QuestSelection {
    QuestSelection { session_id: story.session_id, quest_key: "chat".to_owned() }
}

/// A story of Alice in which she has accepted the quest and received bread.
fn played(world: &World, version: &CustomWorldVersion, key: &str) -> StorySession {
    let story = begin_as(world, Actor::Alice, version.world_id, key).unwrap();
    world.reduce(Actor::Alice, |ctx| accept_quest(ctx, chat_in(&story))).unwrap();
    give(world, Actor::Alice, &story, "bread", 1).unwrap();
    story
}

#[test]
fn whoever_comes_back_gets_what_belongs_to_the_last_story() {
    let world = World::new();
    let [mill, moor] = [(); 2].map(|()| world.publish_entries(Actor::Bob, entries()));
    let first = played(&world, &mill, "first");
    played(&world, &mill, "second");
    let elsewhere = played(&world, &moor, "elsewhere");
    save(&world, Actor::Alice, save_of(&elsewhere, "auto", b"bytes", 0)).unwrap();

    let back = overview(&world, Actor::Alice);
    assert_eq!(back.dashboard, dashboard(&world, Actor::Alice));
    assert_eq!(back.dashboard.last_world_id, Some(moor.world_id));
    let places = |back: &ProfileOverview| {
        let worlds: Vec<_> = back.items.iter().map(|item| (item.world_id, item.quantity)).collect();
        let stories: Vec<_> = back.quests.iter().map(|quest| (quest.session_id, quest.status)).collect();
        (worlds, stories)
    };
    let of_moor = (vec![(moor.world_id, 1)], vec![(elsewhere.session_id, QuestStatus::Accepted)]);
    assert_eq!(places(&back), of_moor);
    assert_eq!(back.last_save.as_ref().unwrap().payload, b"bytes");

    world.reduce(Actor::Alice, |ctx| abandon_quest(ctx, chat_in(&first))).unwrap();
    let mut stories = world.see(Actor::Alice, my_story_sessions).into_iter();
    let first = stories.find(|story| story.session_id == first.session_id).unwrap();
    continue_as(&world, Actor::Alice, continuation(&first, "come back")).unwrap();
    let again = overview(&world, Actor::Alice);
    // Both stories in the mill fill one bag, and each has its own quest.
    let of_mill = (vec![(mill.world_id, 2)], vec![(first.session_id, QuestStatus::Abandoned)]);
    assert_eq!(places(&again), of_mill);
    assert_eq!(again.last_save, back.last_save);

    let nothing = overview(&world, Actor::Stranger);
    assert_eq!((nothing.items, nothing.quests, nothing.last_save), (Vec::new(), Vec::new(), None));
    assert_eq!(nothing.dashboard.last_world_id, None);
}
