//! Between entries as agents write them and entries as the module holds them.

use super::*;

impl From<&Setting> for WorldSetting {
    fn from(one: &Setting) -> Self {
        let Setting { title, tagline, description, tags } = one.clone();
        Self { title, tagline, description, tags }
    }
}

impl From<WorldSetting> for Setting {
    fn from(WorldSetting { title, tagline, description, tags }: WorldSetting) -> Self {
        Self { title, tagline, description, tags }
    }
}

impl From<&Chapter> for WorldChapter {
    fn from(one: &Chapter) -> Self {
        let Chapter { key: _, order, title, summary, opening, required_level } = one.clone();
        Self { order, title, summary, opening, required_level }
    }
}

impl Chapter {
    pub(super) fn of(key: String, one: WorldChapter) -> Self {
        let WorldChapter { order, title, summary, opening, required_level } = one;
        Self { key, order, title, summary, opening, required_level }
    }
}

impl From<&Character> for WorldCharacter {
    fn from(one: &Character) -> Self {
        let Character { key: _, name, description, greeting, initial_affinity, relations } = one.clone();
        let relations = relations
            .into_iter()
            .map(|to| CharacterRelation { character_key: to.character_key, affinity: to.affinity });
        Self { name, description, greeting, initial_affinity, relations: relations.collect() }
    }
}

impl Character {
    pub(super) fn of(key: String, one: WorldCharacter) -> Self {
        let WorldCharacter { name, description, greeting, initial_affinity, relations } = one;
        let relations =
            relations.into_iter().map(|to| Relation { character_key: to.character_key, affinity: to.affinity });
        Self { key, name, description, greeting, initial_affinity, relations: relations.collect() }
    }
}

impl From<&Enemy> for WorldEnemy {
    fn from(one: &Enemy) -> Self {
        let Enemy { key: _, name, description, health, energy, attack, defense, speed, experience, treasure_key } =
            one.clone();
        let stats = CombatStats { health, energy, attack, defense, speed };
        Self { name, description, stats, skills: Vec::new(), experience, treasure_key }
    }
}

impl Enemy {
    pub(super) fn of(key: String, one: WorldEnemy) -> Self {
        let WorldEnemy { name, description, stats, skills: _, experience, treasure_key } = one;
        let CombatStats { health, energy, attack, defense, speed } = stats;
        Self { key, name, description, health, energy, attack, defense, speed, experience, treasure_key }
    }
}

impl From<&Item> for WorldItem {
    fn from(one: &Item) -> Self {
        let Item { key: _, name, description, stack_max, equip_slot, attributes, heal, tradable } = one.clone();
        let equip_slot = equip_slot.map(|slot| match slot {
            Slot::Weapon => EquipSlot::Weapon,
            Slot::Armor => EquipSlot::Armor,
            Slot::Accessory => EquipSlot::Accessory,
        });
        let attributes = attributes.into_iter().map(|range| ItemAttributeRange {
            attribute: match range.attribute {
                AttributeName::Health => ItemAttribute::Health,
                AttributeName::Energy => ItemAttribute::Energy,
                AttributeName::Attack => ItemAttribute::Attack,
                AttributeName::Defense => ItemAttribute::Defense,
                AttributeName::Speed => ItemAttribute::Speed,
            },
            min: range.min,
            max: range.max,
        });
        let (attributes, usage) = (attributes.collect(), heal.map(ItemUse::Heal));
        Self { name, description, stack_max, equip_slot, attributes, skill: None, usage, tradable }
    }
}

impl Item {
    pub(super) fn of(key: String, one: WorldItem) -> Self {
        let WorldItem { name, description, stack_max, equip_slot, attributes, skill: _, usage, tradable } = one;
        let equip_slot = equip_slot.map(|slot| match slot {
            EquipSlot::Weapon => Slot::Weapon,
            EquipSlot::Armor => Slot::Armor,
            EquipSlot::Accessory => Slot::Accessory,
        });
        let attributes = attributes.into_iter().map(|range| Attribute {
            attribute: match range.attribute {
                ItemAttribute::Health => AttributeName::Health,
                ItemAttribute::Energy => AttributeName::Energy,
                ItemAttribute::Attack => AttributeName::Attack,
                ItemAttribute::Defense => AttributeName::Defense,
                ItemAttribute::Speed => AttributeName::Speed,
            },
            min: range.min,
            max: range.max,
        });
        let heal = match usage {
            Some(ItemUse::Heal(amount)) => Some(amount),
            _ => None,
        };
        Self { key, name, description, stack_max, equip_slot, attributes: attributes.collect(), heal, tradable }
    }
}

