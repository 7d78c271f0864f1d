//! Both state machines over every pair of states, runs, scores and who may do what.

#![allow(clippy::unwrap_used)]

use module_access::{Role, RoleSet};
use module_puzzle::*;
use module_rules::RuleError;
use proptest::prelude::*;

#[test]
fn every_pair_of_puzzle_states() {
    use PuzzleStatus::{Draft, Published, Withdrawn};
    for from in PuzzleStatus::ALL {
        for to in PuzzleStatus::ALL {
            let step = transition_puzzle(from, to);
            if from == to {
                assert_eq!(step, Ok(Step::Already));
            } else if [(Draft, Published), (Published, Withdrawn), (Withdrawn, Published)].contains(&(from, to)) {
                assert_eq!(step, Ok(Step::Moved), "{from:?} to {to:?}");
            } else {
                let (from, to) = (from.name(), to.name());
                assert_eq!(step, Err(RuleError::IllegalTransition { what: "A puzzle", from, to, advice: "" }));
            }
        }
        assert_eq!(check_deletable(from).is_ok(), from != Published);
        let held = if from == Draft { Err(RuleError::Hidden { what: "puzzle" }) } else { Ok(Withdrawn) };
        assert_eq!(held_status(from), held, "{from:?} held back");
    }
}

#[test]
fn every_pair_of_run_states() {
    use RunStatus::{Abandoned, Finished, Running};
    for from in RunStatus::ALL {
        for to in RunStatus::ALL {
            let step = transition_run(from, to);
            if from == to {
                assert_eq!(step, Ok(Step::Already));
            } else if [(Running, Finished), (Running, Abandoned)].contains(&(from, to)) {
                assert_eq!(step, Ok(Step::Moved), "{from:?} to {to:?}");
            } else {
                assert!(matches!(step, Err(RuleError::IllegalTransition { what: "A run", .. })), "{from:?} to {to:?}");
            }
        }
    }
}

/// One move away from the end: the last piece of the row above is under its place.
fn nearly_done() -> Progress {
    let mut board = Board::solved(Grid::new(3, 3).unwrap());
    board.slide(7).unwrap();
    Progress { board, moves: 4, status: RunStatus::Running }
}

#[test]
fn a_run_finishes_by_itself() {
    let finished = nearly_done().after_moves(4, &[8]).unwrap();
    assert_eq!((finished.moves, finished.status), (5, RunStatus::Finished));
    let refusal = finished.after_moves(5, &[7]).unwrap_err();
    assert!(matches!(refusal, RuleError::IllegalTransition { from: "finished", to: "played on", .. }));
    let refusal = nearly_done().after_moves(4, &[8, 7]).unwrap_err();
    assert!(matches!(refusal, RuleError::IllegalTransition { from: "finished", .. }), "moves after the end");
}

#[test]
fn moves_say_what_they_follow() {
    let run = nearly_done();
    for expected in [0, 3, 5, u32::MAX] {
        let refusal = run.after_moves(expected, &[6]).unwrap_err();
        assert_eq!(refusal.to_string(), format!("The number of moves made before must be 4, not {expected}."));
    }
    assert!(matches!(run.after_moves(4, &[]), Err(RuleError::Malformed { field: "places", .. })));
    assert!(matches!(run.after_moves(4, &[6, 0]), Err(RuleError::Malformed { field: "places", .. })));
    assert!(matches!(run.after_moves(4, &[6; 257]), Err(RuleError::AboveLimit { limit: 256, actual: 257, .. })));
    let long = Progress { moves: MOVES_PER_RUN_MAX, ..run };
    assert!(matches!(long.after_moves(MOVES_PER_RUN_MAX, &[6]), Err(RuleError::AboveLimit { limit: 20_000, .. })));
}

