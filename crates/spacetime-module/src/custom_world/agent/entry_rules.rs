//! Entries as the rules of creation see them.

use module_custom_world::{
    AttributeRange, Chapter, Character, Effect, Enemy, Entry, EntryKind, Item, Loot, Objective, Quest, Relation,
    Reward, Setting, Skill, Stats, Treasure, Usage, Wear,
};

use crate::*;

impl From<WorldEntryKind> for EntryKind {
    fn from(kind: WorldEntryKind) -> Self {
        match kind {
            WorldEntryKind::Setting => EntryKind::Setting,
            WorldEntryKind::Chapter => EntryKind::Chapter,
            WorldEntryKind::Character => EntryKind::Character,
            WorldEntryKind::Enemy => EntryKind::Enemy,
            WorldEntryKind::Item => EntryKind::Item,
            WorldEntryKind::Quest => EntryKind::Quest,
            WorldEntryKind::Treasure => EntryKind::Treasure,
        }
    }
}

impl<'a> From<&'a WorldEntry> for Entry<'a> {
    fn from(entry: &'a WorldEntry) -> Self {
        match entry {
            WorldEntry::Setting(setting) => Entry::Setting(setting.into()),
            WorldEntry::Chapter(chapter) => Entry::Chapter(chapter.into()),
            WorldEntry::Character(character) => Entry::Character(character.into()),
            WorldEntry::Enemy(enemy) => Entry::Enemy(enemy.into()),
            WorldEntry::Item(item) => Entry::Item(item.into()),
            WorldEntry::Quest(quest) => Entry::Quest(quest.into()),
            WorldEntry::Treasure(treasure) => Entry::Treasure(treasure.into()),
        }
    }
}

impl<'a> From<&'a WorldSetting> for Setting<'a> {
    fn from(WorldSetting { title, tagline, description, tags }: &'a WorldSetting) -> Self {
        Setting { title, tagline, description, tags }
    }
}

impl<'a> From<&'a WorldChapter> for Chapter<'a> {
    fn from(chapter: &'a WorldChapter) -> Self {
        let WorldChapter { order, title, summary, opening, required_level } = chapter;
        Chapter { order: *order, title, summary, opening, required_level: *required_level }
    }
}

impl<'a> From<&'a WorldCharacter> for Character<'a> {
    fn from(character: &'a WorldCharacter) -> Self {
        Character {
            name: &character.name,
            description: &character.description,
            greeting: &character.greeting,
            initial_affinity: character.initial_affinity,
            relations: each(&character.relations),
        }
    }
}

impl<'a> From<&'a CharacterRelation> for Relation<'a> {
    fn from(CharacterRelation { character_key, affinity }: &'a CharacterRelation) -> Self {
        Relation { character_key, affinity: *affinity }
    }
}

impl<'a> From<&'a WorldEnemy> for Enemy<'a> {
    fn from(enemy: &'a WorldEnemy) -> Self {
        let CombatStats { health, energy, attack, defense, speed } = enemy.stats;
        Enemy {
            name: &enemy.name,
            description: &enemy.description,
            stats: Stats { health, energy, attack, defense, speed },
            skills: each(&enemy.skills),
            experience: enemy.experience,
            treasure_key: enemy.treasure_key.as_deref(),
        }
    }
}

impl<'a> From<&'a CombatSkill> for Skill<'a> {
    fn from(skill: &'a CombatSkill) -> Self {
        Skill {
            key: &skill.key,
            name: &skill.name,
            power: skill.power,
            cost: skill.cost,
            cooldown_turns: skill.cooldown_turns,
            effect: skill.effect.map(Effect::from),
        }
    }
}

impl From<StatusEffectSpec> for Effect {
    fn from(StatusEffectSpec { kind: _, strength, turns }: StatusEffectSpec) -> Self {
        Effect { strength, turns }
    }
}

impl<'a> From<&'a WorldItem> for Item<'a> {
    fn from(item: &'a WorldItem) -> Self {
        Item {
            name: &item.name,
            description: &item.description,
            stack_max: item.stack_max,
            wear: if item.equip_slot.is_some() { Wear::Worn } else { Wear::Carried },
            attributes: each(&item.attributes),
            skill: item.skill.as_ref().map(Skill::from),
            usage: item.usage.map(Usage::from),
        }
    }
}

impl From<&ItemAttributeRange> for AttributeRange {
    fn from(range: &ItemAttributeRange) -> Self {
        AttributeRange { attribute: range.attribute as u8, min: range.min, max: range.max }
    }
}

impl From<ItemUse> for Usage {
    fn from(usage: ItemUse) -> Self {
        match usage {
            ItemUse::Heal(amount) | ItemUse::Refresh(amount) | ItemUse::Harm(amount) => Usage::Amount(amount),
            ItemUse::Status(effect) => Usage::Status(effect.into()),
        }
    }
}

impl<'a> From<&'a WorldQuest> for Quest<'a> {
    fn from(quest: &'a WorldQuest) -> Self {
        Quest {
            title: &quest.title,
            description: &quest.description,
            giver_key: quest.giver_key.as_deref(),
            chapter_key: quest.chapter_key.as_deref(),
            requires: &quest.requires,
            objectives: each(&quest.objectives),
            experience: quest.experience,
            rewards: each(&quest.rewards),
        }
    }
}

impl<'a> From<&'a QuestObjective> for Objective<'a> {
    fn from(objective: &'a QuestObjective) -> Self {
        let QuestObjective { key, kind: _, target_key, count, description } = objective;
        Objective { key, target_key, count: *count, description }
    }
}

impl<'a> From<&'a ItemAmount> for Reward<'a> {
    fn from(ItemAmount { item_key, quantity }: &'a ItemAmount) -> Self {
        Reward { item_key, quantity: *quantity }
    }
}

impl<'a> From<&'a WorldTreasure> for Treasure<'a> {
    fn from(treasure: &'a WorldTreasure) -> Self {
        Treasure {
            name: &treasure.name,
            description: &treasure.description,
            chapter_key: treasure.chapter_key.as_deref(),
            draws: treasure.draws,
            loot: each(&treasure.loot),
        }
    }
}

impl<'a> From<&'a LootEntry> for Loot<'a> {
    fn from(LootEntry { item_key, weight, quantity_min, quantity_max }: &'a LootEntry) -> Self {
        Loot { item_key, weight: *weight, quantity_min: *quantity_min, quantity_max: *quantity_max }
    }
}

fn each<'a, T, V: From<&'a T>>(list: &'a [T]) -> Vec<V> {
    let mut views = Vec::with_capacity(list.len());
    for one in list {
        views.push(one.into());
    }
    views
}
