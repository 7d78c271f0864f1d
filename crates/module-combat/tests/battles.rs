//! Whole battles: whatever the fighters and the actions, they stay within bounds and end.

#![allow(clippy::unwrap_used)]

use module_combat::*;
use proptest::prelude::*;

fn stats() -> impl Strategy<Value = Stats> {
    let number = || prop_oneof![0u32..300, any::<u32>(), Just(0), Just(u32::MAX)];
    (number(), number(), number(), number(), number()).prop_map(|(health, energy, attack, defense, speed)| Stats {
        health,
        energy,
        attack,
        defense,
        speed,
    })
}

fn effect() -> impl Strategy<Value = Effect> {
    let strength = prop_oneof![0u32..50, Just(u32::MAX)];
    let turns = prop_oneof![0u32..5, Just(u32::MAX)];
    (prop::sample::select(EffectKind::ALL.to_vec()), strength, turns).prop_map(|(kind, strength, turns)| Effect {
        kind,
        strength,
        turns,
    })
}

fn skills() -> impl Strategy<Value = Vec<Skill>> {
    let number = || prop_oneof![0u32..40, Just(u32::MAX)];
    let skill = (0u32..4, number(), number(), 0u32..6, prop::option::of(effect()));
    let skill = skill.prop_map(|(name, power, cost, cooldown_turns, effect)| Skill {
        key: format!("skill-{name}"),
        power,
        cost,
        cooldown_turns,
        effect,
    });
    prop::collection::vec(skill, 0..20)
}

fn fighter() -> impl Strategy<Value = Fighter> {
    (stats(), skills()).prop_map(|(stats, skills)| Fighter::new(stats, skills))
}