#[test]
fn counts_and_texts_have_limits() {
    assert_eq!(check_title("Old mill"), Ok(()));
    assert!(matches!(check_title(" "), Err(RuleError::Malformed { field: "title", .. })));
    assert!(matches!(check_title(&"x".repeat(121)), Err(RuleError::AboveLimit { limit: 120, .. })));
    assert!(check_puzzle_count(99).is_ok() && check_puzzle_count(100).is_err());
    assert!(check_publication_count(299).is_ok() && check_publication_count(300).is_err());
    assert!(check_open_runs(15).is_ok() && check_open_runs(16).is_err());
    assert!(check_picture_type("image/png").is_ok() && check_picture_type("audio/ogg").is_err());
    assert!(check_publishable_picture("public").is_ok() && check_publishable_picture("signed").is_err());
}

#[test]
fn fewer_moves_win_then_less_time() {
    let of = |moves, elapsed_micros| Score { moves, elapsed_micros };
    assert!(of(10, 900) < of(11, 1));
    assert!(of(10, 1) < of(10, 2));
    assert_eq!(Score::new(3, 10, 25), of(3, 15));
    assert_eq!(Score::new(3, 25, 10), of(3, 0), "a clock that went back");
    assert_eq!(Score::new(3, i64::MIN, i64::MAX), of(3, i64::MAX));
}

#[test]
fn the_worst_leader_gives_way() {
    let score = |moves| Score { moves, elapsed_micros: 1 };
    let mut leaders: Vec<_> = (0..20).map(|number| (score(number), 0, number)).collect();
    assert_eq!(last_place(&leaders), None);
    leaders.push((score(19), 5, 99));
    assert_eq!(last_place(&leaders), Some(99), "of equals, the later one");
    leaders[20] = (score(0), 5, 99);
    assert_eq!(last_place(&leaders), Some(19));
}

#[test]
fn strangers_see_published_puzzles_only() {
    let of = |player: u8, roles: &[Role]| {
        let roles: RoleSet = roles.iter().copied().collect();
        puzzle_standing(&1, &player, roles)
    };
    assert_eq!(of(1, &[]), PuzzleStanding::Author);
    assert_eq!(of(2, &[Role::Admin]), PuzzleStanding::Keeper);
    assert_eq!(of(2, &[Role::Service]), PuzzleStanding::Keeper);
    assert_eq!(of(2, &[Role::Moderator]), PuzzleStanding::Moderator);
    assert_eq!(of(2, &[Role::Operator]), PuzzleStanding::Stranger);
    for status in PuzzleStatus::ALL {
        let is_public = status == PuzzleStatus::Published;
        for standing in [PuzzleStanding::Author, PuzzleStanding::Keeper] {
            assert_eq!((check_play(standing, status), check_author(standing, status)), (Ok(()), Ok(())));
        }
        assert_eq!(check_play(PuzzleStanding::Moderator, status), Ok(()));
        assert_eq!(check_play(PuzzleStanding::Stranger, status).is_ok(), is_public);
        let not_owner = Err(RuleError::NotOwner { what: "puzzle" });
        assert_eq!(check_author(PuzzleStanding::Moderator, status), not_owner);
        let refused = if is_public { not_owner } else { Err(RuleError::Hidden { what: "puzzle" }) };
        assert_eq!(check_author(PuzzleStanding::Stranger, status), refused);
    }
}

proptest! {
    /// Whatever is sent in whatever batches, a run only ever counts moves that were made.
    #[test]
    fn batches_are_made_whole_or_not_at_all(seed in any::<u64>(), batches in prop::collection::vec((0u32..8, prop::collection::vec(0u8..6, 0..5)), 0..60)) {
        let board = shuffled(Grid::new(3, 2).unwrap(), seed);
        let mut run = Progress { board, moves: 0, status: RunStatus::Running };
        for (expected, places) in batches {
            let before = run.clone();
            match run.after_moves(expected, &places) {
                Ok(after) => {
                    prop_assert_eq!(expected, before.moves);
                    prop_assert_eq!(after.moves, before.moves + places.len() as u32);
                    prop_assert_eq!(after.status == RunStatus::Finished, after.board.is_solved());
                    run = after;
                }
                Err(_) => prop_assert_eq!(&run, &before),
            }
        }
    }
}
