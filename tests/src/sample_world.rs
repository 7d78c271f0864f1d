//! A small world with something of every kind, as drafts and seeded databases hold it.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use worldloom_client::{
    CharacterRelation, CombatSkill, CombatStats, EquipSlot, ItemAmount, ItemAttribute, ItemAttributeRange, ItemUse,
    LootEntry, QuestObjective, QuestObjectiveKind, StatusEffectKind, StatusEffectSpec, WorldChapter, WorldCharacter,
    WorldEnemy, WorldEntry, WorldItem, WorldQuest, WorldSetting, WorldTreasure,
};

/// The tags of which a varied world has two.
pub const TAGS: [&str; 6] = ["mystery", "comedy", "short", "epic", "cosy", "dark"];

/// The sample world, always the same.
pub fn entries(title: &str) -> Vec<(String, WorldEntry)> {
    varied_entries(title, &mut StdRng::seed_from_u64(0))
}

/// The sample world with drawn numbers and tags: two chapters, two characters, two enemies that a
/// beginner defeats and one that nobody does, three items, a quest and two treasures.
pub fn varied_entries(title: &str, chance: &mut StdRng) -> Vec<(String, WorldEntry)> {
    let entries = [
        ("setting", setting(title, chance)),
        ("arrival", chapter(1, "Arrival", 1)),
        ("depths", chapter(2, "Depths", 2)),
        ("keeper", character("Keeper", "child", chance)),
        ("child", character("Child", "keeper", chance)),
        ("rat", enemy("Rat", 12, chance.gen_range(2..6), None)),
        ("warden", enemy("Warden", 30, chance.gen_range(2..6), Some("chest"))),
        ("dragon", enemy("Dragon", 900, 90, None)),
        ("bread", item("Bread", 10, None, Some(ItemUse::Heal(15)))),
        ("coal", item("Coal", 50, None, None)),
        ("lamp", item("Lamp", 1, Some(EquipSlot::Weapon), None)),
        ("errand", quest()),
        ("sack", treasure("Sack", Some("arrival"), &["bread", "coal"])),
        ("chest", treasure("Chest", None, &["lamp"])),
    ];
    entries.map(|(key, entry)| (key.to_owned(), entry)).to_vec()
}

/// The kind of an entry, for keys.
pub const fn kind_name(entry: &WorldEntry) -> &'static str {
    match entry {
        WorldEntry::Setting(_) => "setting",
        WorldEntry::Chapter(_) => "chapter",
        WorldEntry::Character(_) => "character",
        WorldEntry::Enemy(_) => "enemy",
        WorldEntry::Item(_) => "item",
        WorldEntry::Quest(_) => "quest",
        WorldEntry::Treasure(_) => "treasure",
    }
}

fn setting(title: &str, chance: &mut StdRng) -> WorldEntry {
    let tags = TAGS.choose_multiple(chance, 2).map(|&tag| tag.to_owned()).collect();
    WorldEntry::Setting(WorldSetting {
        title: title.to_owned(),
        tagline: "Made to fill a database.".to_owned(),
        description: "A place that nobody has seen before today.".to_owned(),
        tags,
    })
}

fn chapter(order: u32, title: &str, required_level: u32) -> WorldEntry {
    WorldEntry::Chapter(WorldChapter {
        order,
        title: title.to_owned(),
        summary: format!("{title}, in a sentence."),
        opening: format!("{title}. Somebody has left a light on."),
        required_level,
    })
}

fn character(name: &str, other: &str, chance: &mut StdRng) -> WorldEntry {
    WorldEntry::Character(WorldCharacter {
        name: name.to_owned(),
        description: format!("{name}, who has been here for long."),
        greeting: "You are early.".to_owned(),
        initial_affinity: chance.gen_range(-20..=20),
        relations: vec![CharacterRelation { character_key: other.to_owned(), affinity: chance.gen_range(-50..=50) }],
    })
}

fn enemy(name: &str, health: u32, attack: u32, treasure: Option<&str>) -> WorldEntry {
    WorldEntry::Enemy(WorldEnemy {
        name: name.to_owned(),
        description: format!("{name}, in the way."),
        stats: CombatStats { health, energy: 10, attack, defense: 1, speed: 4 },
        skills: vec![CombatSkill {
            key: "bite".to_owned(),
            name: "Bite".to_owned(),
            power: 3,
            cost: 4,
            cooldown_turns: 2,
            effect: Some(StatusEffectSpec { kind: StatusEffectKind::Poison, strength: 1, turns: 2 }),
        }],
        experience: 25,
        treasure_key: treasure.map(str::to_owned),
    })
}

fn item(name: &str, stack_max: u32, equip_slot: Option<EquipSlot>, usage: Option<ItemUse>) -> WorldEntry {
    let attributes =
        equip_slot.iter().map(|_| ItemAttributeRange { attribute: ItemAttribute::Attack, min: 1, max: 4 }).collect();
    WorldEntry::Item(WorldItem {
        name: name.to_owned(),
        description: format!("{name}, of the usual kind."),
        stack_max,
        equip_slot,
        attributes,
        skill: None,
        usage,
        tradable: true,
    })
}

fn quest() -> WorldEntry {
    WorldEntry::Quest(WorldQuest {
        title: "An errand".to_owned(),
        description: "The keeper is troubled by a rat.".to_owned(),
        giver_key: Some("keeper".to_owned()),
        chapter_key: None,
        requires: Vec::new(),
        objectives: vec![QuestObjective {
            key: "rat".to_owned(),
            kind: QuestObjectiveKind::Defeat,
            target_key: "rat".to_owned(),
            count: 1,
            description: "Defeat the rat.".to_owned(),
        }],
        experience: 60,
        rewards: vec![ItemAmount { item_key: "bread".to_owned(), quantity: 2 }],
    })
}

fn treasure(name: &str, chapter_key: Option<&str>, items: &[&str]) -> WorldEntry {
    let loot = items.iter().map(|&item_key| LootEntry {
        item_key: item_key.to_owned(),
        weight: 1,
        quantity_min: 1,
        quantity_max: 3,
    });
    WorldEntry::Treasure(WorldTreasure {
        name: name.to_owned(),
        description: format!("{name}, closed."),
        chapter_key: chapter_key.map(str::to_owned),
        draws: 2,
        loot: loot
            .map(|entry| LootEntry { quantity_max: if entry.item_key == "lamp" { 1 } else { 3 }, ..entry })
            .collect(),
    })
}
