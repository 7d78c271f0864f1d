//! The machine, the order of events, what is accepted, and branches against plain copies.

#![allow(clippy::unwrap_used)]

use module_rules::RuleError;
use module_story::*;
use proptest::prelude::*;

#[test]
fn every_pair_of_states() {
    let expected = [
        (Status::Active, Status::Active, Ok(Step::Already)),
        (Status::Active, Status::Ended, Ok(Step::Moved)),
        (Status::Ended, Status::Active, Err(("ended", "continued"))),
        (Status::Ended, Status::Ended, Ok(Step::Already)),
    ];
    let pairs: Vec<_> = Status::ALL.into_iter().flat_map(|from| Status::ALL.map(|to| (from, to))).collect();
    assert_eq!(expected.map(|(from, to, _)| (from, to)).to_vec(), pairs);
    for (from, to, step) in expected {
        let decided = transition(from, to).map_err(|refusal| match refusal {
            RuleError::IllegalTransition { from, to, .. } => (from, to),
            other => panic!("{other}"),
        });
        assert_eq!(decided, step, "{from:?} to {to:?}");
    }
}

#[test]
fn something_must_happen() {
    let nothing = Continuation { player_input: "", text: "", chapter_key: None };
    assert!(matches!(nothing.check(), Err(RuleError::Malformed { field: "text", .. })));
    assert_eq!(Continuation { player_input: "I wait.", ..nothing }.check(), Ok(()));
    assert_eq!(Continuation { text: "It rains.", ..nothing }.check(), Ok(()));
    assert_eq!(Continuation { chapter_key: Some("cellar"), ..nothing }.check(), Ok(()));
}

#[test]
fn texts_have_limits() {
    let nothing = Continuation { player_input: "", text: "", chapter_key: None };
    let long = "a".repeat(8_001);
    let limit_of = |continuation: Continuation<'_>| match continuation.check() {
        Err(RuleError::AboveLimit { limit, .. }) => limit,
        other => panic!("{other:?}"),
    };
    assert_eq!(Continuation { text: &long[..8_000], ..nothing }.check(), Ok(()));
    assert_eq!(limit_of(Continuation { text: &long, ..nothing }), 8_000);
    assert_eq!(limit_of(Continuation { player_input: &long, ..nothing }), 2_000);
    assert_eq!(limit_of(Continuation { chapter_key: Some(&long), ..nothing }), 64);
    for (blank, field) in [
        (Continuation { text: " ", ..nothing }, "text"),
        (Continuation { player_input: "\0", ..nothing }, "player_input"),
        (Continuation { chapter_key: Some(""), ..nothing }, "chapter_key"),
    ] {
        assert!(matches!(blank.check(), Err(RuleError::Malformed { field: named, .. }) if named == field));
    }
    assert_eq!(check_text(""), Ok(()));
    assert!(check_text(&long).is_err());
}

#[test]
fn the_last_number_is_kept_for_the_end() {
    assert_eq!(check_event_room(4_999), Ok(()));
    assert!(matches!(check_event_room(5_000), Err(RuleError::AboveLimit { limit: 4_999, actual: 5_000, .. })));
    assert!(has_notice_room(4_999) && !has_notice_room(5_000) && !has_notice_room(u32::MAX));
    assert_eq!(check_final_room(5_000), Ok(()));
    assert!(check_final_room(5_001).is_err());
}

#[test]
fn counts_levels_and_numbers() {
    assert_eq!(check_active_stories(49), Ok(()));
    assert!(matches!(check_active_stories(50), Err(RuleError::AboveLimit { limit: 50, actual: 51, .. })));
    assert_eq!(check_chapter_level(3, 3), Ok(()));
    assert_eq!(check_chapter_level(3, 2).unwrap_err().to_string(), "This needs 3 levels, and there are 2.");
    assert_eq!(check_event_number(7, 7), Ok(()));
    assert_eq!(check_event_number(7, 6).unwrap_err().to_string(), "The number of the next event must be 7, not 6.");
    assert_eq!(check_listing(1, 200), Ok(()));
    assert!(matches!(check_listing(0, 1), Err(RuleError::Malformed { field: "from_number", .. })));
    assert!(matches!(check_listing(1, 0), Err(RuleError::Malformed { field: "limit", .. })));
    assert!(matches!(check_listing(1, 201), Err(RuleError::AboveLimit { limit: 200, .. })));
}

