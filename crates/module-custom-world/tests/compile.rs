//! Compiling drafts: everything missing is found, and the hash knows the content.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use module_custom_world::EntryKind::{Chapter, Character, Enemy, Item, Quest, Setting, Treasure};
use module_custom_world::*;
use module_rules::RuleError;
use proptest::prelude::*;

fn entry<'a>(kind: EntryKind, key: &'a str, links: &[(&'static str, EntryKind, &'a str)]) -> DraftEntry<'a> {
    let links = links.iter().map(|&(field, kind, key)| EntryLink { field, kind, key }).collect();
    let chapter = (kind == Chapter).then_some((1, 1));
    DraftEntry { kind, key, validity: Ok(()), links, chapter, bag_slots: 0 }
}

/// For bags of 40 slots.
fn problems_of(entries: &[DraftEntry<'_>], cover: CoverState) -> WorldProblems {
    compile_problems(entries, cover, 40)
}

fn chapter(key: &str, order: u32, required_level: u32) -> DraftEntry<'_> {
    DraftEntry { chapter: Some((order, required_level)), ..entry(Chapter, key, &[]) }
}

fn small_world() -> Vec<DraftEntry<'static>> {
    vec![entry(Setting, "setting", &[]), chapter("arrival", 1, 1)]
}

fn codes(problems: &WorldProblems) -> Vec<&'static str> {
    problems.listed.iter().map(WorldProblem::code).collect()
}

#[test]
fn a_setting_a_chapter_and_a_cover_are_enough() {
    let entries = small_world();
    let problems = problems_of(&entries, CoverState::Shown);
    assert_eq!(problems, WorldProblems::default());
    assert_eq!(check_publishable(&problems), Ok(()));
    assert_eq!(first_chapter(&entries), Some("arrival"));
}

#[test]
fn an_empty_draft_lacks_everything_at_once() {
    let problems = problems_of(&[], CoverState::Missing);
    assert_eq!(codes(&problems), ["setting_missing", "chapters_missing", "cover_missing"]);
    let refusal = check_publishable(&problems).unwrap_err();
    assert!(
        matches!(&refusal, RuleError::Differs { actual, .. } if actual.starts_with("with 3, first: ")),
        "{refusal}"
    );
    assert_eq!(first_chapter(&[]), None);
}

#[test]
fn the_cover_must_be_readable() {
    assert_eq!(codes(&problems_of(&small_world(), CoverState::Hidden)), ["cover_hidden"]);
}

#[test]
fn chapters_are_counted_from_one() {
    let entries = [entry(Setting, "setting", &[]), chapter("b", 4, 1), chapter("a", 2, 1), chapter("c", 2, 1)];
    let problems = problems_of(&entries, CoverState::Shown);
    assert_eq!(codes(&problems), ["chapter_order_twice", "chapter_order_missing", "chapter_order_missing"]);
    assert_eq!(problems.listed[0].entry(), Some((Chapter, "c")));
    assert_eq!(first_chapter(&entries), Some("a"));
    let closed = [entry(Setting, "setting", &[]), chapter("a", 1, 2)];
    assert_eq!(codes(&problems_of(&closed, CoverState::Shown)), ["first_chapter_closed"]);
}

#[test]
fn every_unresolved_key_is_named() {
    let mut entries = small_world();
    entries.push(entry(Item, "miller", &[]));
    entries.push(entry(Enemy, "rat", &[("treasure_key", Treasure, "chest")]));
    let links = [("giver_key", Character, "miller"), ("target_key", Enemy, "rat"), ("rewards", Item, "bread")];
    entries.push(entry(Quest, "rats", &links));
    let problems = problems_of(&entries, CoverState::Shown);
    let unresolved = |kind, key: &str, field, target_kind, target_key: &str| WorldProblem::Unresolved {
        kind,
        key: key.to_owned(),
        field,
        target_kind,
        target_key: target_key.to_owned(),
    };
    assert_eq!(
        problems.listed,
        [
            unresolved(Enemy, "rat", "treasure_key", Treasure, "chest"),
            unresolved(Quest, "rats", "giver_key", Character, "miller"),
            unresolved(Quest, "rats", "rewards", Item, "bread"),
        ],
        "an item is no character"
    );
    let said = problems.listed[1].to_string();
    assert_eq!(
        said,
        "The quest `rats` names the character `miller` in `giver_key`, and there is none. Add it or name another."
    );
}

#[test]
fn an_invalid_entry_says_why() {
    let mut entries = small_world();
    let refusal = RuleError::Malformed { field: "name", rule: "use a name" };
    entries.push(DraftEntry { validity: Err(refusal.clone()), ..entry(Character, "cat", &[]) });
    let problems = problems_of(&entries, CoverState::Shown);
    assert_eq!(problems.listed, [WorldProblem::Invalid { kind: Character, key: "cat".to_owned(), refusal }]);
}