impl ObjectiveName {
    /// What it names by its key.
    pub(super) const fn target(self) -> KindName {
        match self {
            ObjectiveName::Defeat => KindName::Enemy,
            ObjectiveName::Talk => KindName::Character,
            ObjectiveName::Collect => KindName::Item,
            ObjectiveName::Open => KindName::Treasure,
            ObjectiveName::Reach => KindName::Chapter,
        }
    }

    const fn kind(self) -> QuestObjectiveKind {
        match self {
            ObjectiveName::Defeat => QuestObjectiveKind::Defeat,
            ObjectiveName::Talk => QuestObjectiveKind::Talk,
            ObjectiveName::Collect => QuestObjectiveKind::Collect,
            ObjectiveName::Open => QuestObjectiveKind::Open,
            ObjectiveName::Reach => QuestObjectiveKind::Reach,
        }
    }

    const fn of(kind: &QuestObjectiveKind) -> Self {
        match kind {
            QuestObjectiveKind::Defeat => ObjectiveName::Defeat,
            QuestObjectiveKind::Talk => ObjectiveName::Talk,
            QuestObjectiveKind::Collect => ObjectiveName::Collect,
            QuestObjectiveKind::Open => ObjectiveName::Open,
            QuestObjectiveKind::Reach => ObjectiveName::Reach,
        }
    }
}

impl From<&Quest> for WorldQuest {
    fn from(one: &Quest) -> Self {
        let Quest { key: _, title, description, giver_key, chapter_key, requires, objectives, experience, rewards } =
            one.clone();
        let objectives = objectives.into_iter().map(|Objective { key, kind, target_key, count, description }| {
            QuestObjective { key, kind: kind.kind(), target_key, count, description }
        });
        let rewards = rewards.into_iter().map(|Reward { item_key, quantity }| ItemAmount { item_key, quantity });
        let (objectives, rewards) = (objectives.collect(), rewards.collect());
        Self { title, description, giver_key, chapter_key, requires, objectives, experience, rewards }
    }
}

impl Quest {
    pub(super) fn of(key: String, one: WorldQuest) -> Self {
        let WorldQuest { title, description, giver_key, chapter_key, requires, objectives, experience, rewards } = one;
        let objectives = objectives.into_iter().map(|QuestObjective { key, kind, target_key, count, description }| {
            Objective { key, kind: ObjectiveName::of(&kind), target_key, count, description }
        });
        let rewards = rewards.into_iter().map(|ItemAmount { item_key, quantity }| Reward { item_key, quantity });
        let (objectives, rewards) = (objectives.collect(), rewards.collect());
        Self { key, title, description, giver_key, chapter_key, requires, objectives, experience, rewards }
    }
}

impl From<&Treasure> for WorldTreasure {
    fn from(one: &Treasure) -> Self {
        let Treasure { key: _, name, description, chapter_key, draws, loot } = one.clone();
        let loot = loot.into_iter().map(|Loot { item_key, weight, quantity_min, quantity_max }| LootEntry {
            item_key,
            weight,
            quantity_min,
            quantity_max,
        });
        Self { name, description, chapter_key, draws, loot: loot.collect() }
    }
}

impl Treasure {
    pub(super) fn of(key: String, one: WorldTreasure) -> Self {
        let WorldTreasure { name, description, chapter_key, draws, loot } = one;
        let loot = loot.into_iter().map(|LootEntry { item_key, weight, quantity_min, quantity_max }| Loot {
            item_key,
            weight,
            quantity_min,
            quantity_max,
        });
        Self { key, name, description, chapter_key, draws, loot: loot.collect() }
    }
}
