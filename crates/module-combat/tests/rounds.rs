//! Single rounds: what each action and each effect does, and every refusal.

#![allow(clippy::unwrap_used)]

use module_combat::*;
use module_rules::RuleError;

fn stats(health: u32, speed: u32) -> Stats {
    Stats { health, energy: 20, attack: 10, defense: 10, speed }
}

fn skill(key: &str, power: u32, cost: u32, cooldown_turns: u32, effect: Option<Effect>) -> Skill {
    Skill { key: key.to_owned(), power, cost, cooldown_turns, effect }
}

fn effect(kind: EffectKind, strength: u32, turns: u32) -> Effect {
    Effect { kind, strength, turns }
}

/// The player is quicker, so that it acts first, and the enemy only strikes.
fn battle(skills: Vec<Skill>) -> Battle {
    Battle { player: Fighter::new(stats(100, 20), skills), enemy: Fighter::new(stats(100, 10), []) }
}

fn kinds(round: &Round, side: Side) -> Vec<EventKind> {
    round.events.iter().filter(|event| event.side == side).map(|event| event.kind).collect()
}

fn play(battle: &mut Battle, round: u32, action: Action<'_>) -> Round {
    play_round(battle, 7, round, action).unwrap()
}

#[test]
fn equal_fighters_take_about_half_their_attack_from_each_other() {
    let mut battle = battle(Vec::new());
    let round = play(&mut battle, 1, Action::Attack);
    assert_eq!(round.status, Status::Active);
    assert_eq!(round.events.len(), 2);
    assert_eq!((round.events[0].side, round.events[1].side), (Side::Player, Side::Enemy));
    for event in &round.events {
        assert_eq!(event.kind, EventKind::Attacked);
        assert!((4..=8).contains(&event.amount), "{event:?}");
    }
    assert_eq!(battle.enemy.health, 100 - round.events[0].amount);
    assert_eq!(battle.player.health, 100 - round.events[1].amount);
}

#[test]
fn a_defence_halves_the_blow_and_rests() {
    let mut attacked = battle(Vec::new());
    attacked.player.energy = 5;
    let mut defended = attacked.clone();
    // Only the enemy draws a blow in both rounds when the player does not strike.
    let open = play(&mut attacked, 1, Action::Item(ItemUse::Heal(0)));
    let guarded = play(&mut defended, 1, Action::Defend);
    assert_eq!(guarded.events[1].amount, open.events[1].amount.div_ceil(2));
    assert_eq!(guarded.events[0].amount, 2, "a tenth of the energy");
    assert_eq!(defended.player.energy, 7);
}

#[test]
fn a_skill_costs_energy_and_rests() {
    let mut battle = battle(vec![skill("fire", 30, 6, 2, None)]);
    let round = play(&mut battle, 1, Action::Skill("fire"));
    assert_eq!(round.events[0].kind, EventKind::UsedSkill);
    assert_eq!(round.events[0].skill_key.as_deref(), Some("fire"));
    assert!(round.events[0].amount > 20);
    assert_eq!((battle.player.energy, battle.player.skills[0].ready_in), (14, 2));
    for (number, ready_in) in [(2, 2), (3, 1)] {
        let refusal = play_round(&mut battle, 7, number, Action::Skill("fire")).unwrap_err();
        let what = "The number of turns until the skill is ready";
        let expected = RuleError::Differs { what, expected: "0".to_owned(), actual: ready_in.to_string() };
        assert_eq!(refusal, expected);
        play(&mut battle, number, Action::Attack);
    }
    assert!(play_round(&mut battle, 7, 4, Action::Skill("fire")).is_ok());
}

#[test]
fn skills_that_cannot_be_used_are_refused() {
    let mut battle = battle(vec![skill("fire", 30, 21, 0, None)]);
    let before = battle.clone();
    let refused = |battle: &mut Battle, key| play_round(battle, 7, 1, Action::Skill(key)).unwrap_err();
    let dear = RuleError::Insufficient { what: "points of energy", needed: 21, available: 20 };
    assert_eq!(refused(&mut battle, "fire"), dear);
    assert_eq!(refused(&mut battle, "ice"), RuleError::Hidden { what: "skill" });
    assert!(matches!(
        play_round(&mut battle, 7, ROUNDS_MAX + 1, Action::Attack),
        Err(RuleError::AboveLimit { limit: 100, .. })
    ));
    assert_eq!(battle, before);
}

#[test]
fn poison_takes_health_for_its_turns_and_can_win() {
    let mut battle = battle(vec![skill("venom", 0, 0, 9, Some(effect(EffectKind::Poison, 30, 2)))]);
    let first = play(&mut battle, 1, Action::Skill("venom"));
    assert_eq!(first.events[0].amount, 0, "no power, no blow");
    assert_eq!(kinds(&first, Side::Enemy)[..2], [EventKind::GainedEffect, EventKind::Suffered]);
    assert_eq!(battle.enemy.health, 70);
    play(&mut battle, 2, Action::Defend);
    assert_eq!(battle.enemy.health, 40);
    assert_eq!(battle.enemy.effects, []);
    battle.enemy.effects.push(ActiveEffect { kind: EffectKind::Poison, strength: 40, turns_left: 1 });
    let last = play(&mut battle, 3, Action::Defend);
    assert_eq!(last.status, Status::Victory);
    assert_eq!(kinds(&last, Side::Enemy), [EventKind::Suffered, EventKind::Fell]);
}

