//! The proof about damaged logs, shown recoveries that are wrong.

use std::collections::HashMap;

use worldloom_tests::chaos::checks::ledger::{Books, Line, LineKind, Purse, WalletAsked, WalletCall};
use worldloom_tests::chaos::checks::prefix::{Place, Recovery, check};
use worldloom_tests::chaos::history::{Asked, Told};

fn place(length: u64) -> Place {
    Place { segment: "00000000000000000000.stdb.log".to_owned(), length }
}

/// Credits to three wallets, one after the other, acknowledged when the log was 100, 200 and 300 bytes long.
fn history() -> (Vec<WalletAsked>, HashMap<String, Place>, Vec<Line>) {
    let asked = |wallet: u32| {
        let begun = u64::from(wallet) * 10;
        let call = WalletCall::Credit { mark: format!("credit-{wallet}"), wallet, amount: 10 };
        Asked { client: 0, call, begun, ended: begun + 5, told: Told::Done(Purse { lines: 1, balance: 10 }) }
    };
    let places = (1..=3).map(|wallet| (format!("credit-{wallet}"), place(wallet * 100))).collect();
    ((1..=3).map(asked).collect(), places, (1..=3).map(line).collect())
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

fn recovered(wallets: &[u32], at: u64) -> Recovery {
    let lines: Vec<Line> = wallets.iter().map(|wallet| line(*wallet)).collect();
    let purses = lines.iter().map(|line| (line.wallet, line.after)).collect();
    Recovery { what: "cut".to_owned(), at: place(at), books: Some(Books { lines, purses }), refusal: String::new() }
}

fn rules(recovery: &Recovery) -> Vec<&'static str> {
    let (history, places, lines) = history();
    check(recovery, &history, &places, &lines).into_iter().map(|violation| violation.rule).collect()
}

#[test]
fn a_prefix_and_a_refusal_are_accepted() {
    assert_eq!(rules(&recovered(&[1, 2], 250)), [""; 0]);
    assert_eq!(rules(&recovered(&[1, 2, 3], 250)), [""; 0], "the place of an acknowledgement may be late");
    let refused = Recovery { books: None, ..recovered(&[], 250) };
    assert_eq!(rules(&refused), [""; 0]);
}

#[test]
fn a_lost_write_before_the_damage_is_found() {
    assert_eq!(rules(&recovered(&[1], 250)), ["what was acknowledged before the damage is recovered"]);
}

#[test]
fn a_hole_is_found() {
    assert_eq!(rules(&recovered(&[2], 50)), ["a damaged log is recovered to a state that there was"]);
}

#[test]
fn invented_and_inconsistent_books_are_found() {
    let mut invented = recovered(&[1], 150);
    let books = invented.books.as_mut().unwrap();
    (books.lines[0].amount, books.lines[0].after.balance) = (11, 11);
    books.purses.insert(1, Purse { lines: 1, balance: 11 });
    assert_eq!(rules(&invented), ["a damaged log is recovered to a state that there was"]);
    let mut wrong = recovered(&[1], 150);
    wrong.books.as_mut().unwrap().purses.insert(1, Purse { lines: 1, balance: 12 });
    assert!(rules(&wrong).contains(&"a damaged log is recovered to a state that there was"));
}
