//! The proof about stories, shown stories that are wrong.

use worldloom_tests::chaos::checks::stories::{Event, Turn, TurnAsked, check};
use worldloom_tests::chaos::history::{Asked, NEVER, Told};

fn turn(number: u32, text: &str, told: Told<u32>) -> TurnAsked {
    let call = Turn { story: "s".to_owned(), number, text: text.to_owned() };
    let ended = if told == Told::Nothing { NEVER } else { 10 };
    Asked { client: 0, call, begun: 0, ended, told }
}

fn event(number: u32, text: &str) -> Event {
    Event { story: "s".to_owned(), number, text: text.to_owned() }
}

fn rules(history: &[TurnAsked], events: &[Event]) -> Vec<&'static str> {
    check(history, events).into_iter().map(|violation| violation.rule).collect()
}

#[test]
fn a_told_story_is_accepted() {
    let history = [
        turn(2, "a", Told::Done(2)),
        turn(3, "b", Told::Nothing),
        turn(4, "c", Told::Nothing),
        turn(4, "d", Told::Done(4)),
        turn(4, "e", Told::Refused("Conflict: 5 is next".to_owned())),
    ];
    assert_eq!(rules(&history, &[event(1, ""), event(2, "a"), event(3, "b"), event(4, "d")]), [""; 0]);
}

#[test]
fn a_lost_turn_is_found() {
    let history = [turn(2, "a", Told::Done(2)), turn(3, "b", Told::Done(3))];
    assert_eq!(rules(&history, &[event(1, ""), event(2, "a")]), ["no acknowledged turn is lost"]);
    let replaced = [event(1, ""), event(2, "a"), event(3, "a")];
    assert!(rules(&history, &replaced).contains(&"no acknowledged turn is lost"));
    assert!(rules(&history, &replaced).contains(&"no turn is told twice"));
}

#[test]
fn a_gap_a_stranger_and_a_refused_turn_are_found() {
    assert_eq!(rules(&[turn(3, "b", Told::Done(3))], &[event(1, ""), event(3, "b")]), ["a story has no gaps"]);
    assert_eq!(rules(&[], &[event(1, ""), event(2, "x")]), ["a story says what its player told"]);
    let refused = [turn(2, "a", Told::Refused("Conflict: 3 is next".to_owned()))];
    assert_eq!(rules(&refused, &[event(1, ""), event(2, "a")]), ["a story says what its player told"]);
}

#[test]
fn a_turn_that_was_refused_for_nothing_is_found() {
    const REASON: &str = "nobody is refused without a reason";
    let refused = |reason: &str| turn(2, "b", Told::Refused(reason.to_owned()));
    let told = [event(1, ""), event(2, "a")];
    assert_eq!(rules(&[turn(2, "a", Told::Done(2)), refused("Conflict: 3 is next")], &told), [""; 0]);
    assert_eq!(rules(&[turn(2, "a", Told::Done(2)), refused("Internal: nobody knows")], &told), [REASON]);
    assert_eq!(rules(&[refused("Conflict: 3 is next")], &told[..1]), [REASON], "no other turn has taken its place");
}

#[test]
fn a_turn_acknowledged_under_another_number_is_found() {
    let found = rules(&[turn(2, "a", Told::Done(3))], &[event(1, ""), event(2, "a")]);
    assert_eq!(found, ["no acknowledged turn is lost"]);
}

#[test]
fn two_events_of_one_number_are_found() {
    let twice = [event(1, ""), event(2, "a"), event(2, "b")];
    let told = [turn(2, "a", Told::Done(2)), turn(2, "b", Told::Nothing)];
    assert!(rules(&told, &twice).contains(&"no turn is told twice"));
}
