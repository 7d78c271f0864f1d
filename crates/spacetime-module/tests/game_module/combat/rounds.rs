//! Rounds: each is played once, and can be played again from its seed.

use module_combat::{Action, Battle, play_round};
use spacetime_module::*;

use super::Scene;
use crate::world::{Actor, conflict};

/// An enemy that neither falls nor hurts much.
fn sturdy() -> CombatStats {
    CombatStats { health: 5_000, energy: 0, attack: 1, defense: 0, speed: 1 }
}

#[test]
fn a_round_is_an_action_and_its_answer() {
    let scene = Scene::with_enemy(sturdy(), Vec::new(), 1);
    let battle = scene.begin("foe");
    scene.world.advance(5);
    let played = scene.play(&battle, BattleAction::Attack).unwrap();
    assert_eq!((played.status, played.next_round), (BattleStatus::Active, 2));
    assert_eq!(played.last_action, Some(BattleAction::Attack));
    assert_eq!((played.updated_at, played.ended_at), (scene.world.now(), None));
    let [mine, its] = played.last_events.as_slice() else { panic!("{:?}", played.last_events) };
    assert_eq!((mine.side, mine.kind), (BattleSide::Player, BattleEventKind::Attacked));
    assert_eq!((its.side, its.kind), (BattleSide::Enemy, BattleEventKind::Attacked));
    assert_eq!(played.enemy.health, 5_000 - mine.amount);
    assert_eq!(played.player.health, 100 - its.amount);
    assert_eq!(scene.world.see(Actor::Alice, my_battles), [played]);
}

#[test]
fn a_repeated_round_is_answered_and_not_played() {
    let scene = Scene::with_enemy(sturdy(), Vec::new(), 1);
    let battle = scene.begin("foe");
    let played = scene.play(&battle, BattleAction::Defend).unwrap();
    let before = scene.world.rows();
    assert_eq!(scene.play(&battle, BattleAction::Defend), Ok(played.clone()));
    let again = CombatActionRequest { battle_id: battle.battle_id, round: 1, action: BattleAction::Defend };
    scene.world.reduce(Actor::Alice, |ctx| resolve_combat_action(ctx, again)).unwrap();
    assert_eq!(scene.world.rows(), before);

    let refusal = scene.world.refused(|_| scene.play(&battle, BattleAction::Attack));
    assert_eq!(refusal.code, conflict("2", "1"), "another action for a round that was played");
    let refusal = scene.world.refused(|_| scene.play_as(Actor::Alice, &battle, 3, BattleAction::Defend));
    assert_eq!(refusal.code, conflict("2", "3"));
}

#[test]
fn the_last_round_is_answered_after_the_end() {
    let scene = Scene::new();
    let won = scene.win("rat");
    let before = scene.world.rows();
    let again = scene.play_as(Actor::Alice, &won, won.next_round - 1, BattleAction::Attack);
    assert_eq!(again, Ok(won));
    assert_eq!(scene.world.rows(), before, "nothing is rewarded twice");
}

#[test]
fn a_battle_can_be_replayed_from_its_seeds() {
    let scene = Scene::new();
    let begun = scene.begin("ghost");
    assert!(scene.seeds_of(&begun).is_empty(), "nothing is decided before a round is played");
    let rule = |stats: CombatStats, skills: &[BattleSkill]| {
        let CombatStats { health, energy, attack, defense, speed } = stats;
        let stats = module_combat::Stats { health, energy, attack, defense, speed };
        let skills = skills.iter().map(|own| module_combat::Skill {
            key: own.skill.key.clone(),
            power: own.skill.power,
            cost: own.skill.cost,
            cooldown_turns: own.skill.cooldown_turns,
            effect: own.skill.effect.map(|effect| module_combat::Effect {
                kind: module_combat::EffectKind::Poison,
                strength: effect.strength,
                turns: effect.turns,
            }),
        });
        module_combat::Fighter::new(stats, skills)
    };
    let mut replayed = Battle {
        player: rule(begun.player.stats, &begun.player.skills),
        enemy: rule(begun.enemy.stats, &begun.enemy.skills),
    };
    let mut battle = begun;
    while battle.status == BattleStatus::Active {
        let (round, action) = match battle.next_round % 2 {
            0 => (battle.next_round, BattleAction::Attack),
            _ => (battle.next_round, BattleAction::Defend),
        };
        let rule_action = if action == BattleAction::Attack { Action::Attack } else { Action::Defend };
        battle = scene.play(&battle, action).unwrap();
        let seeds = scene.seeds_of(&battle);
        assert_eq!(seeds.len(), round as usize);
        let told = play_round(&mut replayed, seeds[round as usize - 1], round, rule_action).unwrap();
        let amounts = |event: &module_combat::Event| (event.amount, event.critical);
        let seen: Vec<_> = battle.last_events.iter().map(|event| (event.amount, event.critical)).collect();
        assert_eq!(seen, told.events.iter().map(amounts).collect::<Vec<_>>(), "round {round}");
        assert_eq!(battle.player.health, replayed.player.health);
        assert_eq!(battle.enemy.health, replayed.enemy.health);
        assert_eq!(battle.enemy.energy, replayed.enemy.energy);
    }
}

#[test]
fn the_enemy_uses_its_skills() {
    let venom = CombatSkill {
        key: "venom".to_owned(),
        name: "Venom".to_owned(),
        power: 0,
        cost: 0,
        cooldown_turns: 9,
        effect: Some(StatusEffectSpec { kind: StatusEffectKind::Poison, strength: 3, turns: 2 }),
    };
    let scene = Scene::with_enemy(sturdy(), vec![venom], 1);
    let mut battle = scene.begin("foe");
    let used = |battle: &BattleState| battle.last_events.iter().any(|event| event.kind == BattleEventKind::UsedSkill);
    while !used(&battle) {
        battle = scene.play(&battle, BattleAction::Defend).unwrap();
    }
    let poison = BattleEffect { kind: StatusEffectKind::Poison, strength: 3, turns_left: 2 };
    assert_eq!(battle.player.effects, [poison]);
    assert_eq!(battle.enemy.skills[0].ready_in, 9);
    let battle = scene.play(&battle, BattleAction::Defend).unwrap();
    let first = &battle.last_events[0];
    assert_eq!((first.kind, first.amount), (BattleEventKind::Suffered, 3));
    assert_eq!(first.effect, Some(StatusEffectKind::Poison));
    assert_eq!(battle.enemy.skills[0].ready_in, 8);
}
