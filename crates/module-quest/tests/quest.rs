//! The machine over every pair of states, progress, and rewards under any sequence of calls.

#![allow(clippy::unwrap_used)]

use module_quest::*;
use module_rules::RuleError;
use proptest::prelude::*;

/// The allowed steps; every other pair is refused.
const ALLOWED: [(Status, Status, Step); 12] = {
    use Status::{Abandoned, Accepted, Available, Completed, TurnedIn};
    [
        (Available, Available, Step::Already),
        (Available, Accepted, Step::Moved),
        (Accepted, Accepted, Step::Already),
        (Accepted, Completed, Step::Moved),
        (Accepted, Abandoned, Step::Moved),
        (Completed, Accepted, Step::Already),
        (Completed, Completed, Step::Already),
        (Completed, TurnedIn, Step::Moved),
        (Completed, Abandoned, Step::Moved),
        (TurnedIn, TurnedIn, Step::Already),
        (Abandoned, Accepted, Step::Moved),
        (Abandoned, Abandoned, Step::Already),
    ]
};

#[test]
fn every_pair_of_states() {
    for from in Status::ALL {
        for to in Status::ALL {
            let allowed = ALLOWED.iter().find(|(a, b, _)| (*a, *b) == (from, to));
            match (transition(from, to), allowed) {
                (Ok(step), Some((_, _, expected))) => assert_eq!(step, *expected, "{from:?} to {to:?}"),
                (Err(RuleError::IllegalTransition { from: f, to: t, .. }), None) => {
                    assert_eq!((f, t), (from.name(), to.name()));
                }
                (decided, _) => panic!("{from:?} to {to:?}: {decided:?}"),
            }
        }
    }
}

#[test]
fn refusals_say_what_to_do() {
    let refusal = transition(Status::Accepted, Status::TurnedIn).unwrap_err().to_string();
    assert_eq!(refusal, "A quest that is accepted cannot become turned_in. Complete its objectives first.");
    let refusal = transition(Status::TurnedIn, Status::Accepted).unwrap_err().to_string();
    assert_eq!(refusal, "A quest that is turned_in cannot become accepted. Its reward has been given.");
    let refusal = check_chapter(Some("cellar"), "arrival").unwrap_err().to_string();
    assert_eq!(refusal, "The chapter of the story must be cellar, not arrival.");
    assert_eq!(check_giver(false).unwrap_err().to_string(), "Whoever gives this quest must be met, not unknown.");
}

#[test]
fn conditions_and_limits() {
    assert_eq!(check_chapter(None, "arrival"), Ok(()));
    assert_eq!(check_chapter(Some("arrival"), "arrival"), Ok(()));
    assert_eq!(check_giver(true), Ok(()));
    for status in Status::ALL {
        assert_eq!(check_requirement(status).is_ok(), status == Status::TurnedIn);
        assert_eq!(status.is_active(), [Status::Accepted, Status::Completed].contains(&status));
    }
    assert_eq!(check_active_quests(19), Ok(()));
    assert!(matches!(check_active_quests(20), Err(RuleError::AboveLimit { limit: 20, actual: 21, .. })));
    assert_eq!(check_attempt(19), Ok(()));
    assert!(matches!(check_attempt(20), Err(RuleError::AboveLimit { limit: 20, actual: 21, .. })));
    assert!(matches!(check_quest_key(""), Err(RuleError::Malformed { field: "quest_key", .. })));
    assert!(matches!(check_quest_key(&"q".repeat(65)), Err(RuleError::AboveLimit { limit: 64, .. })));
}

#[test]
fn progress_stops_at_what_is_needed() {
    assert_eq!(advanced(0, 3, 2), Some(2));
    assert_eq!(advanced(2, 3, u32::MAX), Some(3));
    assert_eq!(advanced(3, 3, 1), None);
    assert_eq!(advanced(1, 3, 0), None);
    assert_eq!(advanced(0, 0, 1), None);
    assert!(is_met([]) && is_met([(1, 1), (0, 0)]) && !is_met([(1, 1), (0, 1)]));
}

proptest! {
    /// A reward goes with the step into `TurnedIn`: whatever is asked and however often, it is
    /// given at most once, and only after a completion.
    #[test]
    fn a_reward_is_given_at_most_once(wishes in prop::collection::vec(0..5_usize, 0..60)) {
        let (mut status, mut rewards, mut completions) = (Status::Available, 0, 0);
        for wish in wishes {
            let to = Status::ALL[wish];
            if transition(status, to) == Ok(Step::Moved) {
                completions += u32::from(to == Status::Completed);
                rewards += u32::from(to == Status::TurnedIn);
                status = to;
            }
            prop_assert!(rewards <= 1 && rewards <= completions);
            prop_assert_eq!(rewards == 1, status == Status::TurnedIn);
        }
    }

    #[test]
    fn progress_never_goes_back_nor_beyond(needed: u32, amounts in prop::collection::vec(any::<u32>(), 0..20)) {
        let mut count = 0;
        for amount in &amounts {
            if let Some(next) = advanced(count, needed, *amount) {
                prop_assert!(count < next && next <= needed);
                count = next;
            }
        }
        let sum = amounts.iter().map(|amount| u64::from(*amount)).sum::<u64>();
        prop_assert_eq!(u64::from(count), sum.min(u64::from(needed)));
    }
}
