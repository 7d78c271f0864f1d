//! The proof about save slots, shown histories that cannot be.

use worldloom_tests::chaos::checks::saves::{Slot, SlotAsked, SlotCall, check};
use worldloom_tests::chaos::history::{Asked, NEVER, Told};

const SLOT: &str = "p/left";

fn asked(begun: u64, call: SlotCall, told: Told<Slot>) -> SlotAsked {
    let ended = if told == Told::Nothing { NEVER } else { begun + 5 };
    Asked { client: 0, call, begun, ended, told }
}

fn save(begun: u64, expected: u64, content: u64, told: Told<Slot>) -> SlotAsked {
    asked(begun, SlotCall::Save { slot: SLOT.to_owned(), expected, content }, told)
}

fn read(begun: u64, slot: Slot) -> SlotAsked {
    asked(begun, SlotCall::Read { slot: SLOT.to_owned() }, Told::Done(slot))
}

fn slot(revision: u64, content: u64) -> Slot {
    Slot { revision, content }
}

fn violations(history: &[SlotAsked], finally: Slot) -> Vec<String> {
    let finally = [(SLOT.to_owned(), finally)].into();
    check(history, &finally).into_iter().map(|violation| violation.to_string()).collect()
}

#[test]
fn a_sound_history_is_accepted() {
    let history = [
        read(0, slot(0, 0)),
        save(10, 0, 71, Told::Done(slot(1, 71))),
        save(20, 0, 72, Told::Refused("conflict".to_owned())),
        save(30, 1, 73, Told::Nothing),
        read(40, slot(1, 71)),
        // The save without an answer arrives late.
        read(50, slot(2, 73)),
        save(60, 2, 74, Told::Nothing),
    ];
    assert_eq!(violations(&history, slot(2, 73)), [""; 0]);
    assert_eq!(violations(&history, slot(3, 74)), [""; 0], "nobody knows whether the last one was made");
}

#[test]
fn an_acknowledged_save_that_is_gone_is_found() {
    let history = [save(0, 0, 71, Told::Done(slot(1, 71))), save(10, 1, 72, Told::Done(slot(2, 72)))];
    let found = violations(&history, slot(1, 71));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("save 72 over revision 1") && found[0].contains("at the end: 71"), "{found:?}");
}

#[test]
fn a_stale_read_is_found() {
    let history =
        [save(0, 0, 71, Told::Done(slot(1, 71))), save(10, 1, 72, Told::Done(slot(2, 72))), read(20, slot(1, 71))];
    assert_eq!(violations(&history, slot(2, 72)).len(), 1);
}

#[test]
fn two_saves_over_one_revision_are_found() {
    let history = [
        save(0, 0, 71, Told::Done(slot(1, 71))),
        save(10, 1, 72, Told::Done(slot(2, 72))),
        save(20, 1, 73, Told::Done(slot(3, 73))),
    ];
    assert_eq!(violations(&history, slot(3, 73)).len(), 1);
}

#[test]
fn an_answer_with_another_content_is_found() {
    let history = [save(0, 0, 71, Told::Done(slot(1, 99)))];
    assert_eq!(violations(&history, slot(1, 99)).len(), 1);
}
