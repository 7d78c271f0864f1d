//! The proof of money, shown books that are wrong.

use worldloom_tests::chaos::checks::ledger::{
    Books, Line, LineKind, Purse, WalletAsked, WalletCall, check, check_books,
};
use worldloom_tests::chaos::checks::wallets;
use worldloom_tests::chaos::history::{Asked, NEVER, Told};

/// Two wallets with 10 each, of which the first has paid 4 to the second.
struct Story {
    history: Vec<WalletAsked>,
    books: Books,
}

fn credit(wallet: u32) -> WalletAsked {
    let call = WalletCall::Credit { mark: format!("credit-{wallet}"), wallet, amount: 10 };
    Asked { client: wallet, call, begun: 0, ended: 10, told: Told::Done(Purse { lines: 1, balance: 10 }) }
}

fn transfer(told: Told<Purse>) -> WalletAsked {
    let call = WalletCall::Transfer { mark: "transfer-1".to_owned(), from: 1, to: 2, amount: 4 };
    let ended = if told == Told::Nothing { NEVER } else { 30 };
    Asked { client: 1, call, begun: 20, ended, told }
}

fn line(wallet: u32, kind: LineKind, amount: u64, lines: u64, balance: u64, mark: &str) -> Line {
    let id = u128::from(wallet) * 100 + u128::from(lines);
    Line { wallet, kind, amount, after: Purse { lines, balance }, mark: mark.to_owned(), id, other: None }
}

fn paid() -> Story {
    let mut out = line(1, LineKind::Out, 4, 2, 6, "transfer-1");
    let mut come = line(2, LineKind::In, 4, 2, 14, "transfer-1");
    (out.other, come.other) = (Some(come.id), Some(out.id));
    let lines = vec![
        line(1, LineKind::Credit, 10, 1, 10, "credit-1"),
        line(2, LineKind::Credit, 10, 1, 10, "credit-2"),
        out,
        come,
    ];
    let purses = [(1, Purse { lines: 2, balance: 6 }), (2, Purse { lines: 2, balance: 14 })].into();
    let told = Told::Done(Purse { lines: 2, balance: 6 });
    Story { history: vec![credit(1), credit(2), transfer(told)], books: Books { lines, purses } }
}

impl Story {
    fn broken_rules(&self) -> Vec<&'static str> {
        let mut rules: Vec<_> = check(&self.history, &self.books).into_iter().map(|violation| violation.rule).collect();
        rules.dedup();
        rules
    }

    fn without_the_transfer(&mut self) {
        self.books.lines.truncate(2);
        self.books.purses = [1, 2].map(|wallet| (wallet, Purse { lines: 1, balance: 10 })).into();
    }
}

#[test]
fn honest_books_are_accepted() {
    let mut story = paid();
    assert_eq!(story.broken_rules(), [""; 0]);
    assert_eq!(wallets::check(&story.history, &story.books.lines), []);
    story.history[2] = transfer(Told::Nothing);
    assert_eq!(story.broken_rules(), [""; 0], "it may have been done");
    story.without_the_transfer();
    assert_eq!(story.broken_rules(), [""; 0], "or not");
}

#[test]
fn a_lost_transfer_is_found_and_shown() {
    let mut story = paid();
    story.without_the_transfer();
    let violations = check(&story.history, &story.books);
    assert_eq!(violations.len(), 1, "{violations:?}");
    assert_eq!(violations[0].rule, "no acknowledged transfer is lost");
    let shown = "0.000020 s to 0.000030 s, client 1: transfer transfer-1 of 4 from wallet 1 to wallet 2: \
                 line 2, balance 6";
    assert_eq!(violations[0].history, [shown]);
}

#[test]
fn a_transfer_that_was_applied_twice_is_found() {
    let mut story = paid();
    story.books.lines.push(line(1, LineKind::Out, 4, 3, 2, "transfer-1"));
    story.books.lines.push(line(2, LineKind::In, 4, 3, 18, "transfer-1"));
    story.books.purses = [(1, Purse { lines: 3, balance: 2 }), (2, Purse { lines: 3, balance: 18 })].into();
    assert_eq!(story.broken_rules(), ["no transfer is applied twice"]);
}

#[test]
fn half_a_transfer_is_found_and_so_is_the_missing_money() {
    let mut story = paid();
    story.books.lines.pop();
    story.books.purses.insert(2, Purse { lines: 1, balance: 10 });
    assert_eq!(story.broken_rules(), ["a transfer is there whole or not at all", "the total of money is constant"]);
}

#[test]
fn a_refused_transfer_that_was_made_is_found() {
    let mut story = paid();
    story.history[2] = transfer(Told::Refused("insufficient".to_owned()));
    assert_eq!(story.broken_rules(), ["what was refused leaves no trace"]);
}

#[test]
fn another_line_than_was_acknowledged_is_found() {
    let mut story = paid();
    story.history[2] = transfer(Told::Done(Purse { lines: 3, balance: 2 }));
    assert_eq!(story.broken_rules(), ["no acknowledged transfer is lost"]);
}

#[test]
fn money_that_nobody_asked_for_is_found() {
    let mut story = paid();
    story.books.lines.push(line(2, LineKind::Credit, 1, 3, 15, "somebody"));
    story.books.purses.insert(2, Purse { lines: 3, balance: 15 });
    assert_eq!(story.broken_rules(), ["nobody moves money but those who asked"]);
}

#[test]
fn a_gap_in_a_ledger_and_a_wrong_balance_are_found() {
    let mut story = paid();
    story.books.lines[2].after.lines = 3;
    story.books.purses.insert(2, Purse { lines: 2, balance: 15 });
    let rules = story.broken_rules();
    assert!(rules.contains(&"a ledger explains its balance, line by line"), "{rules:?}");
    assert!(rules.contains(&"the total of money is constant"), "{rules:?}");
}

#[test]
fn a_wallet_that_went_back_in_time_is_found() {
    let mut story = paid();
    let read = |begun, purse| Asked {
        client: 3,
        call: WalletCall::Read { wallet: 1 },
        begun,
        ended: begun + 5,
        told: Told::Done(purse),
    };
    story.history.push(read(40, Purse { lines: 2, balance: 6 }));
    assert_eq!(wallets::check(&story.history, &story.books.lines), []);
    // A confirmed read after the acknowledgement that does not show the transfer.
    story.history.push(read(50, Purse { lines: 1, balance: 10 }));
    let violations = wallets::check(&story.history, &story.books.lines);
    assert_eq!(violations.len(), 1, "{violations:?}");
    assert_eq!(violations[0].history.len(), 2, "{violations:?}");
}

#[test]
fn sides_that_do_not_name_each_other_are_found() {
    let mut story = paid();
    story.books.lines[3].other = Some(story.books.lines[0].id);
    assert_eq!(story.broken_rules(), ["a transfer is there whole or not at all"]);
}

#[test]
fn a_line_that_says_something_else_than_its_request_is_found() {
    let mut story = paid();
    story.books.lines[1].kind = LineKind::In;
    assert!(story.broken_rules().contains(&"nobody moves money but those who asked"));
}

#[test]
fn books_without_the_other_side_of_a_transfer_are_found() {
    let mut story = paid();
    story.books.lines.remove(2);
    story.books.purses.insert(1, Purse { lines: 1, balance: 10 });
    let rules: Vec<_> = check_books(&story.books).into_iter().map(|violation| violation.rule).collect();
    assert!(rules.contains(&"a transfer is there whole or not at all"), "{rules:?}");
}
