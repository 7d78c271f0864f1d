//! What an agent neither sees nor writes of an entry, and so must not lose when it writes the entry anew.

use worldloom_client::{ItemUse, WorldEntry, WorldItem};

/// Gives `entry`, which is to take the place of `present`, what no agent writes.
pub fn keep(entry: &mut WorldEntry, present: &WorldEntry) {
    match (entry, present) {
        (WorldEntry::Enemy(enemy), WorldEntry::Enemy(present)) => enemy.skills.clone_from(&present.skills),
        (WorldEntry::Item(item), WorldEntry::Item(present)) => keep_of_item(item, present),
        // Of the other kinds an agent sees all.
        _ => {}
    }
}

/// An item that is worn can have a skill and no use, any other a use and no skill.
fn keep_of_item(item: &mut WorldItem, present: &WorldItem) {
    if item.equip_slot.is_some() {
        item.skill.clone_from(&present.skill);
    } else if item.usage.is_none() {
        // Healing is what an agent writes, so it has taken that away.
        item.usage = present.usage.clone().filter(|usage| !matches!(usage, ItemUse::Heal(_)));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use worldloom_client::{
        CombatSkill, CombatStats, CustomWorldChange, EquipSlot, StatusEffectKind, StatusEffectSpec, WorldEnemy,
        WorldEntryKind,
    };

    use super::super::Answer;
    use super::*;

    fn skill() -> CombatSkill {
        CombatSkill {
            key: "bite".into(),
            name: "Bite".into(),
            power: 4,
            cost: 1,
            cooldown_turns: 2,
            effect: Some(StatusEffectSpec { kind: StatusEffectKind::Poison, strength: 1, turns: 3 }),
        }
    }

    fn item(equip_slot: Option<EquipSlot>, skill: Option<CombatSkill>, usage: Option<ItemUse>) -> WorldItem {
        let (name, description) = ("Lamp".to_owned(), "It glows.".to_owned());
        let stack_max = if equip_slot.is_some() { 1 } else { 10 };
        WorldItem { name, description, stack_max, equip_slot, attributes: Vec::new(), skill, usage, tradable: true }
    }

    /// The entry that is proposed when an agent writes this one under the key of `present`.
    fn replaced(list: &str, written: Value, present: &WorldEntry) -> WorldEntry {
        let answer: Answer = serde_json::from_value(json!({ list: [written] })).unwrap();
        let mut changes = answer.changes(|_, key| (key == "one").then_some(present));
        match changes.remove(0) {
            CustomWorldChange::Replace(keyed) => keyed.entry,
            other => panic!("{other:?}"),
        }
    }

    fn written(slot: Value, heal: Value) -> Value {
        let stack_max = if slot.is_null() { 10 } else { 1 };
        json!({
            "key": "one", "name": "Lantern", "description": "It glows.", "stack_max": stack_max, "equip_slot": slot,
            "attributes": [], "heal": heal, "tradable": true,
        })
    }

    #[track_caller]
    fn check(present: WorldItem, written: Value, skill: Option<CombatSkill>, usage: Option<ItemUse>) {
        let WorldEntry::Item(item) = replaced("items", written, &WorldEntry::Item(present)) else {
            panic!("an item stays one")
        };
        assert_eq!((item.name.as_str(), item.skill, item.usage), ("Lantern", skill, usage));
    }

    #[test]
    fn an_enemy_that_is_written_anew_keeps_its_skills() {
        let stats = CombatStats { health: 9, energy: 0, attack: 1, defense: 0, speed: 1 };
        let present = WorldEntry::Enemy(WorldEnemy {
            name: "Rat".into(),
            description: "Grey.".into(),
            stats,
            skills: vec![skill()],
            experience: 1,
            treasure_key: None,
        });
        let written = json!({
            "key": "one", "name": "Rat king", "description": "Greyer.", "health": 20, "energy": 0, "attack": 2,
            "defense": 1, "speed": 1, "experience": 5, "treasure_key": null,
        });
        let WorldEntry::Enemy(enemy) = replaced("enemies", written, &present) else { panic!("an enemy stays one") };
        assert_eq!((enemy.name.as_str(), enemy.stats.health, enemy.skills), ("Rat king", 20, vec![skill()]));
    }

    #[test]
    fn an_item_that_is_written_anew_keeps_what_no_agent_writes() {
        let worn = || item(Some(EquipSlot::Weapon), Some(skill()), None);
        check(worn(), written(json!("armor"), Value::Null), Some(skill()), None);
        check(worn(), written(Value::Null, Value::Null), None, None);
        let status = ItemUse::Status(StatusEffectSpec { kind: StatusEffectKind::Poison, strength: 1, turns: 3 });
        for usage in [ItemUse::Refresh(5), ItemUse::Harm(5), status] {
            let used = || item(None, None, Some(usage.clone()));
            check(used(), written(Value::Null, Value::Null), None, Some(usage.clone()));
            check(used(), written(Value::Null, json!(7)), None, Some(ItemUse::Heal(7)));
            check(used(), written(json!("weapon"), Value::Null), None, None);
        }
        check(item(None, None, Some(ItemUse::Heal(5))), written(Value::Null, Value::Null), None, None);
    }

    #[test]
    fn what_takes_no_place_is_added_as_it_was_written() {
        let answer: Answer = serde_json::from_value(json!({ "items": [written(Value::Null, json!(7))] })).unwrap();
        let changes = answer.changes(|_: WorldEntryKind, _| None);
        assert!(matches!(changes.as_slice(), [CustomWorldChange::Add(_)]), "{changes:?}");
    }
}
