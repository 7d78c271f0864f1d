//! Entries held against the rules of the game module, which are the same code there.

use module_custom_world::{
    AttributeRange, Chapter, Character, Effect, Enemy, Entry, Item, Loot, Objective, Quest, Relation, Reward, Setting,
    Skill, Stats, Treasure, Usage, Wear,
};
use worldloom_client::{
    CombatSkill, CustomWorldChange, ItemUse, StatusEffectSpec, WorldChapter, WorldCharacter, WorldEnemy, WorldEntry,
    WorldItem, WorldQuest, WorldSetting, WorldTreasure,
};

/// The rule that a change breaks, with the key of its entry; a removal breaks none.
pub fn broken_rule(change: &CustomWorldChange) -> Option<String> {
    match change {
        CustomWorldChange::Add(keyed) | CustomWorldChange::Replace(keyed) => {
            let broken = entry(&keyed.entry).check(&keyed.key).err()?;
            Some(format!("\"{}\": {broken}", keyed.key))
        }
        CustomWorldChange::Remove(_) => None,
    }
}

fn entry(entry: &WorldEntry) -> Entry<'_> {
    match entry {
        WorldEntry::Setting(one) => Entry::Setting(setting(one)),
        WorldEntry::Chapter(one) => Entry::Chapter(chapter(one)),
        WorldEntry::Character(one) => Entry::Character(character(one)),
        WorldEntry::Enemy(one) => Entry::Enemy(enemy(one)),
        WorldEntry::Item(one) => Entry::Item(item(one)),
        WorldEntry::Quest(one) => Entry::Quest(quest(one)),
        WorldEntry::Treasure(one) => Entry::Treasure(treasure(one)),
    }
}

fn setting(WorldSetting { title, tagline, description, tags }: &WorldSetting) -> Setting<'_> {
    Setting { title, tagline, description, tags }
}

fn chapter(WorldChapter { order, title, summary, opening, required_level }: &WorldChapter) -> Chapter<'_> {
    Chapter { order: *order, title, summary, opening, required_level: *required_level }
}

fn character(one: &WorldCharacter) -> Character<'_> {
    let relations = one.relations.iter().map(|to| Relation { character_key: &to.character_key, affinity: to.affinity });
    Character {
        name: &one.name,
        description: &one.description,
        greeting: &one.greeting,
        initial_affinity: one.initial_affinity,
        relations: relations.collect(),
    }
}

fn enemy(one: &WorldEnemy) -> Enemy<'_> {
    let stats = &one.stats;
    Enemy {
        name: &one.name,
        description: &one.description,
        stats: Stats {
            health: stats.health,
            energy: stats.energy,
            attack: stats.attack,
            defense: stats.defense,
            speed: stats.speed,
        },
        skills: one.skills.iter().map(skill).collect(),
        experience: one.experience,
        treasure_key: one.treasure_key.as_deref(),
    }
}

fn skill(one: &CombatSkill) -> Skill<'_> {
    Skill {
        key: &one.key,
        name: &one.name,
        power: one.power,
        cost: one.cost,
        cooldown_turns: one.cooldown_turns,
        effect: one.effect.as_ref().map(effect),
    }
}

fn effect(one: &StatusEffectSpec) -> Effect {
    Effect { strength: one.strength, turns: one.turns }
}

fn item(one: &WorldItem) -> Item<'_> {
    let attributes = one.attributes.iter().map(|range| AttributeRange {
        attribute: range.attribute as u8,
        min: range.min,
        max: range.max,
    });
    Item {
        name: &one.name,
        description: &one.description,
        stack_max: one.stack_max,
        wear: if one.equip_slot.is_some() { Wear::Worn } else { Wear::Carried },
        attributes: attributes.collect(),
        skill: one.skill.as_ref().map(skill),
        usage: one.usage.as_ref().map(usage),
    }
}

fn usage(one: &ItemUse) -> Usage {
    match one {
        ItemUse::Heal(amount) | ItemUse::Refresh(amount) | ItemUse::Harm(amount) => Usage::Amount(*amount),
        ItemUse::Status(spec) => Usage::Status(effect(spec)),
    }
}

fn quest(one: &WorldQuest) -> Quest<'_> {
    let objectives = one.objectives.iter().map(|objective| Objective {
        key: &objective.key,
        target_key: &objective.target_key,
        count: objective.count,
        description: &objective.description,
    });
    let rewards = one.rewards.iter().map(|reward| Reward { item_key: &reward.item_key, quantity: reward.quantity });
    Quest {
        title: &one.title,
        description: &one.description,
        giver_key: one.giver_key.as_deref(),
        chapter_key: one.chapter_key.as_deref(),
        requires: &one.requires,
        objectives: objectives.collect(),
        experience: one.experience,
        rewards: rewards.collect(),
    }
}

fn treasure(one: &WorldTreasure) -> Treasure<'_> {
    let loot = one.loot.iter().map(|loot| Loot {
        item_key: &loot.item_key,
        weight: loot.weight,
        quantity_min: loot.quantity_min,
        quantity_max: loot.quantity_max,
    });
    Treasure {
        name: &one.name,
        description: &one.description,
        chapter_key: one.chapter_key.as_deref(),
        draws: one.draws,
        loot: loot.collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Answer;
    use super::*;

    #[track_caller]
    fn check(list: &str, written: Value, expected: Option<&str>) {
        let answer: Answer = serde_json::from_value(json!({ list: [written] })).unwrap();
        let broken: Vec<_> = answer.changes(|_, _| None).iter().filter_map(broken_rule).collect();
        assert_eq!(broken.first().map(String::as_str), expected, "{broken:?}");
    }

    fn character(name: &str, relations: Value) -> Value {
        json!({
            "key": "mara", "name": name, "description": "Keeps the mill.", "greeting": "", "initial_affinity": 0,
            "relations": relations,
        })
    }

    #[test]
    fn what_the_module_would_refuse_is_found_with_its_key() {
        check("characters", character("Mara", json!([])), None);
        // Lengths are of bytes, which no schema counts.
        let name = "ä".repeat(61);
        let too_long = "\"mara\": The length of `name` in bytes may be at most 120, not 122.";
        check("characters", character(&name, json!([])), Some(too_long));
        let herself = json!([{ "character_key": "mara", "affinity": 1 }]);
        let expected = "\"mara\": `relations` is not valid: name other characters only.";
        check("characters", character("Mara", herself), Some(expected));
        let chest = json!({
            "key": "chest", "name": "Chest", "description": "Oak.", "chapter_key": null, "draws": 1,
            "loot": [{ "item_key": "coin", "weight": 1, "quantity_min": 3, "quantity_max": 2 }],
        });
        let expected = "\"chest\": `quantity_min` is not valid: use at most the upper bound.";
        check("treasures", chest, Some(expected));
    }
}
