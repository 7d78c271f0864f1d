//! A world in its author's library.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use module_custom_world::WorldStatus::{Archived, Draft, Published, Unpublished};
use module_custom_world::*;
use module_rules::RuleError;
use proptest::prelude::*;

#[test]
fn every_pair_of_states() {
    use WorldStep::{Already, Moved};
    let legal = [
        (Draft, Draft, Already),
        (Published, Published, Already),
        (Unpublished, Unpublished, Already),
        (Archived, Archived, Already),
        (Draft, Published, Moved),
        (Draft, Archived, Moved),
        (Published, Unpublished, Moved),
        (Unpublished, Published, Moved),
        (Unpublished, Archived, Moved),
        (Archived, Draft, Moved),
        (Archived, Unpublished, Moved),
    ];
    for from in WorldStatus::ALL {
        for to in WorldStatus::ALL {
            let expected = legal.into_iter().find(|(one, other, _)| (*one, *other) == (from, to));
            match (expected, world_transition(from, to)) {
                (Some((_, _, step)), outcome) => assert_eq!(outcome, Ok(step), "{from:?} to {to:?}"),
                (None, Err(RuleError::IllegalTransition { from: said_from, to: said_to, .. })) => {
                    assert_eq!((said_from, said_to), (from.name(), to.name()));
                }
                (None, outcome) => panic!("{from:?} to {to:?}: {outcome:?}"),
            }
        }
    }
}

#[test]
fn a_world_comes_out_of_the_archive_as_it_went_in() {
    assert_eq!(WorldStatus::restored(0), Draft);
    assert_eq!(WorldStatus::restored(1), Unpublished);
    assert_eq!(WorldStatus::restored(u32::MAX), Unpublished);
    assert_eq!(world_transition(Archived, WorldStatus::restored(0)), Ok(WorldStep::Moved));
    assert_eq!(world_transition(Archived, WorldStatus::restored(7)), Ok(WorldStep::Moved));
}

#[test]
fn only_the_archive_is_left_by_restoring() {
    assert_eq!(restore_world(Archived, 0), Ok(Draft));
    assert_eq!(restore_world(Archived, 3), Ok(Unpublished));
    for status in [Draft, Published, Unpublished] {
        let refusal = restore_world(status, 3).unwrap_err();
        assert!(matches!(refusal, RuleError::IllegalTransition { to: "restored", .. }), "{refusal}");
    }
    assert_eq!(unpublish_world(Published), Ok(WorldStep::Moved));
    assert_eq!(unpublish_world(Unpublished), Ok(WorldStep::Already));
    for status in [Draft, Archived] {
        assert!(matches!(unpublish_world(status), Err(RuleError::IllegalTransition { .. })), "{status:?}");
    }
}

#[test]
fn only_what_was_never_published_can_be_deleted() {
    assert_eq!(check_world_deletable(Draft, 0), Ok(()));
    assert_eq!(check_world_deletable(Archived, 0), Ok(()));
    for status in [Published, Unpublished, Archived] {
        let refusal = check_world_deletable(status, 1).unwrap_err();
        assert!(matches!(refusal, RuleError::IllegalTransition { to: "deleted", .. }), "{refusal}");
    }
}

#[test]
fn titles_are_bounded_and_taglines_may_be_empty() {
    assert_eq!(check_world_title("The old mill"), Ok(()));
    assert_eq!(check_world_tagline(""), Ok(()));
    assert!(matches!(check_world_title(""), Err(RuleError::Malformed { field: "title", .. })));
    assert!(matches!(check_world_tagline(" "), Err(RuleError::Malformed { field: "tagline", .. })));
    assert!(matches!(check_world_title(&"t".repeat(121)), Err(RuleError::AboveLimit { limit: 120, .. })));
    assert!(matches!(check_world_tagline(&"t".repeat(241)), Err(RuleError::AboveLimit { limit: 240, .. })));
    assert_eq!(check_world_title(&"t".repeat(120)), Ok(()));
}

proptest! {
    #[test]
    fn a_library_is_bounded(present: u64) {
        prop_assert_eq!(check_world_count(present).is_ok(), present < WORLDS_PER_AUTHOR_MAX);
    }

    #[test]
    fn no_walk_leaves_the_machine_without_a_way_to_publish(walk in prop::collection::vec(0..4_usize, 0..20)) {
        let mut status = Draft;
        for to in walk {
            let to = WorldStatus::ALL[to];
            if world_transition(status, to).is_ok() {
                status = to;
            }
        }
        let ways = [Draft, Unpublished, Published].into_iter().filter(|to| world_transition(status, *to).is_ok());
        prop_assert!(ways.into_iter().any(|by| world_transition(by, Published).is_ok()));
    }
}
