//! Stages, texts, ladders, slots and games: every pair, every limit.

#![allow(clippy::unwrap_used)]

use module_big_fish::*;
use module_rules::RuleError;
use proptest::prelude::*;

#[test]
fn every_pair_of_stages() {
    use Stage::{Assets, Briefing, Ladder, Published, Review};
    let moves = [
        (Briefing, Ladder),
        (Ladder, Assets),
        (Assets, Ladder),
        (Assets, Review),
        (Review, Ladder),
        (Review, Assets),
        (Review, Published),
        (Published, Ladder),
        (Published, Assets),
    ];
    for from in Stage::ALL {
        for to in Stage::ALL {
            let step = transition(from, to);
            if from == to {
                assert_eq!(step, Ok(Step::Already), "{from:?}");
            } else if moves.contains(&(from, to)) {
                assert_eq!(step, Ok(Step::Moved), "{from:?} to {to:?}");
            } else {
                let illegal =
                    RuleError::IllegalTransition { what: "A session", from: from.name(), to: to.name(), advice: "" };
                assert_eq!(step, Err(illegal), "{from:?} to {to:?}");
            }
            let by_hand = check_movable(from, to);
            let publishes = (from, to) == (Review, Published);
            assert_eq!(by_hand.is_ok(), step.is_ok() && !publishes, "{from:?} to {to:?}");
        }
    }
}

#[test]
fn each_stage_has_its_work() {
    let allowed = |work| Stage::ALL.map(|stage| check_allows(stage, work).is_ok());
    assert_eq!(allowed(Work::Describe), [true, true, true, false, false]);
    assert_eq!(allowed(Work::WriteLadder), [true, true, false, false, false]);
    assert_eq!(allowed(Work::FillSlots), [false, false, true, false, false]);
    assert_eq!(allowed(Work::Publish), [false, false, false, true, false]);
    assert_eq!(
        check_allows(Stage::Briefing, Work::Publish).unwrap_err().to_string(),
        "The stage of the session must be review, not briefing."
    );
}

#[test]
fn games_come_and_go_from_the_gallery() {
    for from in GameStatus::ALL {
        for to in GameStatus::ALL {
            let step = if from == to { Step::Already } else { Step::Moved };
            assert_eq!(transition_game(from, to), Ok(step));
        }
    }
    assert_eq!(check_startable(GameStatus::Published, &1, &2), Ok(()));
    assert_eq!(check_startable(GameStatus::Unpublished, &1, &2), Err(RuleError::Hidden { what: "game" }));
    assert!(matches!(check_startable(GameStatus::Unpublished, &1, &1), Err(RuleError::Differs { .. })));
}

#[test]
fn a_version_is_for_its_author_for_everybody_on_show_and_for_who_began_it() {
    let hidden = Err(RuleError::Hidden { what: "version of a game" });
    assert_eq!(check_version_readable(1, None, &1, &1, || false), Ok(()));
    assert_eq!(check_version_readable(1, Some(1), &1, &2, || false), Ok(()));
    assert_eq!(check_version_readable(1, None, &1, &2, || true), Ok(()));
    assert_eq!(check_version_readable(1, Some(2), &1, &2, || false), hidden);
    assert_eq!(check_version_readable(1, None, &1, &2, || false), hidden);
}

fn level(number: u32, key: &str) -> Level<'_> {
    Level {
        species_key: key,
        name: "Guppy",
        description: "",
        size_milli: SIZE_MILLI_MIN + number * 100,
        speed_milli: SPEED_MILLI_MAX,
    }
}

const KEYS: [&str; 13] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"];

fn ladder(count: usize) -> Vec<Level<'static>> {
    (0..count).map(|number| level(number as u32, KEYS[number])).collect()
}

