//! The proof about damaged logs, shown recoveries that are wrong.

use std::collections::HashMap;

use worldloom_tests::chaos::checks::Violation;
use worldloom_tests::chaos::checks::ledger::{Books, Line, LineKind, Purse, WalletAsked, WalletCall};
use worldloom_tests::chaos::checks::prefix::{Place, Recovered, Recovery, Saved, Whole, check};
use worldloom_tests::chaos::checks::saves::{Slot, SlotAsked, SlotCall};
use worldloom_tests::chaos::checks::stories::{Event, Turn, TurnAsked};
use worldloom_tests::chaos::checks::texts::{Wish, WishAsked};
use worldloom_tests::chaos::checks::uploads::{Upload, UploadAsked};
use worldloom_tests::chaos::faults::log_tail::{beginning, reason_in};
use worldloom_tests::chaos::fleet::checksum;
use worldloom_tests::chaos::history::{Asked, Told};

const KEPT: &str = "what was acknowledged before the damage is recovered";
const PREFIX: &str = "a damaged log is recovered to a state that there was";

fn place(length: u64) -> Place {
    Place { segment: "00000000000000000000.stdb.log".to_owned(), length }
}

/// A request that was acknowledged five microseconds after its beginning.
fn done<C, T>(begun: u64, call: C, told: T) -> Asked<C, T> {
    Asked { client: 0, call, begun, ended: begun + 5, told: Told::Done(told) }
}

/// What happened: credits to three wallets, one after the other, acknowledged when the log was 100, 200 and 300 bytes
/// long, and after each of them something else: a turn, a save, and then an upload and a text.
struct Past {
    wallets: Vec<WalletAsked>,
    places: HashMap<String, Place>,
    lines: Vec<Line>,
    turns: Vec<TurnAsked>,
    events: Vec<Event>,
    saves: Vec<SlotAsked>,
    uploads: Vec<UploadAsked>,
    wishes: Vec<WishAsked>,
}

impl Past {
    fn new() -> Self {
        let credit = |wallet: u32| {
            let call = WalletCall::Credit { mark: format!("credit-{wallet}"), wallet, amount: 10 };
            done(u64::from(wallet) * 100, call, Purse { lines: 1, balance: 10 })
        };
        let save = SlotCall::Save { slot: "left".to_owned(), expected: 0, content: 71 };
        let later = SlotCall::Save { slot: "left".to_owned(), expected: 1, content: 72 };
        let upload = Upload { key: "u".to_owned(), sha256: "aa".to_owned() };
        Self {
            wallets: (1..=3).map(credit).collect(),
            places: (1..=3).map(|wallet| (format!("credit-{wallet}"), place(wallet * 100))).collect(),
            lines: (1..=3).map(line).collect(),
            turns: vec![done(110, Turn { story: "s".to_owned(), number: 2, text: "a".to_owned() }, 2)],
            events: vec![event(1, ""), event(2, "a")],
            saves: vec![
                done(210, save, Slot { revision: 1, content: 71 }),
                done(310, later, Slot { revision: 2, content: 72 }),
            ],
            uploads: vec![done(320, upload, "asset".to_owned())],
            wishes: vec![done(330, Wish { key: "w".to_owned(), words: 5 }, "task".to_owned())],
        }
    }

    fn check(&self, recovery: &Recovery) -> Vec<Violation> {
        let Self { wallets, places, lines, turns, events, saves, uploads, wishes } = self;
        check(recovery, &Whole { wallets, places, lines, turns, events, saves, uploads, wishes })
    }
}

fn event(number: u32, text: &str) -> Event {
    Event { story: "s".to_owned(), number, text: text.to_owned() }
}

fn line(wallet: u32) -> Line {
    Line {
        wallet,
        kind: LineKind::Credit,
        amount: 10,
        after: Purse { lines: 1, balance: 10 },
        mark: format!("credit-{wallet}"),
        id: wallet.into(),
        other: None,
    }
}

/// What there was when so many of the credits had been acknowledged, and all that came before the next one.
fn state(credits: u32) -> Recovered {
    let lines: Vec<Line> = (1..=credits).map(line).collect();
    let mut state = Recovered {
        books: Books { purses: lines.iter().map(|line| (line.wallet, line.after)).collect(), lines },
        ..Recovered::default()
    };
    if credits >= 1 {
        state.events = vec![event(1, ""), event(2, "a")];
    }
    if credits >= 2 {
        state.saves.insert("left".to_owned(), saved(1, 71));
    }
    if credits >= 3 {
        state.saves.insert("left".to_owned(), saved(2, 72));
        state.assets.insert("asset".to_owned());
        state.tasks.insert("task".to_owned());
    }
    state
}

fn saved(revision: u64, content: u64) -> Saved {
    Saved { revision, checksum: checksum(content) }
}

fn recovery(state: Recovered, at: u64) -> Recovery {
    Recovery { what: "cut".to_owned(), at: place(at), may_be_refused: false, outcome: Ok(state) }
}

#[track_caller]
fn expect<const N: usize>(recovery: &Recovery, rules: [&str; N]) -> Vec<Violation> {
    let found = Past::new().check(recovery);
    assert_eq!(found.iter().map(|violation| violation.rule).collect::<Vec<_>>(), rules, "{found:?}");
    found
}