/// An action that does not borrow.
#[derive(Clone, Debug)]
enum Wish {
    Plain(Action<'static>),
    Skill(u32),
}

fn wish() -> impl Strategy<Value = Wish> {
    let amount = || prop_oneof![0u32..100, Just(u32::MAX)];
    prop_oneof![
        Just(Wish::Plain(Action::Attack)),
        Just(Wish::Plain(Action::Defend)),
        Just(Wish::Plain(Action::Flee)),
        (0u32..5).prop_map(Wish::Skill),
        amount().prop_map(|points| Wish::Plain(Action::Item(ItemUse::Heal(points)))),
        amount().prop_map(|points| Wish::Plain(Action::Item(ItemUse::Refresh(points)))),
        (0u32..3).prop_map(|points| Wish::Plain(Action::Item(ItemUse::Harm(points)))),
        effect().prop_map(|effect| Wish::Plain(Action::Item(ItemUse::Status(effect)))),
    ]
}

/// Plays one wish; a skill that cannot be used becomes a defence.
fn play(battle: &mut Battle, seed: u64, round: u32, wish: &Wish) -> Round {
    let key;
    let action = match wish {
        Wish::Plain(action) => *action,
        Wish::Skill(name) => {
            key = format!("skill-{name}");
            Action::Skill(&key)
        }
    };
    let before = battle.clone();
    play_round(battle, seed, round, action).unwrap_or_else(|_| {
        assert_eq!(*battle, before, "a refused action changes nothing");
        play_round(battle, seed, round, Action::Defend).unwrap()
    })
}

fn within_bounds(fighter: &Fighter) -> bool {
    let kinds = |kind| fighter.effects.iter().filter(|effect| effect.kind == kind).count();
    fighter.health <= fighter.stats.health
        && fighter.energy <= fighter.stats.energy
        && fighter.stats.check().is_ok()
        && fighter.skills.len() <= SKILLS_PER_FIGHTER_MAX
        && fighter.skills.iter().all(|state| state.ready_in <= SKILL_COOLDOWN_TURNS_MAX)
        && EffectKind::ALL.iter().all(|kind| kinds(*kind) <= 1)
        && fighter.effects.iter().all(|effect| (1..=EFFECT_TURNS_MAX).contains(&effect.turns_left))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_battle_always_ends_within_its_bounds(
        player in fighter(),
        enemy in fighter(),
        seed in any::<u64>(),
        wishes in prop::collection::vec(wish(), 1..12),
    ) {
        let mut battle = Battle { player, enemy };
        let mut status = Status::Active;
        let mut round = 0;
        for wish in wishes.iter().cycle() {
            round += 1;
            prop_assert!(round <= ROUNDS_MAX, "the battle goes on");
            let energy_before = battle.player.energy;
            let played = play(&mut battle, seed, round, wish);
            prop_assert!(within_bounds(&battle.player) && within_bounds(&battle.enemy), "{battle:?}");
            prop_assert!(played.events.len() <= EVENTS_PER_ROUND_MAX, "{:?}", played.events);
            let is_item = matches!(wish, Wish::Plain(Action::Item(_)));
            prop_assert!(is_item || !played.item_used);
            prop_assert!(battle.player.energy >= energy_before || matches!(wish, Wish::Skill(_)));
            status = played.status;
            let is_over = battle.player.has_fallen() || battle.enemy.has_fallen() || status == Status::Fled;
            prop_assert_eq!(status != Status::Active, is_over, "{:?}", battle);
            if status != Status::Active {
                break;
            }
        }
        prop_assert!(transition(status, Status::Active).is_err(), "what is over stays over");
        prop_assert_eq!(battle.player.has_fallen(), status == Status::Defeat);
        prop_assert_eq!(battle.enemy.has_fallen(), status == Status::Victory);
    }

    #[test]
    fn a_battle_can_be_replayed(
        player in fighter(),
        enemy in fighter(),
        seed in any::<u64>(),
        wishes in prop::collection::vec(wish(), 1..20),
    ) {
        let fight = || {
            let mut battle = Battle { player: player.clone(), enemy: enemy.clone() };
            let mut told = Vec::new();
            for (index, wish) in wishes.iter().enumerate() {
                let played = play(&mut battle, seed, index as u32 + 1, wish);
                let over = played.status != Status::Active;
                told.push(played);
                if over {
                    break;
                }
            }
            (battle, told)
        };
        prop_assert_eq!(fight(), fight());
    }

    #[test]
    fn a_blow_always_hurts_and_defense_never_adds(
        attack in 0..=ATTACK_MAX, power in 0..=SKILL_POWER_MAX,
        less in 0..=DEFENSE_MAX, more in 0..=DEFENSE_MAX, seed in any::<u64>(),
    ) {
        let damage = |defense, guarded| {
            damage_of(Blow { attack, power, defense, guarded }, &mut Dice::of_round(seed, 1)).0
        };
        let (less, more) = (less.min(more), less.max(more));
        prop_assert!(1 <= damage(more, true));
        prop_assert!(damage(more, true) <= damage(more, false));
        prop_assert!(damage(more, false) <= damage(less, false));
    }

    #[test]
    fn flight_is_never_certain_and_never_hopeless(own in any::<u32>(), other in any::<u32>(), quicker in any::<u32>()) {
        let percent = flight_percent(own, other);
        prop_assert!((10..=95).contains(&percent));
        prop_assert!(flight_percent(own.max(quicker), other) >= percent);
    }

    #[test]
    fn whatever_is_written_is_brought_within_bounds(stats in stats(), skills in skills()) {
        prop_assert_eq!(stats.bounded().check(), Ok(()));
        prop_assert_eq!(stats.raised_by(stats).check(), Ok(()));
        let fighter = Fighter::new(stats, skills);
        prop_assert!(within_bounds(&fighter) && !fighter.has_fallen());
        if stats.check().is_ok() {
            prop_assert_eq!(fighter.stats, stats);
        }
    }

    #[test]
    fn a_player_grows_with_every_level(level in any::<u32>()) {
        let (now, next) = (Stats::of_level(level), Stats::of_level(level.saturating_add(1)));
        prop_assert_eq!(now.check(), Ok(()));
        prop_assert!(now.health <= next.health && now.attack <= next.attack && now.speed <= next.speed);
    }

    #[test]
    fn dice_stay_below_their_sides(seed in any::<u64>(), round in any::<u32>(), sides in 1..=u32::MAX) {
        let mut dice = Dice::of_round(seed, round);
        for _ in 0..8 {
            prop_assert!(dice.below(sides) < sides);
        }
        prop_assert!(!dice.happens(0) && dice.happens(100));
    }
}