#[test]
fn a_ladder_has_three_to_twelve_levels() {
    for count in LEVELS_MIN..=LEVELS_MAX {
        assert_eq!(check_ladder(&ladder(count)), Ok(()), "{count}");
    }
    for count in 0..LEVELS_MIN {
        assert!(matches!(check_ladder(&ladder(count)), Err(RuleError::Malformed { field: "levels", .. })));
    }
    let what = "The number of `levels`";
    assert_eq!(check_ladder(&ladder(13)), Err(RuleError::AboveLimit { what, limit: 12, actual: 13 }));
}

#[test]
fn every_field_of_a_level_is_checked() {
    let long = "x".repeat(501);
    let refusal = |change: fn(&mut Level<'static>)| {
        let mut levels = ladder(3);
        change(&mut levels[1]);
        check_ladder(&levels).unwrap_err()
    };
    let cases: [(RuleError, &str); 10] = [
        (refusal(|level| level.species_key = ""), "species_key"),
        (refusal(|level| level.species_key = "Cod"), "species_key"),
        (refusal(|level| level.species_key = "1cod"), "species_key"),
        (refusal(|level| level.species_key = "a"), "species_key"),
        (refusal(|level| level.name = " "), "name"),
        (refusal(|level| level.description = "\0"), "description"),
        (refusal(|level| level.size_milli = 0), "size_milli"),
        (refusal(|level| level.size_milli = SIZE_MILLI_MAX), "size_milli"),
        (refusal(|level| level.size_milli = u32::MAX), "size_milli"),
        (refusal(|level| level.speed_milli = SPEED_MILLI_MAX + 1), "speed_milli"),
    ];
    for (refusal, expected) in cases {
        assert!(matches!(refusal, RuleError::Malformed { field, .. } if field == expected), "{refusal}");
    }
    let above = |levels: Vec<Level<'_>>, max: usize| match check_ladder(&levels) {
        Err(RuleError::AboveLimit { limit, .. }) => assert_eq!(limit, max as u64),
        other => unreachable!("{other:?}"),
    };
    above(vec![Level { species_key: &long, ..level(0, "a") }; 3], SPECIES_KEY_LENGTH_MAX);
    above(vec![Level { name: &long, ..level(0, "a") }; 3], SPECIES_NAME_LENGTH_MAX);
    above(vec![Level { description: &long, ..level(0, "a") }; 3], LEVEL_DESCRIPTION_LENGTH_MAX);
}

#[test]
fn a_ladder_opens_two_slots_a_species_and_one_for_the_background() {
    let before = slots(["cod", "eel"]);
    let names: Vec<_> = before.iter().map(|slot| (slot.name.as_str(), slot.is_required)).collect();
    assert_eq!(
        names,
        [
            ("picture_cod", true),
            ("movement_cod", true),
            ("picture_eel", true),
            ("movement_eel", true),
            ("background", false)
        ]
    );
    let after = slots(["eel", "shark"]);
    assert_eq!(dropped_slots(&before, &after), ["picture_cod", "movement_cod"]);
    assert_eq!(check_slot(&after, "picture_eel"), Ok(()));
    assert!(matches!(check_slot(&after, "picture_cod"), Err(RuleError::Malformed { field: "slot", .. })));
}

#[test]
fn every_slot_name_is_one_that_assets_can_be_bound_to() {
    let longest = "k".repeat(SPECIES_KEY_LENGTH_MAX);
    for slot in slots([longest.as_str()]) {
        assert!(slot.name.len() <= 64, "{}", slot.name);
    }
}

#[test]
fn missing_assets_are_named() {
    assert_eq!(check_all_filled(&[]), Ok(()));
    let refusal = check_all_filled(&[picture_slot("cod"), movement_slot("eel")]).unwrap_err();
    assert_eq!(refusal.to_string(), "The required slots must be filled, not empty: picture_cod, movement_eel.");
    assert_eq!(check_shown_policy("public"), Ok(()));
    for hidden in ["private", "signed"] {
        let refusal = check_shown_policy(hidden).unwrap_err();
        assert_eq!(refusal.to_string(), format!("The access policy of a game's asset must be public, not {hidden}."));
    }
}

