//! What a player carries and wears in a battle, and the treasure that a victory opens.

use spacetime_module::*;
use spacetimedb::{Table, Uuid};

use super::{Scene, insert_story};
use crate::inventory::{add_entry, drawn, give, insufficient, open};
use crate::world::{Actor, conflict};

const STURDY: CombatStats = CombatStats { health: 5_000, energy: 0, attack: 50, defense: 0, speed: 1 };

fn bread() -> BattleAction {
    BattleAction::Item("bread".to_owned())
}

impl Scene {
    fn bag(&self) -> InventoryRecord {
        let world_id = self.story.world_id;
        self.world.call(Actor::Alice, |ctx| read_inventory_and_return(ctx, None, world_id)).unwrap()
    }

    fn give(&self, item_key: &str, quantity: u32) {
        give(&self.world, Actor::Alice, &self.story, item_key, quantity).unwrap();
    }

    /// Alice in another story of the same world, in a later version, where bread is used otherwise.
    fn in_later_version(self, usage: Option<ItemUse>) -> Scene {
        let version_id = Uuid::from_random_bytes_v4([99; 16]);
        let entries: Vec<_> = self.world.test.db.custom_world_playable_entry().iter().collect();
        for row in entries.into_iter().filter(|row| row.version_id == self.story.version_id) {
            let entry = match row.entry {
                WorldEntry::Item(item) if row.key == "bread" => WorldEntry::Item(WorldItem { usage, ..item }),
                entry => entry,
            };
            add_entry(&self.world, version_id, &row.key, entry);
        }
        let versions = self.world.test.db.custom_world_version();
        let present = versions.version_id().find(self.story.version_id).unwrap();
        let version = CustomWorldVersion { version_id, version: 2, ..present };
        let story = insert_story(&self.world, Actor::Alice, &version, 8);
        Scene { world: self.world, story }
    }
}

/// What using bread in the next round does, and the battle after it.
fn eaten(scene: &Scene, battle: &BattleState) -> (u32, BattleState) {
    let battle = scene.play(battle, bread()).unwrap();
    let event = &battle.last_events[0];
    assert_eq!((event.side, event.kind), (BattleSide::Player, BattleEventKind::UsedItem));
    (event.amount, battle)
}

#[test]
fn an_item_is_used_up_with_its_round() {
    let scene = Scene::with_enemy(STURDY, Vec::new(), 1);
    scene.give("bread", 2);
    let battle = scene.play(&scene.begin("foe"), BattleAction::Defend).unwrap();
    let hurt = battle.player.health;
    assert!(hurt < 85, "{hurt}");
    let eaten = scene.play(&battle, bread());
    let event = &eaten.as_ref().unwrap().last_events[0];
    assert_eq!((event.kind, event.amount), (BattleEventKind::UsedItem, 15));
    assert_eq!((event.item_key.as_deref(), event.side), (Some("bread"), BattleSide::Player));
    assert_eq!(drawn(&scene.bag()), "0:bread*1");
    assert_eq!(scene.play(&battle, bread()), eaten, "a repeated round");
    assert_eq!(drawn(&scene.bag()), "0:bread*1", "uses up nothing more");
}

#[test]
fn what_one_does_not_have_is_not_used() {
    let scene = Scene::with_enemy(CombatStats { attack: 0, ..STURDY }, Vec::new(), 1);
    let battle = scene.begin("foe");
    let refusal = scene.world.refused(|_| scene.play(&battle, bread()));
    assert_eq!(refusal.code, insufficient(1, 0));
    scene.give("bread", 1);
    let battle = scene.play(&battle, bread()).unwrap();
    let refusal = scene.world.refused(|_| scene.play(&battle, bread()));
    assert_eq!(refusal.code, insufficient(1, 0));
}

#[test]
fn an_item_does_what_it_did_when_it_was_received() {
    let scene = Scene::with_enemy(STURDY, Vec::new(), 1);
    scene.give("bread", 2);
    let scene = scene.in_later_version(None);
    let battle = scene.play(&scene.begin("foe"), BattleAction::Defend).unwrap();
    let (healed, battle) = eaten(&scene, &battle);
    assert_eq!((healed, drawn(&scene.bag()).as_str()), (15, "0:bread*1"), "whatever the later version says");
    let (healed, _) = eaten(&scene, &battle);
    assert_eq!((healed, scene.bag().items), (15, Vec::new()));
}

#[test]
fn what_is_used_is_taken_from_its_own_stack() {
    let scene = Scene::with_enemy(STURDY, Vec::new(), 1);
    scene.give("bread", 1);
    let scene = scene.in_later_version(Some(ItemUse::Heal(1)));
    scene.give("bread", 2);
    assert_eq!(drawn(&scene.bag()), "0:bread*1 1:bread*2", "they are not alike");
    let battle = scene.play(&scene.begin("foe"), BattleAction::Defend).unwrap();
    let (healed, battle) = eaten(&scene, &battle);
    assert_eq!((healed, drawn(&scene.bag()).as_str()), (15, "1:bread*2"), "the smallest stack is first");
    let (healed, _) = eaten(&scene, &battle);
    assert_eq!((healed, drawn(&scene.bag()).as_str()), (1, "1:bread*1"));
}