#[test]
fn what_comes_out_of_an_entry_finds_room_in_a_bag() {
    let mut entries = small_world();
    entries.push(DraftEntry { bag_slots: 40, ..entry(Treasure, "chest", &[]) });
    assert_eq!(problems_of(&entries, CoverState::Shown), WorldProblems::default());
    entries.push(DraftEntry { bag_slots: 41, ..entry(Treasure, "hoard", &[]) });
    entries.push(DraftEntry { bag_slots: u64::MAX, ..entry(Quest, "rats", &[]) });
    let problems = problems_of(&entries, CoverState::Shown);
    assert_eq!(codes(&problems), ["exceeds_bag", "exceeds_bag"]);
    assert_eq!(problems.listed[1].entry(), Some((Quest, "rats")));
    assert_eq!(
        problems.listed[0].to_string(),
        "What comes out of the treasure `hoard` can need 41 slots of a bag, and a bag has 40. Let it give less, or let \
         more of it lie in one slot."
    );
}

#[test]
fn quests_do_not_wait_for_themselves() {
    let mut entries = small_world();
    entries.push(entry(Quest, "a", &[("requires", Quest, "b")]));
    entries.push(entry(Quest, "b", &[("requires", Quest, "c")]));
    entries.push(entry(Quest, "c", &[("requires", Quest, "a")]));
    entries.push(entry(Quest, "after", &[("requires", Quest, "a")]));
    entries.push(entry(Quest, "free", &[]));
    entries.push(entry(Quest, "fine", &[("requires", Quest, "free")]));
    let problems = problems_of(&entries, CoverState::Shown);
    let waiting: Vec<_> = problems.listed.iter().filter_map(|problem| problem.entry().map(|(_, key)| key)).collect();
    assert_eq!(waiting, ["a", "after", "b", "c"]);
}

#[test]
fn a_world_has_a_limited_number_of_entries_and_a_report_of_problems() {
    let keys: Vec<_> = (0..ENTRIES_PER_WORLD_MAX).map(|number| format!("item-{number}")).collect();
    let mut entries: Vec<_> = keys.iter().map(|key| entry(Item, key, &[("nothing", Item, "none")])).collect();
    entries.extend(small_world());
    let problems = problems_of(&entries, CoverState::Shown);
    assert_eq!(problems.listed[0], WorldProblem::TooManyEntries { count: 502 });
    assert_eq!((problems.listed.len(), problems.count), (PROBLEMS_LISTED_MAX, 501));
}

#[test]
fn versions_are_numbered_from_one_up_to_the_limit() {
    assert_eq!(next_version(0), Ok(1));
    assert_eq!(next_version(VERSIONS_PER_WORLD_MAX - 1), Ok(VERSIONS_PER_WORLD_MAX));
    for current in [VERSIONS_PER_WORLD_MAX, u32::MAX] {
        assert!(matches!(next_version(current), Err(RuleError::AboveLimit { limit: 500, .. })));
    }
}

#[test]
fn a_held_world_is_not_published() {
    assert_eq!(check_not_held(None), Ok(()));
    let refusal = check_not_held(Some("spam")).unwrap_err();
    assert!(refusal.to_string().contains("held back by a Moderator: spam"), "{refusal}");
    assert_eq!(held_status(WorldStatus::Draft), Err(RuleError::Hidden { what: "world" }));
    assert_eq!(held_status(WorldStatus::Published), Ok(WorldStatus::Unpublished));
    assert_eq!(held_status(WorldStatus::Unpublished), Ok(WorldStatus::Unpublished));
    assert_eq!(held_status(WorldStatus::Archived), Ok(WorldStatus::Archived));
    assert!(check_reason("").is_err() && check_reason(&"r".repeat(1_001)).is_err() && check_reason("spam").is_ok());
    assert_eq!(check_reviewed("ab", None), Ok(()));
    assert_eq!(check_reviewed("ab", Some("ab")), Ok(()));
    assert!(matches!(check_reviewed("ab", Some("cd")), Err(RuleError::Differs { what: "`content_hash`", .. })));
}

#[test]
fn the_hash_has_a_known_value() {
    let none: [&[u8]; 0] = [];
    assert_eq!(content_hash(&none).len(), 64);
    assert_ne!(content_hash(&[&b"ab"[..], b"c"]), content_hash(&[&b"a"[..], b"bc"]), "lengths count");
}

proptest! {
    #[test]
    fn the_hash_knows_content_and_order(one in prop::collection::vec(any::<Vec<u8>>(), 0..6), other in prop::collection::vec(any::<Vec<u8>>(), 0..6)) {
        prop_assert_eq!(content_hash(&one) == content_hash(&other), one == other);
    }

    /// A draft without circles compiles whatever the order of its entries; closing a circle is found.
    #[test]
    fn circles_and_only_circles_are_found(length in 2..30_usize, closing in any::<bool>(), seed in any::<prop::sample::Index>()) {
        let keys: Vec<_> = (0..length).map(|number| format!("quest-{number}")).collect();
        let mut entries = small_world();
        for (number, key) in keys.iter().enumerate() {
            let mut links = Vec::new();
            if number > 0 {
                links.push(("requires", Quest, keys[number - 1].as_str()));
            } else if closing {
                links.push(("requires", Quest, keys[length - 1].as_str()));
            }
            entries.push(entry(Quest, key, &links));
        }
        let middle = seed.index(entries.len());
        entries.rotate_left(middle);
        let problems = problems_of(&entries, CoverState::Shown);
        prop_assert_eq!(problems.count, if closing { length as u64 } else { 0 });
    }
}
