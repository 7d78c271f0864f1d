//! Quests: accepted, completed by what happens, turned in, abandoned.

mod acceptance;
mod progress;
mod refusals;
mod rewards;

use spacetime_module::*;

use crate::npc::act;
use crate::sample_world::sample_entries;
use crate::story::begin_as;
use crate::world::{Actor, World};

/// Alice's story in a world whose quests need no fight; she has met the miller.
pub struct Errand {
    pub world: World,
    pub story: StorySession,
}

impl Errand {
    pub fn new() -> Errand {
        Errand::with(Vec::new())
    }

    /// With more quests.
    pub fn with(quests: Vec<(&'static str, WorldQuest)>) -> Errand {
        let world = World::new();
        let more = quests.into_iter().map(|(key, quest)| (key, WorldEntry::Quest(quest)));
        let version = world.publish_entries(Actor::Bob, errand_entries().into_iter().chain(more).collect());
        let story = begin_as(&world, Actor::Alice, version.world_id, "errand").unwrap();
        act(&world, &story, "miller", NpcInteraction::Talk);
        let story = world.see(Actor::Alice, my_story_sessions).pop().unwrap();
        Errand { world, story }
    }

    pub fn select(&self, quest_key: &str) -> QuestSelection {
        QuestSelection { session_id: self.story.session_id, quest_key: quest_key.to_owned() }
    }

    pub fn accept(&self, quest_key: &str) -> Result<QuestRecord, DomainError> {
        self.world.call(Actor::Alice, |ctx| accept_quest_and_return(ctx, None, self.select(quest_key)))
    }

    pub fn abandon(&self, quest_key: &str) -> Result<QuestRecord, DomainError> {
        self.world.call(Actor::Alice, |ctx| abandon_quest_and_return(ctx, None, self.select(quest_key)))
    }

    pub fn turn_in(&self, quest_key: &str) -> Result<QuestRecord, DomainError> {
        self.world.call(Actor::Alice, |ctx| turn_in_quest_and_return(ctx, None, self.select(quest_key)))
    }

    /// Alice talks with somebody.
    pub fn talk(&self, character: &str) {
        act(&self.world, &self.story, character, NpcInteraction::Talk);
    }

    /// Alice's record of a quest.
    pub fn quest(&self, quest_key: &str) -> QuestRecord {
        let mut quests = self.world.see(Actor::Alice, my_quests).into_iter();
        quests.find(|quest| quest.quest_key == quest_key).unwrap()
    }

    /// How far each objective of a quest has come.
    pub fn counts(&self, quest_key: &str) -> Vec<u32> {
        self.quest(quest_key).objectives.into_iter().map(|objective| objective.count).collect()
    }

    /// A call that must be refused without a trace, and why it was.
    #[track_caller]
    pub fn refused(&self, call: impl FnOnce(&Errand) -> Result<QuestRecord, DomainError>) -> DomainErrorCode {
        self.world.refused(|_| call(self)).code
    }

    /// How many of an item Alice has.
    pub fn carried(&self, item_key: &str) -> u32 {
        let items = self.world.see(Actor::Alice, my_inventory).into_iter();
        items.filter(|item| item.item_key == item_key).map(|item| item.quantity).sum()
    }
}

/// A quest that anybody gives.
pub fn quest(objectives: &[(QuestObjectiveKind, &str, u32)]) -> WorldQuest {
    let objectives = objectives.iter().enumerate();
    WorldQuest {
        title: "An errand".to_owned(),
        description: "It has to be done.".to_owned(),
        giver_key: None,
        chapter_key: None,
        requires: Vec::new(),
        objectives: objectives
            .map(|(number, (kind, target, count))| QuestObjective {
                key: format!("objective-{number}"),
                kind: *kind,
                target_key: (*target).to_owned(),
                count: *count,
                description: "Do it.".to_owned(),
            })
            .collect(),
        experience: 40,
        rewards: vec![ItemAmount { item_key: "bread".to_owned(), quantity: 3 }],
    }
}

/// The sample world with an open cellar, and the quest `chat`: two talks with the cat.
fn errand_entries() -> Vec<(&'static str, WorldEntry)> {
    let mut entries = sample_entries();
    for (_, entry) in &mut entries {
        if let WorldEntry::Chapter(chapter) = entry {
            chapter.required_level = 1;
        }
    }
    entries.push(("chat", WorldEntry::Quest(quest(&[(QuestObjectiveKind::Talk, "cat", 2)]))));
    entries
}