/// A thing that cannot be used keeps its place, and does not stand in the way of one that can be.
#[test]
fn what_can_be_used_is_found_beside_what_cannot() {
    let scene = Scene::with_enemy(STURDY, Vec::new(), 1);
    scene.give("bread", 3);
    let scene = scene.in_later_version(None);
    scene.give("bread", 1);
    let battle = scene.play(&scene.begin("foe"), BattleAction::Defend).unwrap();
    assert_eq!(eaten(&scene, &battle).0, 15);
    assert_eq!(drawn(&scene.bag()), "0:bread*2 1:bread*1");
}

#[test]
fn who_cannot_act_keeps_the_item() {
    let stun = CombatSkill {
        key: "glare".to_owned(),
        name: "Glare".to_owned(),
        power: 0,
        cost: 0,
        cooldown_turns: 0,
        effect: Some(StatusEffectSpec { kind: StatusEffectKind::Stun, strength: 0, turns: 1 }),
    };
    let quick = CombatStats { attack: 0, speed: 99, ..STURDY };
    let scene = Scene::with_enemy(quick, vec![stun], 1);
    scene.give("bread", 50);
    let mut battle = scene.begin("foe");
    let mut carried = 50;
    let mut kept = 0;
    for _ in 0..20 {
        battle = scene.play(&battle, bread()).unwrap();
        let did = |kind| battle.last_events.iter().any(|event| event.side == BattleSide::Player && event.kind == kind);
        if did(BattleEventKind::UsedItem) {
            carried -= 1;
        } else {
            assert!(did(BattleEventKind::Skipped));
            kept += 1;
        }
        let quantity: u32 = scene.bag().items.iter().map(|item| item.quantity).sum();
        assert_eq!(quantity, carried);
    }
    assert!(kept > 0 && carried < 50, "{kept} kept, {carried} left");
}

#[test]
fn what_is_worn_counts_from_the_next_battle() {
    let scene = Scene::with_enemy(CombatStats { attack: 0, ..STURDY }, Vec::new(), 1);
    let skill = CombatSkill {
        key: "sweep".to_owned(),
        name: "Sweep".to_owned(),
        power: 40,
        cost: 20,
        cooldown_turns: 1,
        effect: Some(StatusEffectSpec { kind: StatusEffectKind::Rage, strength: 7, turns: 3 }),
    };
    let attributes = vec![ItemAttributeRange { attribute: ItemAttribute::Attack, min: 4, max: 4 }];
    let scythe = WorldItem {
        name: "Scythe".to_owned(),
        description: "Sharp.".to_owned(),
        stack_max: 1,
        equip_slot: Some(EquipSlot::Weapon),
        attributes,
        skill: Some(skill.clone()),
        usage: None,
        tradable: true,
    };
    add_entry(&scene.world, scene.story.version_id, "scythe", WorldEntry::Item(scythe));
    scene.give("scythe", 1);
    let [instance] = scene.world.see(Actor::Alice, my_runtime_items).try_into().unwrap();
    scene.world.reduce(Actor::Alice, |ctx| equip_item(ctx, instance.runtime_item_id)).unwrap();

    let battle = scene.begin("foe");
    assert_eq!(battle.player.stats.attack, 14);
    assert_eq!(battle.player.skills, [BattleSkill { skill, ready_in: 0 }]);
    scene.world.reduce(Actor::Alice, |ctx| unequip_item(ctx, instance.runtime_item_id)).unwrap();
    let sweep = BattleAction::Skill("sweep".to_owned());
    let battle = scene.play(&battle, sweep.clone()).unwrap();
    assert_eq!((battle.player.energy, battle.player.skills[0].ready_in), (30, 1), "a battle goes on as it began");
    assert_eq!(battle.player.effects[0].kind, StatusEffectKind::Rage);
    assert!(battle.last_events[0].amount > 40 && battle.last_events[0].skill_key.as_deref() == Some("sweep"));

    let refusal = scene.world.refused(|_| scene.play(&battle, sweep.clone()));
    assert_eq!(refusal.code, conflict("0", "1"), "it rests");
    let battle = scene.play(&battle, BattleAction::Attack).unwrap();
    let battle = scene.play(&battle, sweep.clone()).unwrap();
    let battle = scene.play(&battle, BattleAction::Attack).unwrap();
    assert_eq!(battle.player.energy, 10);
    let refusal = scene.world.refused(|_| scene.play(&battle, sweep));
    assert_eq!(refusal.code, insufficient(20, 10));
}

#[test]
fn a_victory_opens_the_enemys_treasure() {
    let scene = Scene::new();
    let open = || open(&scene.world, Actor::Alice, &scene.story, "chest");
    assert_eq!(scene.world.refused(|_| open()).code, conflict("defeated", "standing"));
    scene.win("rat");
    assert_eq!(scene.world.refused(|_| open()).code, conflict("defeated", "standing"), "another enemy's");
    scene.win("ghost");
    assert_eq!(open().unwrap().treasure_key, "chest");
}
