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
        save(20, 0, 72, Told::Refused("Conflict: it is 1".to_owned())),
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

#[test]
fn a_save_that_was_refused_for_nothing_is_found() {
    let refused = |begun, expected, reason: &str| save(begun, expected, 72, Told::Refused(reason.to_owned()));
    let found = |asked| violations(&[save(0, 0, 71, Told::Done(slot(1, 71))), asked], slot(1, 71));
    assert_eq!(found(refused(10, 0, "Conflict: it is 1")), [""; 0], "the first save explains it");
    for asked in [
        refused(10, 1, "Conflict: it is 2"),
        refused(10, 0, "Internal: nobody knows"),
        asked(
            10,
            SlotCall::Read { slot: SLOT.to_owned() },
            Told::Refused("Internal: the bytes are missing".to_owned()),
        ),
    ] {
        let found = found(asked);
        assert!(found.len() == 1 && found[0].contains("nobody is refused without a reason"), "{found:?}");
    }
    let later = [refused(0, 0, "Conflict: it is 1"), save(10, 0, 71, Told::Done(slot(1, 71)))];
    assert_eq!(violations(&later, slot(1, 71)).len(), 1, "what begins after a refusal explains nothing");
    let unknown = [save(0, 0, 73, Told::Nothing), refused(10, 0, "Conflict: it is 1")];
    assert_eq!(violations(&unknown, slot(0, 0)), [""; 0], "the node may have known it, and been killed");
}

#[test]
fn a_revision_that_two_saves_have_is_found() {
    let other = SlotCall::Save { slot: "p/right".to_owned(), expected: 0, content: 72 };
    let other_player = SlotCall::Save { slot: "q/right".to_owned(), expected: 0, content: 73 };
    let history = [
        save(0, 0, 71, Told::Done(slot(1, 71))),
        asked(10, other_player, Told::Done(slot(1, 73))),
        asked(20, other, Told::Done(slot(1, 72))),
    ];
    let finally = [(SLOT, slot(1, 71)), ("p/right", slot(1, 72)), ("q/right", slot(1, 73))];
    let found = check(&history, &finally.map(|(slot, held)| (slot.to_owned(), held)).into());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].rule, "a player's revision is one save");
}