#[test]
fn a_stun_skips_turns_and_does_not_take_hold_twice() {
    let stun = effect(EffectKind::Stun, 0, 2);
    let mut battle = battle(vec![skill("bash", 0, 0, 0, Some(stun))]);
    let skipped: Vec<bool> = (1..=6)
        .map(|number| {
            kinds(&play(&mut battle, number, Action::Skill("bash")), Side::Enemy).contains(&EventKind::Skipped)
        })
        .collect();
    assert_eq!(skipped, [true; 6], "two turns each, renewed after they are over");
    battle.enemy.effects = vec![ActiveEffect { kind: EffectKind::Stun, strength: 0, turns_left: 2 }];
    play(&mut battle, 7, Action::Skill("bash"));
    assert_eq!(battle.enemy.effects[0].turns_left, 1, "one who is stunned is not stunned for longer");
}

#[test]
fn who_is_stunned_keeps_its_item_and_its_energy() {
    let mut battle = battle(vec![skill("fire", 30, 6, 2, None)]);
    battle.player.effects.push(ActiveEffect { kind: EffectKind::Stun, strength: 0, turns_left: 2 });
    let round = play(&mut battle, 1, Action::Item(ItemUse::Harm(100)));
    assert_eq!((round.item_used, battle.enemy.health), (false, 100));
    play(&mut battle, 2, Action::Skill("fire"));
    assert_eq!((battle.player.energy, battle.player.skills[0].ready_in), (20, 0));
    assert_eq!(battle.player.effects, []);
}

#[test]
fn what_one_gives_oneself_lasts_for_the_turns_after() {
    let mut battle = battle(Vec::new());
    let rage = effect(EffectKind::Rage, 90, 1);
    play(&mut battle, 1, Action::Item(ItemUse::Status(rage)));
    assert_eq!(battle.player.effects[0].turns_left, 1);
    let round = play(&mut battle, 2, Action::Attack);
    assert!(round.events[0].amount > 70, "{round:?}");
    assert_eq!(battle.player.effects, []);
}

#[test]
fn a_shield_takes_from_damage_and_regeneration_gives_up_to_the_most() {
    let mut battle = battle(Vec::new());
    battle.player.health = 50;
    battle.player.effects = vec![
        ActiveEffect { kind: EffectKind::Shield, strength: 100_000, turns_left: 5 },
        ActiveEffect { kind: EffectKind::Regeneration, strength: 80, turns_left: 5 },
    ];
    let round = play(&mut battle, 1, Action::Attack);
    assert_eq!((round.events[0].kind, round.events[0].amount), (EventKind::Recovered, 50));
    assert_eq!(battle.player.health, 99, "a blow costs 1 at least");
}

#[test]
fn items_heal_refresh_and_harm() {
    let mut battle = battle(Vec::new());
    (battle.player.health, battle.player.energy) = (40, 3);
    let healed = play(&mut battle, 1, Action::Item(ItemUse::Heal(30)));
    assert_eq!((healed.events[0].kind, healed.events[0].amount), (EventKind::UsedItem, 30));
    let refreshed = play(&mut battle, 2, Action::Item(ItemUse::Refresh(u32::MAX)));
    assert_eq!((refreshed.events[0].amount, battle.player.energy), (17, 20));
    let won = play(&mut battle, 3, Action::Item(ItemUse::Harm(u32::MAX)));
    assert_eq!((won.status, won.item_used, won.events[0].amount), (Status::Victory, true, 100));
}

#[test]
fn a_flight_succeeds_sooner_or_later() {
    let fled = (1..=ROUNDS_MAX).find(|&number| {
        let mut battle = battle(Vec::new());
        play(&mut battle, number, Action::Flee).status == Status::Fled
    });
    let failed = (1..=ROUNDS_MAX).any(|number| {
        let mut battle = battle(Vec::new());
        kinds(&play(&mut battle, number, Action::Flee), Side::Player) == [EventKind::FailedToFlee]
    });
    assert!(fled.is_some() && failed);
    assert_eq!(flight_percent(10, 10), 50);
    assert_eq!(flight_percent(0, 0), 50);
    assert_eq!(flight_percent(u32::MAX, 0), 95);
    assert_eq!(flight_percent(0, u32::MAX), 10);
}

#[test]
fn after_the_last_round_they_part() {
    let mut battle = battle(Vec::new());
    let round = play(&mut battle, ROUNDS_MAX, Action::Defend);
    assert_eq!(round.status, Status::Fled);
    assert_eq!(round.events.last().unwrap().kind, EventKind::Parted);
}

#[test]
fn a_weak_enemy_looks_after_itself() {
    let heal = skill("heal", 0, 5, 3, Some(effect(EffectKind::Regeneration, 10, 3)));
    let mut battle = Battle {
        player: Fighter::new(stats(100, 20), []),
        enemy: Fighter::new(stats(100, 10), [skill("claw", 5, 0, 0, None), heal]),
    };
    battle.enemy.health = 24;
    let round = play(&mut battle, 1, Action::Defend);
    assert_eq!(round.events[1].skill_key.as_deref(), Some("heal"));
}

#[test]
fn what_authors_write_is_checked() {
    let good = stats(1, 1);
    assert_eq!(good.check(), Ok(()));
    assert!(matches!(Stats { health: 0, ..good }.check(), Err(RuleError::Malformed { field: "health", .. })));
    for bad in [
        Stats { health: HEALTH_MAX + 1, ..good },
        Stats { energy: ENERGY_MAX + 1, ..good },
        Stats { attack: ATTACK_MAX + 1, ..good },
        Stats { defense: DEFENSE_MAX + 1, ..good },
        Stats { speed: SPEED_MAX + 1, ..good },
    ] {
        assert!(matches!(bad.check(), Err(RuleError::AboveLimit { .. })), "{bad:?}");
    }
}
