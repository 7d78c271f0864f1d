//! Saves: their syntax, the revisions that keep two devices apart, and their total.

#![allow(clippy::unwrap_used)]

use module_runtime::*;
use proptest::prelude::*;

const BYTES: &[u8] = b"abc";
/// SHA-256 of "abc", from FIPS 180-2.
const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn save() -> SaveContent<'static> {
    SaveContent { slot: "auto", format_version: 1, checksum: DIGEST, payload: BYTES }
}

#[test]
fn a_save_has_the_digest_that_it_comes_with() {
    assert_eq!(digest_of(BYTES), DIGEST);
    assert_eq!(save().check(), Ok(()));
    let other = "0".repeat(64);
    let differs = RuleError::Differs { what: "`checksum`", expected: DIGEST.to_owned(), actual: other.clone() };
    assert_eq!(SaveContent { checksum: &other, ..save() }.check(), Err(differs));
}

#[test]
fn bad_saves_name_the_fact() {
    let field = |save: SaveContent<'_>| match save.check().unwrap_err() {
        RuleError::Malformed { field, .. } => field,
        RuleError::AboveLimit { what, .. } => what,
        other => panic!("{other}"),
    };
    assert_eq!(field(SaveContent { slot: "", ..save() }), "slot");
    assert_eq!(field(SaveContent { slot: "Slot 1", ..save() }), "slot");
    assert_eq!(field(SaveContent { slot: &"s".repeat(33), ..save() }), "The length of `slot` in bytes");
    assert_eq!(field(SaveContent { format_version: 0, ..save() }), "format_version");
    assert_eq!(field(SaveContent { payload: &[], ..save() }), "payload");
    assert_eq!(field(SaveContent { payload: &vec![0; 1024 * 1024 + 1], ..save() }), "The bytes of a save");
    assert_eq!(field(SaveContent { checksum: "", ..save() }), "checksum");
    assert_eq!(field(SaveContent { checksum: &DIGEST.to_uppercase(), ..save() }), "checksum");
    assert_eq!(field(SaveContent { checksum: &"a".repeat(65), ..save() }), "The length of `checksum` in bytes");
    let largest = vec![0; 1024 * 1024];
    assert_eq!(SaveContent { payload: &largest, checksum: &digest_of(&largest), ..save() }.check(), Ok(()));
}

#[test]
fn a_device_replaces_only_what_it_has_seen() {
    let slot = |revision, replaced_revision| Some(SlotState { revision, replaced_revision });
    let differs = |expected: &str, actual: &str| {
        let what = "The revision that this device has seen";
        Err(RuleError::Differs { what, expected: expected.to_owned(), actual: actual.to_owned() })
    };
    for is_same in [false, true] {
        assert_eq!(decide_save(None, 0, is_same), Ok(SaveStep::Write), "an empty slot");
        assert_eq!(decide_save(None, 7, is_same), differs("0", "7"), "emptied by another device");
        assert_eq!(decide_save(slot(7, 3), 7, is_same), Ok(SaveStep::Write));
        assert_eq!(decide_save(slot(7, 3), 4, is_same), differs("7", "4"));
        assert_eq!(decide_save(slot(7, 3), u64::MAX, is_same), differs("7", &u64::MAX.to_string()));
    }
    assert_eq!(decide_save(slot(7, 3), 3, true), Ok(SaveStep::Already), "the answer was lost");
    assert_eq!(decide_save(slot(7, 3), 3, false), differs("7", "3"), "another device was faster");
    assert_eq!(next_revision(6), Ok(7));
    assert!(matches!(next_revision(u64::MAX), Err(RuleError::AboveLimit { .. })));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Save { device: usize, slot: usize, bytes: u8 },
    Look { device: usize, slot: usize },
    Delete { device: usize, slot: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3usize, 0..2usize, 0..3u8).prop_map(|(device, slot, bytes)| Step::Save { device, slot, bytes }),
        (0..3usize, 0..2usize).prop_map(|(device, slot)| Step::Look { device, slot }),
        (0..3usize, 0..2usize).prop_map(|(device, slot)| Step::Delete { device, slot }),
    ]
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    revision: u64,
    bytes: Option<u8>,
}

