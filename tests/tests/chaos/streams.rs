//! The proof about subscriptions, shown streams that are wrong.

use worldloom_tests::chaos::checks::ledger::{Purse, WalletAsked, WalletCall};
use worldloom_tests::chaos::checks::streams::{Growth, Heard, News, Row, Stream, check, check_against, check_moments};
use worldloom_tests::chaos::history::{Asked, Told};

const LEDGER: &str = "ledger";
const BALANCE: &str = "balance";

fn growth(table: &str) -> Growth {
    if table == LEDGER { Growth::Appended } else { Growth::Replaced }
}

fn row(table: &'static str, series: &str, version: u64) -> Row {
    let encoded = format!("{table}/{series}/{version}").into_bytes();
    Row { table, series: series.to_owned(), version, encoded, mark: Some(format!("credit-{version}")) }
}

fn line(version: u64) -> Row {
    row(LEDGER, "w", version)
}

fn balance(version: u64) -> Row {
    row(BALANCE, "w", version)
}

fn stream(heard: Vec<Heard>) -> Stream {
    let news = heard.into_iter().zip(0..).map(|(what, at)| News { at, what }).collect();
    Stream { watcher: "somebody".to_owned(), tables: vec![LEDGER, BALANCE], news }
}

/// A subscription that was asked for before anything was acknowledged.
fn all(rows: Vec<Row>) -> Heard {
    Heard::All { asked: 0, rows }
}

fn changed(deleted: &[Row], inserted: &[Row]) -> Heard {
    Heard::Changed { deleted: deleted.to_vec(), inserted: inserted.to_vec() }
}

/// One payment after the subscription, then a new connection, then another payment.
fn sound() -> Vec<Heard> {
    vec![
        all(vec![line(1), balance(1)]),
        changed(&[balance(1)], &[line(2), balance(2)]),
        all(vec![line(1), line(2), line(3), balance(3)]),
        changed(&[balance(3)], &[line(4), balance(4)]),
    ]
}

fn table() -> Vec<Row> {
    vec![line(1), line(2), line(3), line(4), balance(4)]
}

#[track_caller]
fn expect(heard: Vec<Heard>, table: &[Row], rule: &str) {
    let violations = check(&stream(heard), growth, table);
    assert_eq!(violations.first().map(|violation| violation.rule), Some(rule), "{violations:?}");
}

#[test]
fn a_sound_stream_is_accepted() {
    assert_eq!(check(&stream(sound()), growth, &table()), []);
}

#[test]
fn changes_out_of_order_are_found() {
    const ORDER: &str = "subscription streams are never out of order";
    let mut swapped = sound();
    swapped.truncate(2);
    swapped.push(changed(&[balance(2)], &[line(4), balance(4)]));
    swapped.push(changed(&[balance(4)], &[line(3), balance(3)]));
    expect(swapped, &table(), ORDER);
    let mut twice = sound();
    twice.push(changed(&[balance(4)], &[line(4), balance(4)]));
    expect(twice, &table(), ORDER);
    expect(vec![all(vec![balance(1)]), changed(&[balance(2)], &[])], &[], ORDER);
}

#[test]
fn what_vanishes_is_found() {
    const VANISHED: &str = "what a confirmed subscription has shown stays";
    // The node came back without the second line.
    let mut rolled_back = sound();
    rolled_back[2] = all(vec![line(1), balance(1)]);
    expect(rolled_back, &table(), VANISHED);
    let mut deleted = sound();
    deleted.push(changed(&[line(1)], &[]));
    expect(deleted, &table(), VANISHED);
    let mut older = sound();
    older[2] = all(vec![line(1), line(2), line(3), balance(1)]);
    expect(older, &table(), VANISHED);
}

#[test]
fn a_stream_that_is_not_the_table_is_found() {
    const EQUAL: &str = "subscription streams are equal to the table at the end";
    let mut missed = sound();
    missed.pop();
    expect(missed, &table(), EQUAL);
    expect(sound(), &table()[..4], EQUAL);
}

