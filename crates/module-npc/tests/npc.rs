//! Affinity, moods, memories and interactions: examples, limits and invariants.

#![allow(clippy::unwrap_used)]

use module_npc::*;
use module_rules::RuleError;
use proptest::prelude::*;

const DAY: i64 = 24 * 60 * 60 * 1_000_000;
const FREE: Cooldowns = Cooldowns { talk: 0, help: 0, apology: 0 };

fn memory(kind: MemoryKind, weight: i32, at: i64) -> Memory {
    Memory { kind, weight, at, note: String::new() }
}

/// Affinity change and weight of the memory, of an interaction out of the blue.
#[track_caller]
fn done(interaction: Interaction, affinity: i32, memories: &[Memory], now: i64) -> (i32, i32) {
    let effect = interact(interaction, affinity, memories, FREE, now).unwrap();
    assert_eq!(effect.affinity, affinity + effect.change);
    (effect.change, effect.memory.1)
}

#[test]
fn what_each_interaction_does() {
    assert_eq!(done(Interaction::Talk, 0, &[], 0), (1, 10));
    assert_eq!(done(Interaction::Help, 0, &[], 0), (5, 50));
    assert_eq!(done(Interaction::Insult, 0, &[], 0), (-12, -120));
    assert_eq!(done(Interaction::Apologize, 0, &[], 0), (0, 0));
    assert_eq!(done(Interaction::Apologize, 0, &[memory(MemoryKind::Insult, -120, 0)], 0), (4, 40));
    assert_eq!(done(Interaction::Gift(1), 0, &[], 0), (3, 30));
    assert_eq!(done(Interaction::Gift(99), 0, &[], 0), (7, 70));
    assert_eq!(done(Interaction::Help, 98, &[], 0), (2, 50), "affinity stops at 100, memory does not");
    assert_eq!(done(Interaction::Insult, -95, &[], 0), (-5, -120));
}

#[test]
fn free_acts_gain_once_per_cooldown() {
    let first = interact(Interaction::Talk, 0, &[], FREE, 1_000).unwrap();
    let soon = interact(Interaction::Talk, 1, &[], first.ready_at, 1_000 + COOLDOWN_MICROS.talk - 1).unwrap();
    assert_eq!((soon.change, soon.memory.1, soon.ready_at), (0, 0, first.ready_at));
    let later = interact(Interaction::Talk, 1, &[], soon.ready_at, 1_000 + COOLDOWN_MICROS.talk).unwrap();
    assert_eq!(later.change, 1);
    let help = interact(Interaction::Help, 1, &[], first.ready_at, 1_001).unwrap();
    assert_eq!(help.change, 5, "each act has a time of its own");
}

#[test]
fn apologies_make_good_what_was_done_and_no_more() {
    let mut memories = vec![memory(MemoryKind::Insult, -120, 0)];
    let mut gains = Vec::new();
    for hour in 1..=5 {
        let now = hour * COOLDOWN_MICROS.apology;
        let (gain, weight) = done(Interaction::Apologize, -12, &memories, now);
        gains.push(gain);
        memories = remember(memories, memory(MemoryKind::Apology, weight, now), now);
    }
    assert_eq!(gains, [4, 4, 4, 0, 0]);
    assert!((1..30).all(|day| done(Interaction::Apologize, 0, &memories, day * DAY).0 <= 0));
}

#[test]
fn gifts_gain_less_within_a_day() {
    let mut memories = Vec::new();
    let mut gains = Vec::new();
    for minute in 0..5 {
        gains.push(done(Interaction::Gift(5), 0, &memories, minute).0);
        memories = remember(memories, memory(MemoryKind::Gift, 70, minute), minute);
    }
    assert_eq!(gains, [7, 3, 2, 1, 1]);
    assert_eq!(done(Interaction::Gift(5), 0, &memories, DAY + 5).0, 7);
}

