//! What agents write about a world: entries in JSON, as the schemas beside the prompts have them, and the draft that
//! they are about.

mod conversions;
mod entry_rules;
mod unseen;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use worldloom_client::{
    CharacterRelation, CombatStats, CustomWorldChange, CustomWorldKeyedEntry, CustomWorldPlace, EquipSlot, ItemAmount,
    ItemAttribute, ItemAttributeRange, ItemUse, LootEntry, QuestObjective, QuestObjectiveKind, WorldChapter,
    WorldCharacter, WorldEnemy, WorldEntry, WorldEntryKind, WorldItem, WorldQuest, WorldSetting, WorldTreasure,
};

pub use entry_rules::broken_rule;

/// The key of a world's setting.
const SETTING_KEY: &str = "setting";

/// An agent's answer. Each stage asks for some of it; its schema says which.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answer {
    /// To the author.
    pub reply: String,
    pub setting: Option<Setting>,
    pub chapters: Vec<Chapter>,
    pub characters: Vec<Character>,
    pub enemies: Vec<Enemy>,
    pub items: Vec<Item>,
    pub quests: Vec<Quest>,
    pub treasures: Vec<Treasure>,
    pub removals: Vec<Removal>,
    pub assets: Vec<AssetPlan>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Setting {
    title: String,
    tagline: String,
    description: String,
    tags: Vec<String>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Chapter {
    key: String,
    order: u32,
    title: String,
    summary: String,
    opening: String,
    required_level: u32,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Character {
    key: String,
    name: String,
    description: String,
    greeting: String,
    initial_affinity: i32,
    relations: Vec<Relation>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
struct Relation {
    character_key: String,
    affinity: i32,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Enemy {
    key: String,
    name: String,
    description: String,
    health: u32,
    energy: u32,
    attack: u32,
    defense: u32,
    speed: u32,
    experience: u64,
    treasure_key: Option<String>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Item {
    key: String,
    name: String,
    description: String,
    stack_max: u32,
    equip_slot: Option<Slot>,
    attributes: Vec<Attribute>,
    heal: Option<u32>,
    tradable: bool,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Slot {
    Weapon,
    Armor,
    Accessory,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
struct Attribute {
    attribute: AttributeName,
    min: u32,
    max: u32,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum AttributeName {
    Health,
    Energy,
    Attack,
    Defense,
    Speed,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Quest {
    key: String,
    title: String,
    description: String,
    giver_key: Option<String>,
    chapter_key: Option<String>,
    requires: Vec<String>,
    objectives: Vec<Objective>,
    experience: u64,
    rewards: Vec<Reward>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
struct Objective {
    key: String,
    kind: ObjectiveName,
    target_key: String,
    count: u32,
    description: String,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum ObjectiveName {
    Defeat,
    Talk,
    Collect,
    Open,
    Reach,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
struct Reward {
    item_key: String,
    quantity: u32,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Treasure {
    key: String,
    name: String,
    description: String,
    chapter_key: Option<String>,
    draws: u32,
    loot: Vec<Loot>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
struct Loot {
    item_key: String,
    weight: u32,
    quantity_min: u32,
    quantity_max: u32,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Removal {
    kind: KindName,
    key: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KindName {
    World,
    Chapter,
    Character,
    Enemy,
    Item,
    Quest,
    Treasure,
}

/// A picture or sound that a world needs.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct AssetPlan {
    pub kind: KindName,
    pub key: String,
    pub slot: String,
    pub description: String,
}

/// A kind and a key: where an entry is.
type Place = (KindName, String);

impl Answer {
    /// The entries, each with its key.
    fn entries(&self) -> Vec<(String, WorldEntry)> {
        let mut entries = Vec::new();
        let keyed = |key: &str, entry| (key.to_owned(), entry);
        entries.extend(self.setting.iter().map(|one| keyed(SETTING_KEY, WorldEntry::Setting(one.into()))));
        entries.extend(self.chapters.iter().map(|one| keyed(&one.key, WorldEntry::Chapter(one.into()))));
        entries.extend(self.characters.iter().map(|one| keyed(&one.key, WorldEntry::Character(one.into()))));
        entries.extend(self.enemies.iter().map(|one| keyed(&one.key, WorldEntry::Enemy(one.into()))));
        entries.extend(self.items.iter().map(|one| keyed(&one.key, WorldEntry::Item(one.into()))));
        entries.extend(self.quests.iter().map(|one| keyed(&one.key, WorldEntry::Quest(one.into()))));
        entries.extend(self.treasures.iter().map(|one| keyed(&one.key, WorldEntry::Treasure(one.into()))));
        entries
    }

    /// The changes that it proposes to a draft that has these entries. What takes the place of an entry keeps what no
    /// agent sees of it.
    pub fn changes<'a>(
        &self,
        present: impl Fn(WorldEntryKind, &str) -> Option<&'a WorldEntry>,
    ) -> Vec<CustomWorldChange> {
        let mut changes = Vec::new();
        for (key, mut entry) in self.entries() {
            changes.push(match present(kind_of(&entry), &key) {
                Some(present) => {
                    unseen::keep(&mut entry, present);
                    CustomWorldChange::Replace(CustomWorldKeyedEntry { key, entry })
                }
                None => CustomWorldChange::Add(CustomWorldKeyedEntry { key, entry }),
            });
        }
        for Removal { kind, key } in &self.removals {
            if let Some(kind) = kind.entry_kind().filter(|kind| present(*kind, key).is_some()) {
                changes.push(CustomWorldChange::Remove(CustomWorldPlace { kind, key: key.clone() }));
            }
        }
        changes
    }

    /// What is wrong with it beside its form, in a world that has these entries as well.
    pub fn problems(&self, known: &Answer) -> Vec<String> {
        let mut problems = Vec::new();
        let mut own = BTreeSet::new();
        for place in self.places() {
            if !is_key(&place.1) {
                problems.push(format!("\"{}\" is no key: use lower-case letters, digits and hyphens", place.1));
            }
            if !own.insert(place.clone()) {
                problems.push(format!("the key \"{}\" is used twice", place.1));
            }
        }
        let mut removed = BTreeSet::new();
        for Removal { kind, key } in &self.removals {
            let place = (*kind, key.clone());
            if own.contains(&place) {
                problems.push(format!("the {} \"{key}\" is both written and removed: do one of the two", kind.word()));
            } else if !removed.insert(place) {
                problems.push(format!("the {} \"{key}\" is removed twice", kind.word()));
            }
        }
        let places: BTreeSet<Place> = own.into_iter().chain(known.places()).collect();
        for (kind, key) in self.references() {
            if !places.contains(&(kind, key.to_owned())) {
                problems.push(format!("there is no {} with the key \"{key}\"", kind.word()));
            }
        }
        for item in self.items.iter().filter(|item| item.equip_slot.is_some()) {
            if item.stack_max != 1 || item.heal.is_some() {
                problems.push(format!("\"{}\" is worn: its stack_max must be 1 and its heal null", item.key));
            }
        }
        for item in self.items.iter().filter(|item| item.equip_slot.is_none() && !item.attributes.is_empty()) {
            problems.push(format!("\"{}\" is not worn: it can have no attributes", item.key));
        }
        problems
    }

    /// Chapters of a new world count from 1, and everybody gets into the first.
    pub fn chapter_problems(&self) -> Vec<String> {
        let mut chapters: Vec<_> = self.chapters.iter().collect();
        chapters.sort_by_key(|chapter| chapter.order);
        let mut problems = Vec::new();
        if chapters.iter().zip(1..).any(|(chapter, order)| chapter.order != order) {
            problems.push("the orders of the chapters must count from 1 without gaps".to_owned());
        }
        if chapters.first().is_some_and(|first| first.required_level != 1) {
            problems.push("the first chapter must ask for level 1".to_owned());
        }
        problems
    }

    /// Takes up the entries of another answer, which take the place of those under the same keys.
    pub fn take_up(&mut self, later: Answer) {
        fn replace<T>(all: &mut Vec<T>, later: Vec<T>, key: impl Fn(&T) -> &str) {
            all.retain(|one| later.iter().all(|other| key(other) != key(one)));
            all.extend(later);
        }
        self.setting = later.setting.or(self.setting.take());
        replace(&mut self.chapters, later.chapters, |one| &one.key);
        replace(&mut self.characters, later.characters, |one| &one.key);
        replace(&mut self.enemies, later.enemies, |one| &one.key);
        replace(&mut self.items, later.items, |one| &one.key);
        replace(&mut self.quests, later.quests, |one| &one.key);
        replace(&mut self.treasures, later.treasures, |one| &one.key);
    }

    /// Takes up an entry of the draft. What an agent cannot write, such as skills, is not shown to it.
    pub fn take_up_card(&mut self, key: String, entry: WorldEntry) {
        match entry {
            WorldEntry::Setting(one) => self.setting = Some(one.into()),
            WorldEntry::Chapter(one) => self.chapters.push(Chapter::of(key, one)),
            WorldEntry::Character(one) => self.characters.push(Character::of(key, one)),
            WorldEntry::Enemy(one) => self.enemies.push(Enemy::of(key, one)),
            WorldEntry::Item(one) => self.items.push(Item::of(key, one)),
            WorldEntry::Quest(one) => self.quests.push(Quest::of(key, one)),
            WorldEntry::Treasure(one) => self.treasures.push(Treasure::of(key, one)),
        }
    }

    fn places(&self) -> Vec<Place> {
        let mut places: Vec<Place> = Vec::new();
        places.extend(self.setting.iter().map(|_| (KindName::World, SETTING_KEY.to_owned())));
        places.extend(self.chapters.iter().map(|one| (KindName::Chapter, one.key.clone())));
        places.extend(self.characters.iter().map(|one| (KindName::Character, one.key.clone())));
        places.extend(self.enemies.iter().map(|one| (KindName::Enemy, one.key.clone())));
        places.extend(self.items.iter().map(|one| (KindName::Item, one.key.clone())));
        places.extend(self.quests.iter().map(|one| (KindName::Quest, one.key.clone())));
        places.extend(self.treasures.iter().map(|one| (KindName::Treasure, one.key.clone())));
        places
    }

    fn references(&self) -> Vec<(KindName, &str)> {
        let mut references: Vec<(KindName, &str)> = Vec::new();
        for one in &self.characters {
            references.extend(one.relations.iter().map(|to| (KindName::Character, to.character_key.as_str())));
        }
        for one in &self.enemies {
            references.extend(one.treasure_key.iter().map(|key| (KindName::Treasure, key.as_str())));
        }
        for one in &self.quests {
            references.extend(one.giver_key.iter().map(|key| (KindName::Character, key.as_str())));
            references.extend(one.chapter_key.iter().map(|key| (KindName::Chapter, key.as_str())));
            references.extend(one.requires.iter().map(|key| (KindName::Quest, key.as_str())));
            references.extend(one.objectives.iter().map(|to| (to.kind.target(), to.target_key.as_str())));
            references.extend(one.rewards.iter().map(|reward| (KindName::Item, reward.item_key.as_str())));
        }
        for one in &self.treasures {
            references.extend(one.chapter_key.iter().map(|key| (KindName::Chapter, key.as_str())));
            references.extend(one.loot.iter().map(|loot| (KindName::Item, loot.item_key.as_str())));
        }
        references.extend(self.assets.iter().map(|asset| (asset.kind, asset.key.as_str())));
        references
    }
}

/// As the module holds keys.
fn is_key(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte))
}

fn kind_of(entry: &WorldEntry) -> WorldEntryKind {
    match entry {
        WorldEntry::Setting(_) => WorldEntryKind::Setting,
        WorldEntry::Chapter(_) => WorldEntryKind::Chapter,
        WorldEntry::Character(_) => WorldEntryKind::Character,
        WorldEntry::Enemy(_) => WorldEntryKind::Enemy,
        WorldEntry::Item(_) => WorldEntryKind::Item,
        WorldEntry::Quest(_) => WorldEntryKind::Quest,
        WorldEntry::Treasure(_) => WorldEntryKind::Treasure,
    }
}

impl KindName {
    /// The kind of a card; a world has none that could be removed.
    const fn entry_kind(self) -> Option<WorldEntryKind> {
        match self {
            KindName::World => None,
            KindName::Chapter => Some(WorldEntryKind::Chapter),
            KindName::Character => Some(WorldEntryKind::Character),
            KindName::Enemy => Some(WorldEntryKind::Enemy),
            KindName::Item => Some(WorldEntryKind::Item),
            KindName::Quest => Some(WorldEntryKind::Quest),
            KindName::Treasure => Some(WorldEntryKind::Treasure),
        }
    }

    /// For people.
    pub const fn word(self) -> &'static str {
        match self {
            KindName::World => "world",
            KindName::Chapter => "chapter",
            KindName::Character => "character",
            KindName::Enemy => "enemy",
            KindName::Item => "item",
            KindName::Quest => "quest",
            KindName::Treasure => "treasure",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(removals: Value, expected: &[&str]) {
        let arrival = json!({
            "key": "arrival", "order": 1, "title": "Arrival", "summary": "The player comes.", "opening": "It is dusk.",
            "required_level": 1,
        });
        let answer: Answer = serde_json::from_value(json!({ "chapters": [arrival], "removals": removals })).unwrap();
        assert_eq!(answer.problems(&Answer::default()), expected, "{removals}");
    }

    #[test]
    fn an_entry_is_written_or_removed_and_that_once() {
        let removal = |kind: &str, key: &str| json!({ "kind": kind, "key": key });
        check(json!([removal("chapter", "search"), removal("item", "arrival"), removal("item", "search")]), &[]);
        let both = "the chapter \"arrival\" is both written and removed: do one of the two";
        check(json!([removal("chapter", "arrival")]), &[both]);
        let twice = "the chapter \"search\" is removed twice";
        check(json!([removal("chapter", "search"), removal("chapter", "search")]), &[twice]);
    }
}