proptest! {
    /// Whatever three devices do, none overwrites or deletes a save whose bytes it does not know.
    #[test]
    fn no_save_is_lost_silently(steps in prop::collection::vec(step(), 0..60)) {
        let mut slots: [Option<(SlotState, u8)>; 2] = [None; 2];
        let mut seen = [[Seen::default(); 2]; 3];
        let mut last = 0;
        for step in steps {
            match step {
                Step::Save { device, slot, bytes } => {
                    let known = seen[device][slot];
                    let present = slots[slot];
                    let is_same = present.is_some_and(|(_, stored)| stored == bytes);
                    match decide_save(present.map(|(state, _)| state), known.revision, is_same) {
                        Ok(SaveStep::Write) => {
                            prop_assert_eq!(known.bytes, present.map(|(_, stored)| stored), "seen before replaced");
                            last = next_revision(last).unwrap();
                            let state = SlotState { revision: last, replaced_revision: known.revision };
                            slots[slot] = Some((state, bytes));
                            seen[device][slot] = Seen { revision: last, bytes: Some(bytes) };
                        }
                        Ok(SaveStep::Already) => {
                            let (state, stored) = present.unwrap();
                            prop_assert_eq!(stored, bytes, "nothing to lose");
                            seen[device][slot] = Seen { revision: state.revision, bytes: Some(bytes) };
                        }
                        Err(_) => prop_assert_ne!(known.revision, present.map_or(0, |(state, _)| state.revision)),
                    }
                }
                Step::Look { device, slot } => {
                    seen[device][slot] = match slots[slot] {
                        Some((state, bytes)) => Seen { revision: state.revision, bytes: Some(bytes) },
                        None => Seen::default(),
                    };
                }
                Step::Delete { device, slot } => {
                    let known = seen[device][slot];
                    if let Some((state, bytes)) = slots[slot] && check_revision(state.revision, known.revision).is_ok() {
                        prop_assert_eq!(known.bytes, Some(bytes), "seen before deleted");
                        slots[slot] = None;
                        seen[device][slot] = Seen::default();
                    }
                }
            }
        }
    }

    /// The counts stay in step with what is there, and within their limits.
    #[test]
    fn holdings_add_up(sizes in prop::collection::vec((any::<bool>(), any::<bool>(), 1..=PAYLOAD_BYTES_MAX), 0..300)) {
        let mut holdings = Holdings::default();
        let (mut snapshots, mut archives): (Vec<u64>, Vec<u64>) = (Vec::new(), Vec::new());
        for (is_archive, is_removal, bytes) in sizes {
            match (is_archive, is_removal) {
                (true, true) => if let Some(gone) = archives.pop() { holdings = holdings.without_archive(gone) },
                (false, true) => if let Some(gone) = snapshots.pop() { holdings = holdings.without_snapshot(gone) },
                (true, false) => if let Ok(after) = holdings.with_archive(bytes) { holdings = after; archives.push(bytes) },
                (false, false) => if let Ok(after) = holdings.with_snapshot(None, bytes) { holdings = after; snapshots.push(bytes) },
            }
            let bytes = snapshots.iter().chain(&archives).sum::<u64>();
            let expected = Holdings { snapshots: snapshots.len() as u32, archives: archives.len() as u32, bytes };
            prop_assert_eq!(holdings, expected);
            prop_assert!(bytes <= SAVED_BYTES_MAX && holdings.snapshots <= SNAPSHOTS_MAX && holdings.archives <= ARCHIVES_MAX);
        }
    }
}

#[test]
fn holdings_stop_at_their_limits() {
    let above = |what, limit: u64, actual: u64| Err(RuleError::AboveLimit { what, limit, actual });
    let full = Holdings { snapshots: SNAPSHOTS_MAX, archives: ARCHIVES_MAX, bytes: 1_000 };
    assert_eq!(full.with_snapshot(None, 1), above("The number of a player's saves", 100, 101));
    assert_eq!(full.with_archive(1), above("The number of a player's archives", 50, 51));
    assert_eq!(full.with_snapshot(Some(1_000), 10), Ok(Holdings { bytes: 10, ..full }), "replacing adds none");
    let heavy = Holdings { snapshots: 1, archives: 0, bytes: SAVED_BYTES_MAX };
    let what = "The bytes of a player's saves and archives together";
    assert_eq!(heavy.with_archive(1), above(what, SAVED_BYTES_MAX, SAVED_BYTES_MAX + 1));
    assert_eq!(heavy.with_snapshot(None, 1), above(what, SAVED_BYTES_MAX, SAVED_BYTES_MAX + 1));
    assert_eq!(Holdings::default().without_snapshot(9), Holdings::default(), "saturates");
    assert_eq!(Holdings::default().without_archive(9), Holdings::default(), "saturates");
}
