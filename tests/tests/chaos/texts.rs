//! The proof about texts, shown readings that are wrong.

use worldloom_tests::chaos::checks::texts::{Piece, Reading, Task, Wish, WishAsked, check, offline_text};
use worldloom_tests::chaos::history::{Asked, NEVER, Told};

const WRITTEN: &str = "a completed text is what was asked for";

fn wish() -> WishAsked {
    let call = Wish { key: "k".to_owned(), words: 9 };
    Asked { client: 0, call, begun: 0, ended: 5, told: Told::Done("t".to_owned()) }
}

fn piece(attempt: u32, sequence: u32, text: &str) -> Piece {
    Piece { position: 0, attempt, sequence, text: text.to_owned() }
}

/// A text in three pieces.
fn pieces_of(text: &str, attempt: u32) -> Vec<Piece> {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    words.chunks(4).zip(1..).map(|(words, sequence)| piece(attempt, sequence, &words.concat())).collect()
}

/// The text that was asked for.
fn whole(attempt: u32) -> Vec<Piece> {
    pieces_of(&offline_text(&wish().call), attempt)
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
fn the_text_of_a_wish_is_that_of_the_facades_offline_provider() {
    let text = |words| offline_text(&Wish { key: "k".to_owned(), words });
    assert_eq!(text(9), "text. sleeps wind old the harbours traveller tells until every.\n");
    let longer = "text. sleeps wind old the harbours traveller tells until every every tells nobody. under.\n";
    assert_eq!(text(13), longer, "twelve words are a sentence");
}

#[test]
fn a_text_with_a_second_attempt_is_accepted() {
    let pieces = [vec![piece(1, 1, "text. "), piece(1, 2, "every")], whole(2)].concat();
    assert_eq!(rules(&[reading(&pieces)], &[task("completed", &pieces)]), [""; 0]);
    assert_eq!(rules(&[reading(&pieces[2..])], &[task("completed", &pieces)]), [""; 0], "a reader who came late");
}

#[test]
fn a_lost_task_and_one_without_an_end_are_found() {
    assert_eq!(rules(&[], &[]), ["no acknowledged task is lost"]);
    assert_eq!(rules(&[], &[task("running", &[])]), ["every task comes to an end"]);
}

#[test]
fn a_task_that_is_cancelled_without_having_been_asked_for_it_is_found() {
    let rule = "nobody cancels a text but its player";
    assert_eq!(rules(&[], &[task("cancelled", &[])]), [rule]);
    let unanswered = Asked { told: Told::Nothing, ended: NEVER, ..wish() };
    let found = check(&[unanswered], &[], &[task("cancelled", &[])]);
    assert_eq!(found.iter().map(|violation| violation.rule).collect::<Vec<_>>(), [rule], "whatever was told");
}

#[test]
fn a_completed_text_that_is_not_what_was_asked_for_is_found() {
    let text = offline_text(&wish().call);
    let completed = |text: &str| rules(&[], &[task("completed", &pieces_of(text, 1))]);
    assert_eq!(completed(&text), [""; 0]);
    assert_eq!(completed(""), [WRITTEN], "nothing at all");
    assert_eq!(completed("text. "), [WRITTEN], "the beginning alone");
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    for lost in 0..words.len() {
        let rest = [&words[..lost], &words[lost + 1..]].concat().concat();
        assert_eq!(completed(&rest), [WRITTEN], "word {lost} was lost before it had a number");
    }
    assert_eq!(completed(&offline_text(&Wish { key: "l".to_owned(), words: 9 })), [WRITTEN], "another's text");
}

#[test]
fn a_task_that_is_another_wishs_is_no_answer() {
    let strange = Task { wish: "another".to_owned(), ..task("completed", &[]) };
    assert_eq!(rules(&[], &[strange]), ["no acknowledged task is lost"]);
}

#[test]
fn two_tasks_of_one_key_are_found() {
    let first = task("completed", &whole(1));
    let second = Task { task: "u".to_owned(), ..first.clone() };
    let others = Task { task: "v".to_owned(), wish: "another".to_owned(), ..first.clone() };
    assert_eq!(rules(&[], &[first.clone(), others]), [""; 0]);
    assert_eq!(rules(&[], &[first.clone(), second.clone()]), ["one idempotency key is one task"]);
    let unanswered = Asked { told: Told::Nothing, ended: NEVER, ..wish() };
    let found = check(&[unanswered], &[], &[first, second]);
    assert_eq!(found.len(), 1, "whatever the player was told: {found:?}");
}

#[test]
fn a_text_that_was_given_up_too_early_is_found() {
    let failed_after = |attempt| Task { attempt, ..task("failed", &[]) };
    assert_eq!(rules(&[], &[failed_after(5)]), [""; 0]);
    assert_eq!(rules(&[], &[failed_after(4)]), ["a text fails after its last attempt only"]);
    let written = Task { attempt: 4, ..task("completed", &whole(1)) };
    assert_eq!(rules(&[], &[written]), [""; 0], "one that was written needs no more attempts");
}

#[test]
fn gaps_repetitions_and_disorder_are_found() {
    let stored = whole(1);
    let [a, b, c] = [0, 1, 2].map(|index: usize| stored[index].clone());
    for wrong in [[a.clone(), c.clone(), b.clone()], [a.clone(), b.clone(), b.clone()], [b.clone(), c.clone(), a]] {
        assert!(
            rules(&[reading(&wrong)], &[task("completed", &stored)])
                .contains(&"a text comes in order and without gaps")
        );
    }
}

#[test]
fn another_text_than_the_stored_one_is_found() {
    let stored = whole(1);
    let equal = "a reader hears what is stored";
    assert_eq!(rules(&[reading(&stored[..1])], &[task("completed", &stored)]), [equal], "the end is missing");
    let again = [vec![piece(1, 1, "text. ")], whole(2)].concat();
    assert_eq!(rules(&[reading(&again[..1])], &[task("completed", &again)]), [equal], "the last attempt is missing");
    assert_eq!(rules(&[reading(&stored)], &[task("completed", &stored[..1])]), [WRITTEN, equal], "it was not kept");
    assert_eq!(rules(&[reading(&stored)], &[task("failed", &stored)]), [equal], "it ended otherwise");
}