#[test]
fn a_branch_leaves_after_an_event_that_has_happened() {
    assert_eq!(check_branch_point(4, 1, false), Ok(()));
    assert_eq!(check_branch_point(4, 3, false), Ok(()));
    for (number, is_end) in [(0, false), (4, false), (u32::MAX, false), (3, true)] {
        let refusal = check_branch_point(4, number, is_end);
        assert!(matches!(refusal, Err(RuleError::Malformed { field: "event_number", .. })), "{number}");
    }
    assert_eq!(check_branch_depth(15), Ok(()));
    assert!(matches!(check_branch_depth(16), Err(RuleError::AboveLimit { limit: 16, actual: 17, .. })));
}

/// A story as rows would hold it: its own events only, and the one that it left.
struct Kept {
    parent: Option<usize>,
    shared: u32,
    own: Vec<u64>,
}

fn line(kept: &[Kept], story: usize) -> Vec<Link<usize>> {
    let mut line = vec![Link { story, shared: kept[story].shared }];
    while let Some(parent) = kept[line[line.len() - 1].story].parent {
        line.push(Link { story: parent, shared: kept[parent].shared });
    }
    line
}

fn read(kept: &[Kept], story: usize, first: u32, last: u32) -> Vec<u64> {
    let event = |story: usize, number: u32| kept[story].own[(number - kept[story].shared - 1) as usize];
    let stretches = stretches(&line(kept, story), first, last);
    stretches.iter().flat_map(|part| (part.first..=part.last).map(|number| event(part.story, number))).collect()
}

proptest! {
    /// Whatever is appended and branched, a story by reference reads like a story by copy.
    #[test]
    fn sharing_reads_like_copying(steps in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>()), 1..60)) {
        let mut kept = vec![Kept { parent: None, shared: 0, own: vec![0] }];
        let mut copies: Vec<Vec<u64>> = vec![vec![0]];
        for (step, (story, at, appends)) in steps.into_iter().enumerate() {
            let story = story.index(kept.len());
            if appends {
                kept[story].own.push(step as u64 + 1);
                copies[story].push(step as u64 + 1);
            } else {
                let number = at.index(copies[story].len()) as u32 + 1;
                prop_assert!(check_branch_point(copies[story].len() as u32 + 1, number, false).is_ok());
                let line = line(&kept, story);
                let home = line[home_of(&line, number).unwrap()].story;
                kept.push(Kept { parent: Some(home), shared: number, own: Vec::new() });
                copies.push(copies[story][..number as usize].to_vec());
            }
        }
        for (story, copy) in copies.iter().enumerate() {
            let length = copy.len() as u32;
            prop_assert_eq!(&read(&kept, story, 1, length), copy);
            let (first, last) = (length / 3 + 1, length - length / 4);
            prop_assert_eq!(read(&kept, story, first, last), copy[first as usize - 1..last as usize].to_vec());
        }
    }

    #[test]
    fn no_text_makes_a_check_panic(text in ".{0,80}", number: u32, other: u32) {
        let _ = Continuation { player_input: &text, text: &text, chapter_key: Some(&text) }.check();
        let _ = (check_branch_point(number, other, false), check_branch_depth(number), check_listing(number, other));
        let _ = stretches(&[Link { story: 0, shared: number }], other, u32::MAX);
    }
}

#[test]
fn a_feed_ends_with_the_newest_event_and_begins_with_the_storys_own() {
    assert_eq!(feed_numbers(0, 1), 1..1, "nothing has happened");
    assert_eq!(feed_numbers(0, 9), 1..9);
    assert_eq!(feed_numbers(0, 10), 2..10);
    assert_eq!(feed_numbers(7, 10), 8..10, "what is shared happened in another story");
    assert!(feed_numbers(9, 10).is_empty());
    assert_eq!(feed_numbers(0, u32::MAX).len(), FEED_EVENTS_MAX as usize);
}

#[test]
fn the_newest_events_are_always_on_a_page_that_is_shown() {
    for told in 1..=5 * EVENTS_PER_PAGE {
        let pages = shown_pages(told);
        let shown = (0..told).filter(|before| pages.contains(&event_page(*before))).count() as u64;
        let newest = (0..told).rev().take_while(|before| pages.contains(&event_page(*before))).count() as u64;
        assert_eq!(shown, newest, "{told}: no event is left out between others");
        assert!((told.min(EVENTS_PER_PAGE + 1)..=2 * EVENTS_PER_PAGE).contains(&shown), "{told}: {shown}");
    }
    assert_eq!(shown_pages(0), 0..=0);
}
