//! The search for an order finds the contradictions that there are, and shows no more than they take.

use worldloom_tests::chaos::checks::ledger::Purse;
use worldloom_tests::chaos::checks::order::{Move, shortest_contradiction};
use worldloom_tests::chaos::checks::wallets::{Wallet, WalletStep};

const START: Purse = Purse { lines: 0, balance: 0 };

fn purse(lines: u64, balance: u64) -> Purse {
    Purse { lines, balance }
}

fn one(begun: u64, ended: u64, step: WalletStep) -> Move<Wallet> {
    let (purse, makes) = match step {
        WalletStep::Seen(purse) => (purse, false),
        WalletStep::In(_, purse) | WalletStep::Out(_, purse) => (purse, true),
    };
    let text = format!("{begun}..{ended} {step:?}");
    Move { begun, ended, version: purse.lines, made: makes.then_some(purse), step, text }
}

fn contradiction(moves: &[Move<Wallet>]) -> Option<Vec<String>> {
    Some(shortest_contradiction(&START, moves)?.into_iter().map(|one| one.text).collect())
}

#[test]
fn overlapping_requests_may_take_effect_in_any_order() {
    let moves = [
        one(0, 10, WalletStep::In(5, purse(2, 8))),
        one(0, 10, WalletStep::In(3, purse(1, 3))),
        one(4, 6, WalletStep::Seen(purse(1, 3))),
        one(5, 9, WalletStep::Seen(purse(2, 8))),
    ];
    assert_eq!(contradiction(&moves), None);
}

#[test]
fn a_request_without_an_end_may_take_effect_late() {
    let moves = [
        one(0, u64::MAX, WalletStep::In(5, purse(2, 8))),
        one(10, 20, WalletStep::In(3, purse(1, 3))),
        one(30, 40, WalletStep::Seen(purse(1, 3))),
    ];
    assert_eq!(contradiction(&moves), None);
}

#[test]
fn a_stale_read_is_shown_with_the_write_that_it_missed_and_nothing_else() {
    let mut moves = vec![one(0, 1, WalletStep::In(1, purse(1, 1)))];
    for number in 2..50 {
        moves.push(one(number * 10, number * 10 + 1, WalletStep::In(1, purse(number, number))));
        moves.push(one(number * 10 + 2, number * 10 + 3, WalletStep::Seen(purse(number, number))));
    }
    moves.push(one(405, 406, WalletStep::Seen(purse(39, 39))));
    let shown = contradiction(&moves).unwrap();
    assert_eq!(
        shown,
        ["400..401 In(1, Purse { lines: 40, balance: 40 })", "405..406 Seen(Purse { lines: 39, balance: 39 })"]
    );
}

#[test]
fn a_write_that_was_undone_is_a_contradiction() {
    // Line 2 was acknowledged, then the node came back without it and numbered another one 2.
    let moves = [
        one(0, 1, WalletStep::In(10, purse(1, 10))),
        one(2, 3, WalletStep::Out(4, purse(2, 6))),
        one(5, 6, WalletStep::Out(3, purse(2, 7))),
    ];
    let shown = contradiction(&moves).unwrap();
    assert!(shown.iter().any(|line| line.contains("Out(3")) && shown.len() <= 3, "{shown:?}");
}

#[test]
fn reads_that_go_back_in_time_are_a_contradiction() {
    let moves = [
        one(0, 1, WalletStep::In(10, purse(1, 10))),
        one(2, 20, WalletStep::Out(4, purse(2, 6))),
        one(3, 5, WalletStep::Seen(purse(2, 6))),
        one(6, 8, WalletStep::Seen(purse(1, 10))),
    ];
    let shown = contradiction(&moves).unwrap();
    assert_eq!(shown.len(), 3, "{shown:?}");
}