#[test]
fn a_watcher_who_is_told_of_no_changes_is_found() {
    const TOLD: &str = "subscribers are told of changes in each table";
    // Each connection shows the present state, and then nothing.
    let snapshots = vec![all(vec![line(1), balance(1)]), all(table())];
    let found = check(&stream(snapshots), growth, &table());
    assert_eq!(found.iter().map(|violation| violation.rule).collect::<Vec<_>>(), [TOLD, TOLD], "{found:?}");
    let one_table = vec![all(table()), changed(&[], &[line(5)])];
    let found = check(&stream(one_table), growth, &[table(), vec![line(5)]].concat());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].rule == TOLD && found[0].what.contains(BALANCE), "{found:?}");
}

fn transfer(number: u64, begun: u64, ended: u64) -> WalletAsked {
    let call = WalletCall::Transfer { mark: format!("transfer-{number}"), from: 1, to: 2, amount: 1 };
    Asked { client: 0, call, begun, ended, told: Told::Done(Purse { lines: 1, balance: 1 }) }
}

fn sides(number: u64) -> [Row; 2] {
    ["a", "b"].map(|series| Row { mark: Some(format!("transfer-{number}")), ..row(LEDGER, series, number) })
}

#[test]
fn a_transfer_in_two_pieces_is_found() {
    let history = [transfer(1, 0, 10)];
    let [out, come] = sides(1);
    let whole = stream(vec![changed(&[], &[out.clone(), come.clone()])]);
    assert_eq!(check_against(&whole, &history, LEDGER), []);
    let pieces = stream(vec![changed(&[], &[out]), changed(&[], &[come])]);
    assert_eq!(check_against(&pieces, &history, LEDGER)[0].rule, "a transaction reaches subscribers whole");
}

#[test]
fn commits_against_the_order_of_time_are_found() {
    let shown = stream(vec![changed(&[], &sides(2)), changed(&[], &sides(1))]);
    let overlapping = [transfer(1, 0, 10), transfer(2, 5, 15)];
    assert_eq!(check_against(&shown, &overlapping, LEDGER), []);
    let apart = [transfer(1, 0, 10), transfer(2, 11, 15)];
    let violations = check_against(&shown, &apart, LEDGER);
    assert_eq!(violations[0].rule, "commits keep the order of requests that did not overlap");
    assert_eq!(violations[0].history.len(), 2);
}

#[test]
fn first_rows_that_are_no_state_of_the_table_are_found() {
    const GAPS: &str = "a new subscription has every row";
    expect(vec![all(vec![line(1), line(3), balance(3)])], &[], GAPS);
    expect(vec![all(vec![line(1), line(1), balance(1)])], &[], "subscription streams are never out of order");
    const ONE: &str = "a thing is one row at any time";
    expect(vec![all(vec![line(1), balance(1), balance(2)])], &[], ONE);
    let mut stays = sound();
    stays.push(changed(&[], &[line(5), balance(5)]));
    expect(stays, &table(), ONE);
}

#[test]
fn a_new_subscription_without_what_was_acknowledged_before_is_found() {
    let history = [transfer(1, 0, 10), transfer(2, 20, 30)];
    let begun_at = |asked, rows: &[Row]| stream(vec![Heard::All { asked, rows: rows.to_vec() }]);
    let (both, first) = ([sides(1), sides(2)].concat(), sides(1));
    assert_eq!(check_against(&begun_at(40, &both), &history, LEDGER), []);
    assert_eq!(check_against(&begun_at(25, &first), &history, LEDGER), [], "the second was under way");
    assert_eq!(check_against(&begun_at(31, &first), &history, LEDGER)[0].rule, "a new subscription has every row");
    let elsewhere = Stream { tables: vec![BALANCE], ..begun_at(40, &[]) };
    assert_eq!(check_against(&elsewhere, &history, LEDGER), [], "it is about something else");
    let half = &both[..3];
    assert_eq!(check_against(&begun_at(5, half), &history, LEDGER)[0].rule, "a transaction reaches subscribers whole");
}

#[test]
fn a_ledger_and_a_balance_of_two_moments_are_found() {
    const MOMENT: &str = "subscribers see ledgers and balances of one moment";
    let found = |heard| check_moments(&stream(heard), LEDGER, BALANCE);
    assert_eq!(found(sound()), []);
    assert_eq!(found(vec![all(vec![line(1), line(2), balance(1)])])[0].rule, MOMENT);
    assert_eq!(found(vec![all(vec![line(1)])])[0].rule, MOMENT, "no balance at all");
    let mut apart = sound();
    apart.push(changed(&[], &[line(5)]));
    assert_eq!(found(apart)[0].rule, MOMENT);
}