#[test]
fn gifts_have_a_size_and_need_somebody_who_takes_them() {
    let gift = |quantity, affinity| interact(Interaction::Gift(quantity), affinity, &[], FREE, 0);
    assert!(matches!(gift(0, 0), Err(RuleError::Malformed { field: "quantity", .. })));
    assert!(matches!(gift(100, 0), Err(RuleError::AboveLimit { limit: 99, actual: 100, .. })));
    assert!(matches!(gift(u32::MAX, 0), Err(RuleError::AboveLimit { .. })));
    assert!(gift(1, -59).is_ok());
    assert_eq!(
        gift(1, -60).unwrap_err().to_string(),
        "The affinity of a character that takes gifts or help must be above -60, not -60."
    );
    assert!(interact(Interaction::Help, -60, &[], FREE, 0).is_err());
    for always in [Interaction::Talk, Interaction::Insult, Interaction::Apologize] {
        assert!(interact(always, -100, &[], FREE, 0).is_ok(), "{always:?}");
    }
}

#[test]
fn memories_halve_every_three_days_and_are_forgotten() {
    let insult = memory(MemoryKind::Insult, -120, 0);
    let left: Vec<_> = [0, 2, 3, 6, 9, 18, 21, 300].map(|days| faded(&insult, days * DAY)).to_vec();
    assert_eq!(left, [-120, -120, -60, -30, -15, -1, 0, 0]);
    assert_eq!(faded(&insult, i64::MAX), 0);
    assert_eq!(faded(&insult, i64::MIN), -120, "nothing fades backwards");
    assert_eq!(recalled(vec![insult], 21 * DAY), []);
}

#[test]
fn the_weakest_memory_gives_way() {
    let mut memories = vec![memory(MemoryKind::Talk, 10, 0)];
    for at in 1..MEMORIES_MAX as i64 {
        memories = remember(memories, memory(MemoryKind::Help, 50, at), at);
    }
    let insult = memory(MemoryKind::Insult, -120, 20);
    memories = remember(memories, insult.clone(), 20);
    assert!(memories.iter().all(|memory| memory.kind != MemoryKind::Talk));
    memories = remember(memories, memory(MemoryKind::Help, 50, 30), 30);
    assert_eq!((memories.len(), memories[0].at), (MEMORIES_MAX, 2), "of equal ones the oldest goes");
    assert!(memories.contains(&insult));
    assert!(remember(Vec::new(), memory(MemoryKind::Talk, 0, 0), 0).is_empty(), "what did not matter");
}

#[test]
fn moods_follow_affinity_and_memories() {
    for (affinity, expected) in [
        (-100, Mood::Hostile),
        (-60, Mood::Hostile),
        (-59, Mood::Sullen),
        (-20, Mood::Sullen),
        (-19, Mood::Calm),
        (19, Mood::Calm),
        (20, Mood::Friendly),
        (59, Mood::Friendly),
        (60, Mood::Delighted),
        (100, Mood::Delighted),
    ] {
        assert_eq!(mood(affinity, &[], 0), expected, "{affinity}");
    }
    let insult = [memory(MemoryKind::Insult, -120, 0)];
    assert_eq!(mood(-12, &insult, 0), Mood::Sullen);
    assert_eq!(mood(-12, &insult, 3 * DAY), Mood::Calm, "it blows over");
}

#[test]
fn friends_of_the_one_who_was_hurt_are_hurt_too() {
    assert_eq!([echo(-12, 100), echo(-12, 60), echo(-12, -60), echo(-12, 0)], [-6, -3, 3, 0]);
    assert_eq!([echo(5, 60), echo(1, 100)], [1, 0]);
}

#[test]
fn texts_have_limits() {
    assert_eq!(check_note(""), Ok(()));
    assert_eq!(check_note(&"n".repeat(280)), Ok(()));
    assert!(matches!(check_note(&"n".repeat(281)), Err(RuleError::AboveLimit { limit: 280, .. })));
    assert!(matches!(check_note("\0"), Err(RuleError::Malformed { field: "note", .. })));
    assert!(matches!(check_character_key("The cat"), Err(RuleError::Malformed { field: "character_key", .. })));
    assert!(matches!(check_character_key(&"k".repeat(65)), Err(RuleError::AboveLimit { limit: 64, .. })));
}

