//! The curve, its ends, and awards.

#![allow(clippy::unwrap_used)]

use module_progression::*;
use module_rules::RuleError;
use proptest::prelude::*;

#[test]
fn each_level_begins_at_its_points() {
    for (level, points) in [(1, 0), (2, 100), (3, 300), (4, 600), (10, 4_500), (LEVEL_MAX, 495_000)] {
        assert_eq!(experience_of_level(level), points, "level {level}");
        assert_eq!(level_of(points), level, "{points} points");
    }
    for level in 2..=LEVEL_MAX {
        assert_eq!(level_of(experience_of_level(level)), level);
        assert_eq!(level_of(experience_of_level(level) - 1), level - 1);
        assert_eq!(next_level_at(level - 1), Some(experience_of_level(level)));
    }
}

#[test]
fn levels_end_and_points_do_not() {
    assert_eq!(level_of(u64::MAX), LEVEL_MAX);
    assert_eq!(next_level_at(LEVEL_MAX), None);
    assert_eq!(next_level_at(u32::MAX), None);
    assert_eq!(experience_of_level(0), 0);
    assert_eq!(experience_of_level(u32::MAX), experience_of_level(LEVEL_MAX));
    let gained = gain(experience_of_level(LEVEL_MAX), 7).unwrap();
    assert_eq!((gained.level_before, gained.level_after), (LEVEL_MAX, LEVEL_MAX));
    assert_eq!(gained.experience, 495_007);
}

#[test]
fn one_award_is_bounded_and_the_sum_never_wraps() {
    let gained = gain(0, u64::MAX).unwrap();
    assert_eq!((gained.awarded, gained.experience), (AWARD_MAX, AWARD_MAX));
    assert_eq!(gain(u64::MAX - 5, 5).unwrap().experience, u64::MAX);
    assert!(matches!(gain(u64::MAX - 5, 6), Err(RuleError::AboveLimit { limit: u64::MAX, .. })));
}

#[test]
fn a_chapter_is_open_from_its_level_on() {
    assert!(is_unlocked(1, 1) && is_unlocked(2, 3) && !is_unlocked(3, 2));
}

proptest! {
    #[test]
    fn more_experience_is_never_a_lower_level(less in any::<u64>(), more in any::<u64>()) {
        let (less, more) = (less.min(more), less.max(more));
        prop_assert!(level_of(less) <= level_of(more));
    }

    #[test]
    fn a_level_is_where_its_points_are(experience in 0u64..600_000) {
        let level = level_of(experience);
        prop_assert!(experience_of_level(level) <= experience);
        prop_assert!(next_level_at(level).is_none_or(|next| experience < next));
    }

    /// Points are conserved over any awards, and levels only rise.
    #[test]
    fn awards_add_up(awards in prop::collection::vec(any::<u64>(), 0..40)) {
        let (mut experience, mut level) = (0, 1);
        for award in &awards {
            let gained = gain(experience, *award).unwrap();
            prop_assert_eq!(gained.level_before, level);
            prop_assert!(gained.level_after >= level);
            (experience, level) = (gained.experience, gained.level_after);
        }
        prop_assert_eq!(experience, awards.iter().map(|award| (*award).min(AWARD_MAX)).sum::<u64>());
    }
}