#[test]
fn a_prefix_is_accepted() {
    for credits in 0..=3 {
        expect(&recovery(state(credits), u64::from(credits) * 100 + 50), []);
    }
    expect(&recovery(state(3), 250), []);
}

#[test]
fn a_refusal_is_accepted_where_it_is_a_right_answer_only() {
    let refused = |may_be_refused| {
        let outcome = Err("checksum mismatch".to_owned());
        Recovery { may_be_refused, outcome, ..recovery(Recovered::default(), 250) }
    };
    expect(&refused(true), []);
    let found = expect(&refused(false), ["a log that only ends early is recovered"]);
    assert_eq!(found[0].history, ["checksum mismatch"]);
}

#[test]
fn damage_spares_the_module_itself_and_nothing_else() {
    // The header of a segment and a commit of 5 bytes of records, which ends after 41 bytes.
    let mut segment = vec![0; 100];
    segment[28..32].copy_from_slice(&5_u32.to_le_bytes());
    assert_eq!(beginning("00000000000000000000.stdb.log", &segment), 41);
    assert_eq!(beginning("00000000000000000107.stdb.log", &segment), 10);
}

#[test]
fn a_refusal_without_a_reason_in_the_log_is_found() {
    let line = |reason: &str| {
        format!("2026-11-22T09:25:14Z ERROR node.rs:137: Database c2 cannot be launched: {reason} database=c2\n")
    };
    let log = format!("something else\n{}", line("commit at byte position 7: checksum mismatch"));
    assert_eq!(reason_in(&log, "c2").as_deref(), Some("commit at byte position 7: checksum mismatch"));
    assert_eq!(reason_in(&line(""), "c2"), None);
    assert_eq!(reason_in(&log, "c3"), None, "another database's");
    assert_eq!(reason_in("", "c2"), None);
}

#[test]
fn a_lost_write_before_the_damage_is_found() {
    expect(&recovery(state(1), 250), [KEPT]);
}

/// Of the last thing of all nothing that came later shows that it is missing, but where the log ended does.
#[test]
fn whatever_is_lost_before_the_damage_is_found_by_its_place() {
    let lost = |mark: &str, take: fn(&mut Recovered)| {
        let (mut past, mut state) = (Past::new(), state(3));
        past.places = [(mark.to_owned(), place(300))].into();
        take(&mut state);
        let found = past.check(&recovery(state, 310));
        assert!(found.iter().any(|violation| violation.rule == KEPT), "{mark}: {found:?}");
    };
    lost("turn-a", |state| state.events.clear());
    lost("save-72", |state| drop(state.saves.insert("left".to_owned(), saved(1, 71))));
    lost("u", |state| state.assets.clear());
    lost("w", |state| state.tasks.clear());
}

#[test]
fn a_recovered_story_with_a_gap_is_found() {
    let mut past = Past::new();
    past.events.push(event(3, "b"));
    let mut gap = state(3);
    gap.events = vec![event(1, ""), event(3, "b")];
    let found = past.check(&recovery(gap, 50));
    assert!(found.iter().any(|violation| violation.what.contains("a story has no gaps")), "{found:?}");
}

#[test]
fn a_hole_is_found() {
    let mut second_alone = state(2);
    second_alone.books.lines.remove(0);
    second_alone.books.purses.remove(&1);
    expect(&recovery(second_alone, 50), [PREFIX]);
}

#[test]
fn whatever_is_missing_although_a_later_change_is_there_is_found() {
    let without = |take: fn(&mut Recovered)| {
        let mut state = state(3);
        take(&mut state);
        let found = expect(&recovery(state, 50), [PREFIX]);
        assert_eq!(found[0].history.len(), 2, "the missing one and a later one");
    };
    without(|state| state.events.clear());
    without(|state| state.saves.clear());
    without(|state| drop(state.saves.insert("left".to_owned(), saved(1, 71))));
    without(|state| state.assets.clear());
    // The text was the last of all, so nothing that came later shows that it is missing.
    let mut without_text = state(3);
    without_text.tasks.clear();
    expect(&recovery(without_text, 50), []);
}

#[test]
fn invented_and_inconsistent_rows_are_found() {
    let invented = |invent: fn(&mut Recovered), what: &str| {
        let mut state = state(3);
        invent(&mut state);
        let found = expect(&recovery(state, 350), [PREFIX]);
        assert!(found[0].what.contains(what), "{found:?}");
    };
    invented(|state| state.events.push(event(3, "x")), "there never was such a row");
    invented(|state| drop(state.saves.insert("left".to_owned(), saved(2, 73))), "there never was such a row");
    invented(|state| drop(state.saves.insert("left".to_owned(), saved(3, 72))), "there never was such a row");
    let mut wrong_balance = state(1);
    wrong_balance.books.purses.insert(1, Purse { lines: 1, balance: 12 });
    let found = Past::new().check(&recovery(wrong_balance, 150));
    assert!(!found.is_empty() && found.iter().all(|violation| violation.rule == PREFIX), "{found:?}");
}

#[test]
fn a_line_that_says_something_else_than_before_is_found() {
    let mut other = state(1);
    (other.books.lines[0].amount, other.books.lines[0].after.balance) = (11, 11);
    other.books.purses.insert(1, Purse { lines: 1, balance: 11 });
    expect(&recovery(other, 150), [PREFIX]);
}