fn interactions() -> impl Strategy<Value = Interaction> {
    prop_oneof![
        Just(Interaction::Talk),
        (1_u32..=99).prop_map(Interaction::Gift),
        Just(Interaction::Help),
        Just(Interaction::Insult),
        Just(Interaction::Apologize),
    ]
}

proptest! {
    /// Whatever a player does, and whenever, everything stays within its bounds.
    #[test]
    fn bounds_hold_over_any_life(steps in prop::collection::vec((interactions(), 0..5 * DAY), 0..80), start in -100..=100_i32) {
        let (mut affinity, mut memories, mut ready_at, mut now) = (start, Vec::new(), FREE, 0);
        for (interaction, pause) in steps {
            now += pause;
            let Ok(effect) = interact(interaction, affinity, &memories, ready_at, now) else {
                prop_assert!(affinity <= UNWILLING_AT);
                continue;
            };
            prop_assert!((AFFINITY_MIN..=AFFINITY_MAX).contains(&effect.affinity));
            prop_assert_eq!(effect.affinity - affinity, effect.change);
            (affinity, ready_at) = (effect.affinity, effect.ready_at);
            memories = remember(memories, memory(effect.memory.0, effect.memory.1, now), now);
            prop_assert!(memories.len() <= MEMORIES_MAX);
            prop_assert!(memories.iter().all(|memory| faded(memory, now) != 0));
        }
    }

    /// Free acts cannot be repeated for affinity: talking all day gains at most one point per
    /// cool-down, however often it is tried.
    #[test]
    fn talking_is_not_farming(pauses in prop::collection::vec(0..COOLDOWN_MICROS.talk, 1..100)) {
        let (mut affinity, mut ready_at, mut now) = (0, FREE, 0);
        for pause in &pauses {
            now += pause;
            let effect = interact(Interaction::Talk, affinity, &[], ready_at, now).unwrap();
            (affinity, ready_at) = (effect.affinity, effect.ready_at);
        }
        prop_assert!(i64::from(affinity) <= 1 + now / COOLDOWN_MICROS.talk);
    }

    /// A memory computed late is what it would have been with many looks in between.
    #[test]
    fn looking_at_memories_does_not_change_them(weights in prop::collection::vec(-200..200_i32, 0..16), early in 0..30 * DAY, later in 0..30 * DAY) {
        let memories: Vec<_> = weights.into_iter().map(|weight| memory(MemoryKind::Talk, weight, 0)).collect();
        let twice = recalled(recalled(memories.clone(), early), early + later);
        prop_assert_eq!(twice, recalled(memories, early + later));
    }

    #[test]
    fn a_bystander_moves_at_most_half_as_far(change in -100..=100_i32, stand: i32) {
        prop_assert!(echo(change, stand).abs() <= change.abs() / 2);
        prop_assert_eq!(echo(change, clamped(stand)), -echo(-change, clamped(stand)));
    }

    #[test]
    fn no_number_makes_a_rule_panic(affinity: i32, change: i32, at: i64, now: i64, weight: i32, quantity: u32) {
        let memories = vec![memory(MemoryKind::Insult, weight, at); 3];
        let ready_at = Cooldowns { talk: at, help: at, apology: at };
        for interaction in [Interaction::Talk, Interaction::Gift(quantity), Interaction::Help, Interaction::Apologize] {
            let _ = interact(interaction, affinity, &memories, ready_at, now);
        }
        let _ = (shifted(affinity, change), echo(affinity, change), mood(affinity, &memories, now));
        let _ = remember(memories.clone(), memory(MemoryKind::Gift, weight, at), now);
    }
}
