//! The ends of a battle, and what a victory brings.

use spacetime_module::*;

use super::Scene;
use crate::world::Actor;

const STRONG: CombatStats = CombatStats { health: 900, energy: 0, attack: 500, defense: 50, speed: 90 };

#[test]
fn a_victory_is_rewarded_in_the_same_transaction() {
    let scene = Scene::new();
    let begun = scene.begin("ghost");
    scene.world.advance(9);
    let won = scene.fight(begun, BattleAction::Attack);
    assert_eq!(won.status, BattleStatus::Victory);
    assert_eq!((won.enemy.health, won.ended_at), (0, Some(scene.world.now())));
    assert_eq!(won.last_events.last().unwrap().kind, BattleEventKind::Fell);

    let [victory] = scene.world.see(Actor::Alice, my_battle_victories).try_into().unwrap();
    assert_eq!((victory.enemy_key.as_str(), victory.victories), ("ghost", 1));
    assert_eq!(victory.treasure_key.as_deref(), Some("chest"));
    assert_eq!((victory.session_id, victory.first_won_at), (scene.story.session_id, scene.world.now()));
    let ProgressionRecord { progression, chapters } = scene.progression();
    assert_eq!((progression.experience, progression.level), (60, 1));
    assert_eq!((chapters[0].chapter_key.as_str(), chapters[0].experience), ("arrival", 60));
    assert!(scene.world.see(Actor::Bob, my_battle_victories).is_empty());
}

#[test]
fn a_story_tells_how_its_battles_ended() {
    let weak = CombatStats { health: 1, energy: 0, attack: 0, defense: 0, speed: 0 };
    let scene = Scene::with_enemy(weak, Vec::new(), 0);
    scene.win("rat");
    let fled = scene.fight(scene.begin("foe"), BattleAction::Flee);
    assert_eq!(fled.status, BattleStatus::Fled);
    let mut told: Vec<_> = scene.world.see(Actor::Alice, my_story_events);
    told.sort_by_key(|event| event.number);
    let told: Vec<_> = told.into_iter().map(|event| (event.number, event.kind, event.subject_key)).collect();
    let expected =
        [(1, StoryEventKind::BattleWon, "rat".to_owned()), (2, StoryEventKind::BattleFled, "foe".to_owned())];
    assert_eq!(told, expected);

    let scene = Scene::with_enemy(STRONG, Vec::new(), 0);
    scene.fight(scene.begin("foe"), BattleAction::Attack);
    let [told] = scene.world.see(Actor::Alice, my_story_events).try_into().unwrap();
    assert_eq!((told.kind, told.subject_key.as_str()), (StoryEventKind::BattleLost, "foe"));
}

#[test]
fn every_victory_counts() {
    let scene = Scene::new();
    scene.win("rat");
    scene.world.advance(1);
    scene.win("rat");
    let [victory] = scene.world.see(Actor::Alice, my_battle_victories).try_into().unwrap();
    assert_eq!(victory.victories, 2);
    assert!(victory.first_won_at < victory.last_won_at);
    assert_eq!(scene.progression().progression.experience, 20);
    assert_eq!(scene.world.rows()["experience_award"].len(), 2);
}

#[test]
fn a_defeat_brings_nothing() {
    let scene = Scene::with_enemy(STRONG, Vec::new(), 50);
    let lost = scene.fight(scene.begin("foe"), BattleAction::Attack);
    assert_eq!((lost.status, lost.player.health), (BattleStatus::Defeat, 0));
    assert!(lost.ended_at.is_some());
    assert_eq!(scene.world.see(Actor::Alice, my_battle_victories), []);
    assert_eq!(scene.world.see(Actor::Alice, my_progression), []);
    assert_eq!(scene.begin("foe").player.health, 100, "the next battle begins afresh");
}

#[test]
fn a_flight_ends_it_sooner_or_later() {
    let slow = CombatStats { health: 100, energy: 0, attack: 0, defense: 0, speed: 0 };
    let scene = Scene::with_enemy(slow, Vec::new(), 50);
    let fled = scene.fight(scene.begin("foe"), BattleAction::Flee);
    assert_eq!(fled.status, BattleStatus::Fled);
    assert_eq!(fled.last_events.last().unwrap().kind, BattleEventKind::Fled);
    assert_eq!(scene.world.see(Actor::Alice, my_progression), []);
}

#[test]
fn a_battle_that_nobody_wins_ends_all_the_same() {
    let wall = CombatStats { health: u32::MAX, energy: u32::MAX, attack: 0, defense: u32::MAX, speed: u32::MAX };
    let scene = Scene::with_enemy(wall, Vec::new(), u64::MAX);
    // Each blow costs 1 point at least, so that more than 100 must be there for 100 rounds.
    scene.win("ghost");
    scene.win("ghost");
    let begun = scene.begin("foe");
    assert_eq!(begun.player.health, 120);
    assert_eq!(begun.enemy.stats.health, module_combat::HEALTH_MAX, "brought within bounds");
    let parted = scene.fight(begun, BattleAction::Defend);
    assert_eq!((parted.status, parted.next_round), (BattleStatus::Fled, module_combat::ROUNDS_MAX + 1));
    assert_eq!(parted.last_events.last().unwrap().kind, BattleEventKind::Parted);
}

#[test]
fn the_strongest_enemy_wins_without_overflow() {
    let everything = StatusEffectKind::Rage;
    let skill = CombatSkill {
        key: "all".to_owned(),
        name: "All".to_owned(),
        power: u32::MAX,
        cost: 0,
        cooldown_turns: u32::MAX,
        effect: Some(StatusEffectSpec { kind: everything, strength: u32::MAX, turns: u32::MAX }),
    };
    let most = CombatStats { health: u32::MAX, energy: u32::MAX, attack: u32::MAX, defense: u32::MAX, speed: u32::MAX };
    let scene = Scene::with_enemy(most, vec![skill; 40], u64::MAX);
    let begun = scene.begin("foe");
    assert_eq!(begun.enemy.skills.len(), 1, "keys are unique");
    assert_eq!(scene.fight(begun, BattleAction::Attack).status, BattleStatus::Defeat);
}
