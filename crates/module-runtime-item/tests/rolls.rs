//! Rolls stay within their bounds, follow their seed and their weights.

#![allow(clippy::unwrap_used)]

use module_rules::RuleError;
use module_runtime_item::*;
use proptest::prelude::*;

/// The first outputs of the reference implementation for seed 1234567.
#[test]
fn the_stream_is_the_published_one() {
    let mut rolls = Rolls::new(1_234_567);
    let first = [rolls.next_bits(), rolls.next_bits(), rolls.next_bits()];
    assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
}

#[test]
fn each_number_of_a_range_comes_up() {
    let mut rolls = Rolls::new(7);
    let mut seen = [0u32; 4];
    (0..1_000).for_each(|_| seen[rolls.between(2, 5) as usize - 2] += 1);
    assert!(seen.iter().all(|count| (200..300).contains(count)), "{seen:?}");
    assert_eq!(rolls.between(5, 2), 5);
    assert_eq!(rolls.below(0), 0);
    assert_eq!(rolls.below(1), 0);
}

#[test]
fn loot_follows_its_weights() {
    let entry = |weight| Loot { weight, quantity_min: 1, quantity_max: 1, stack_max: 1 };
    let mut totals = [0u32; 3];
    for seed in 0..500 {
        let drawn = draw_loot(seed, &[entry(1), entry(0), entry(3)], 4).unwrap();
        assert_eq!(drawn.iter().sum::<u32>(), 4);
        totals.iter_mut().zip(drawn).for_each(|(total, count)| *total += count);
    }
    assert_eq!(totals[1], 0, "a weight of 0 is never drawn");
    assert!((420..580).contains(&totals[0]), "a quarter of 2000: {totals:?}");
}

#[test]
fn an_empty_treasure_holds_nothing() {
    assert_eq!(draw_loot(1, &[], 3), Ok(Vec::new()));
    let never = Loot { weight: 0, quantity_min: 1, quantity_max: 1, stack_max: 1 };
    assert_eq!(draw_loot(1, &[never], 3), Ok(vec![0]));
    assert_eq!(slots_needed(&[never], 3, 40), Ok(0));
}

#[test]
fn treasures_have_limits() {
    let entry = Loot { weight: 1, quantity_min: u32::MAX, quantity_max: u32::MAX, stack_max: 0 };
    assert!(matches!(draw_loot(1, &[entry], 2), Err(RuleError::AboveLimit { .. })), "the quantity overflows");
    assert!(matches!(draw_loot(1, &[], 65), Err(RuleError::AboveLimit { limit: 64, actual: 65, .. })));
    assert!(matches!(slots_needed(&[entry; 65], 1, 40), Err(RuleError::AboveLimit { limit: 64, actual: 65, .. })));
    assert_eq!(slots_needed(&[entry], 64, 40), Ok(40));
    let range = AttributeRange { attribute: (), min: 0, max: 0 };
    assert!(matches!(roll_attributes(1, &[range; 17]), Err(RuleError::AboveLimit { limit: 16, actual: 17, .. })));
}

#[test]
fn a_treasure_waits_for_its_chapter_and_its_guardian() {
    for guardian in [Guardian::Nobody, Guardian::Defeated] {
        assert_eq!(check_openable(None, "cellar", guardian), Ok(()));
        assert_eq!(check_openable(Some("cellar"), "cellar", guardian), Ok(()));
    }
    let elsewhere = check_openable(Some("arrival"), "cellar", Guardian::Nobody).unwrap_err();
    assert_eq!(elsewhere.to_string(), "The chapter in which this treasure is opened must be arrival, not cellar.");
    let guarded = check_openable(None, "cellar", Guardian::Standing).unwrap_err();
    assert_eq!(guarded.to_string(), "The enemy that guards this treasure must be defeated, not standing.");
}

fn bounds() -> impl Strategy<Value = (u32, u32)> {
    let number = || prop_oneof![0u32..50, any::<u32>(), Just(u32::MAX)];
    (number(), number()).prop_map(|(one, other)| (one.min(other), one.max(other)))
}

proptest! {
    #[test]
    fn attributes_stay_within_their_bounds(seed: u64, ranges in prop::collection::vec(bounds(), 0..=16)) {
        let ranges: Vec<_> = ranges.iter().enumerate().map(|(attribute, (min, max))| AttributeRange { attribute, min: *min, max: *max }).collect();
        let rolled = roll_attributes(seed, &ranges).unwrap();
        prop_assert_eq!(rolled.len(), ranges.len());
        for (range, rolled) in ranges.iter().zip(&rolled) {
            prop_assert_eq!(rolled.attribute, range.attribute);
            prop_assert!((range.min..=range.max).contains(&rolled.value));
        }
        prop_assert_eq!(roll_attributes(seed, &ranges).unwrap(), rolled, "the seed decides everything");
    }

    /// What is drawn lies between the least and the most that the draws can give, and always fits
    /// into the room that was asked for.
    #[test]
    fn loot_stays_within_its_bounds(
        seed: u64,
        draws in 0u32..=64,
        entries in prop::collection::vec((0u32..5, 0u32..100, 0u32..100, 0u32..30), 1..8),
    ) {
        let loot: Vec<_> = entries.iter().map(|(weight, one, other, stack_max)| Loot {
            weight: *weight, quantity_min: *one.min(other), quantity_max: *one.max(other), stack_max: *stack_max,
        }).collect();
        let drawn = draw_loot(seed, &loot, draws).unwrap();
        prop_assert_eq!(&draw_loot(seed, &loot, draws).unwrap(), &drawn);
        let drawable: Vec<_> = loot.iter().filter(|entry| entry.weight > 0).collect();
        let least = drawable.iter().map(|entry| entry.quantity_min).min().unwrap_or(0) * draws;
        let most = drawable.iter().map(|entry| entry.quantity_max).max().unwrap_or(0) * draws;
        let total: u32 = drawn.iter().sum();
        prop_assert!((least..=most).contains(&total));
        let slots: u64 = loot.iter().zip(&drawn).map(|(entry, quantity)| u64::from(quantity.div_ceil(entry.stack_max.max(1)))).sum();
        prop_assert!(slots <= slots_needed(&loot, draws, u32::MAX).unwrap());
    }
}
