//! The proof about texts, shown readings that are wrong.

use worldloom_tests::chaos::checks::texts::{Piece, Reading, Task, Wish, WishAsked, check};
use worldloom_tests::chaos::history::{Asked, NEVER, Told};

fn wish() -> WishAsked {
    Asked { client: 0, call: Wish { key: "k".to_owned() }, begun: 0, ended: 5, told: Told::Done("t".to_owned()) }
}

fn piece(attempt: u32, sequence: u32, text: &str) -> Piece {
    Piece { position: 0, attempt, sequence, text: text.to_owned() }
}

fn reading(pieces: &[Piece]) -> Reading {
    Reading { task: "t".to_owned(), pieces: pieces.to_vec(), end: Some("completed".to_owned()) }
}

/// A task for the wish, which has had the last of its attempts.
fn task(status: &str, pieces: &[Piece]) -> Task {
    let (task, wish, status) = ("t".to_owned(), "k".to_owned(), status.to_owned());
    Task { task, wish, status, attempt: 5, attempts_max: 5, pieces: pieces.to_vec() }
}

fn rules(readings: &[Reading], tasks: &[Task]) -> Vec<&'static str> {
    check(&[wish()], readings, tasks).into_iter().map(|violation| violation.rule).collect()
}

#[test]
fn a_text_with_a_second_attempt_is_accepted() {
    let pieces = [piece(1, 1, "The"), piece(1, 2, " night"), piece(2, 1, "The night.")];
    assert_eq!(rules(&[reading(&pieces)], &[task("completed", &pieces)]), [""; 0]);
    assert_eq!(rules(&[reading(&pieces[2..])], &[task("completed", &pieces)]), [""; 0], "a reader who came late");
}

#[test]
fn a_lost_task_and_one_without_an_end_are_found() {
    assert_eq!(rules(&[], &[]), ["no acknowledged task is lost"]);
    assert_eq!(rules(&[], &[task("running", &[])]), ["every task comes to an end"]);
}

#[test]
fn a_task_that_is_another_wishs_is_no_answer() {
    let strange = Task { wish: "another".to_owned(), ..task("completed", &[]) };
    assert_eq!(rules(&[], &[strange]), ["no acknowledged task is lost"]);
}

#[test]
fn two_tasks_of_one_key_are_found() {
    let second = Task { task: "u".to_owned(), ..task("completed", &[]) };
    let others = Task { task: "v".to_owned(), wish: "another".to_owned(), ..task("completed", &[]) };
    assert_eq!(rules(&[], &[task("completed", &[]), others]), [""; 0]);
    assert_eq!(rules(&[], &[task("completed", &[]), second.clone()]), ["one idempotency key is one task"]);
    let unanswered = Asked { told: Told::Nothing, ended: NEVER, ..wish() };
    let found = check(&[unanswered], &[], &[task("completed", &[]), second]);
    assert_eq!(found.len(), 1, "whatever the player was told: {found:?}");
}

#[test]
fn a_text_that_was_given_up_too_early_is_found() {
    let failed_after = |attempt| Task { attempt, ..task("failed", &[]) };
    assert_eq!(rules(&[], &[failed_after(5)]), [""; 0]);
    assert_eq!(rules(&[], &[failed_after(4)]), ["a text fails after its last attempt only"]);
    let written = Task { attempt: 4, ..task("completed", &[]) };
    assert_eq!(rules(&[], &[written]), [""; 0], "one that was written needs no more attempts");
}

#[test]
fn gaps_repetitions_and_disorder_are_found() {
    let stored = [piece(1, 1, "a"), piece(1, 2, "b"), piece(1, 3, "c")];
    let [a, b, c] = stored.clone();
    for wrong in [[a.clone(), c.clone(), b.clone()], [a.clone(), b.clone(), b.clone()], [b.clone(), c.clone(), a]] {
        assert!(
            rules(&[reading(&wrong)], &[task("completed", &stored)])
                .contains(&"a text comes in order and without gaps")
        );
    }
}

#[test]
fn another_text_than_the_stored_one_is_found() {
    let stored = [piece(1, 1, "a"), piece(1, 2, "b")];
    let equal = "a reader hears what is stored";
    assert_eq!(rules(&[reading(&stored[..1])], &[task("completed", &stored)]), [equal], "the end is missing");
    let again = [piece(1, 1, "a"), piece(2, 1, "ab")];
    assert_eq!(rules(&[reading(&again[..1])], &[task("completed", &again)]), [equal], "the last attempt is missing");
    assert_eq!(rules(&[reading(&stored)], &[task("completed", &stored[..1])]), [equal], "it was not kept");
    assert_eq!(rules(&[reading(&stored)], &[task("failed", &stored)]), [equal], "it ended otherwise");
}