#[test]
fn texts_and_counts_stop_at_their_limits() {
    assert_eq!(check_description("Reef", ""), Ok(()));
    assert!(check_description("", "").is_err());
    assert!(check_description(&"x".repeat(TITLE_LENGTH_MAX + 1), "").is_err());
    assert!(check_description("Reef", &"x".repeat(DESCRIPTION_LENGTH_MAX + 1)).is_err());
    assert_eq!(check_author_message(&"x".repeat(AUTHOR_MESSAGE_LENGTH_MAX)), Ok(()));
    assert!(check_author_message(&"x".repeat(AUTHOR_MESSAGE_LENGTH_MAX + 1)).is_err());
    assert_eq!(check_agent_message(&"x".repeat(AGENT_MESSAGE_LENGTH_MAX)), Ok(()));
    assert!(check_agent_message(&"x".repeat(AGENT_MESSAGE_LENGTH_MAX + 1)).is_err());
    for (check, max) in [
        (check_message_count as fn(u64) -> Result<(), RuleError>, MESSAGES_PER_SESSION_MAX),
        (check_session_count, SESSIONS_PER_AUTHOR_MAX),
        (check_game_count, GAMES_PER_AUTHOR_MAX),
        (check_active_runs, ACTIVE_RUNS_MAX),
    ] {
        assert_eq!(check(max - 1), Ok(()));
        assert!(matches!(check(max), Err(RuleError::AboveLimit { limit, .. }) if limit == max));
        assert!(check(u64::MAX).is_err());
    }
    assert_eq!(next_version_number(0), Ok(1));
    assert_eq!(next_version_number(99), Ok(100));
    assert!(next_version_number(100).is_err());
    assert!(next_version_number(u32::MAX).is_err());
    assert_eq!(check_revision(3, 3), Ok(()));
    assert!(matches!(check_revision(3, 2), Err(RuleError::Differs { .. })));
    assert_eq!(check_own("session", &1, &1), Ok(()));
    assert_eq!(check_own("session", &1, &2), Err(RuleError::Hidden { what: "session" }));
    assert_eq!(check_proposal(Some(1)), Ok(1));
    assert!(matches!(check_proposal::<u8>(None), Err(RuleError::Hidden { .. })));
}

#[test]
fn plays_are_shown_in_round_numbers() {
    let shown = [0, 1, 2, 4, 5, 9, 10, 19, 20, 50, 99, 100, 12_345, u64::MAX].map(plays_shown);
    assert_eq!(shown, [0, 1, 2, 2, 5, 5, 10, 10, 20, 50, 50, 100, 10_000, 10_000_000_000_000_000_000]);
}

proptest! {
    #[test]
    fn shown_plays_never_exceed_and_never_fall(plays in any::<u64>(), more in any::<u64>()) {
        let (fewer, more) = (plays.min(more), plays.max(more));
        prop_assert!(plays_shown(fewer) <= fewer);
        prop_assert!(plays_shown(fewer) <= plays_shown(more));
        prop_assert!(plays_shown(more) > more / 3 || more == 0);
    }

    /// Whatever steps an author asks for, publishing is only reached through `Publish`.
    #[test]
    fn no_sequence_of_moves_publishes(asked in prop::collection::vec(0..Stage::ALL.len(), 0..40)) {
        let mut stage = Stage::Briefing;
        for to in asked.into_iter().map(|index| Stage::ALL[index]) {
            if check_movable(stage, to).is_ok() {
                stage = to;
            }
            prop_assert_ne!(stage, Stage::Published);
        }
    }

    #[test]
    fn slots_kept_and_dropped_make_up_those_before(before in 0..12_usize, shift in 0..12_usize) {
        let old = slots(KEYS[..before].iter().copied());
        let new = slots(KEYS[shift..].iter().copied());
        let dropped = dropped_slots(&old, &new);
        for slot in &old {
            prop_assert_eq!(dropped.contains(&slot.name), !new.contains(slot));
        }
    }
}
