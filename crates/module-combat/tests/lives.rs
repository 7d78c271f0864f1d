//! The state machine of a battle, and repeated requests.

use module_combat::*;
use module_rules::RuleError;

#[test]
fn every_pair_of_states() {
    for from in Status::ALL {
        for to in Status::ALL {
            let expected = match (from, to) {
                (from, to) if from == to => Ok(Step::Already),
                (Status::Active, _) => Ok(Step::Ended),
                (from, to) => Err(RuleError::IllegalTransition {
                    what: "A battle",
                    from: from.name(),
                    to: to.name(),
                    advice: " Start another one.",
                }),
            };
            assert_eq!(transition(from, to), expected, "{from:?} to {to:?}");
        }
    }
}

#[test]
fn names_tell_states_apart() {
    let names = Status::ALL.map(Status::name);
    assert_eq!(names, ["active", "won", "lost", "fled"]);
}

#[test]
fn a_round_is_played_once() {
    assert_eq!(check_request(Status::Active, 3, 3, false), Ok(Request::Play));
    assert_eq!(check_request(Status::Active, 3, 3, true), Ok(Request::Play), "the same action once more");
    assert_eq!(check_request(Status::Active, 3, 2, true), Ok(Request::Repeats));
    let differs = |expected: u32, actual: u32| {
        let (expected, actual) = (expected.to_string(), actual.to_string());
        Err(RuleError::Differs { what: "The round to play", expected, actual })
    };
    assert_eq!(check_request(Status::Active, 3, 2, false), differs(3, 2));
    assert_eq!(check_request(Status::Active, 3, 1, true), differs(3, 1));
    assert_eq!(check_request(Status::Active, 3, 4, true), differs(3, 4));
    assert_eq!(check_request(Status::Active, 1, 0, false), differs(1, 0));
    assert_eq!(check_request(Status::Active, 1, u32::MAX, true), differs(1, u32::MAX));
}

#[test]
fn after_the_end_only_the_last_request_is_answered() {
    for ended in [Status::Victory, Status::Defeat, Status::Fled] {
        assert_eq!(check_request(ended, 5, 4, true), Ok(Request::Repeats));
        for (asked, same_action) in [(4, false), (5, false), (5, true), (3, true)] {
            let refusal = check_request(ended, 5, asked, same_action);
            assert!(matches!(refusal, Err(RuleError::IllegalTransition { to: "continued", .. })), "{refusal:?}");
        }
    }
}
