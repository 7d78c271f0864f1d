//! The proof about refusals for want of money, shown refusals that were wrong.

use worldloom_tests::chaos::checks::ledger::{Line, LineKind, Purse, WalletAsked, WalletCall};
use worldloom_tests::chaos::checks::refusals::check;
use worldloom_tests::chaos::history::{Asked, NEVER, Told};

/// The history and the ledger of wallet 1, which has got 10 by the time 10.
struct Story {
    history: Vec<WalletAsked>,
    lines: Vec<Line>,
}

impl Story {
    fn begin() -> Self {
        let mut story = Self { history: Vec::new(), lines: Vec::new() };
        let call = WalletCall::Credit { mark: "credit".to_owned(), wallet: 1, amount: 10 };
        story.ask(call, 0, 10, Told::Done(Purse { lines: 1, balance: 10 }));
        story.write("credit", LineKind::Credit, 10, Purse { lines: 1, balance: 10 });
        story
    }

    /// The same, and 6 are paid, which stands on the ledger too.
    fn with_a_payment(begun: u64, ended: u64) -> Self {
        let (mut story, after) = (Self::begin(), Purse { lines: 2, balance: 4 });
        story.pay(6, begun, ended, Told::Done(after));
        story.write("transfer-6", LineKind::Out, 6, after);
        story
    }

    fn ask(&mut self, call: WalletCall, begun: u64, ended: u64, told: Told<Purse>) {
        self.history.push(Asked { client: 1, call, begun, ended, told });
    }

    fn write(&mut self, mark: &str, kind: LineKind, amount: u64, after: Purse) {
        let id = u128::from(after.lines);
        self.lines.push(Line { wallet: 1, kind, amount, after, mark: mark.to_owned(), id, other: None });
    }

    fn pay(&mut self, amount: u64, begun: u64, ended: u64, told: Told<Purse>) {
        let call = WalletCall::Transfer { mark: format!("transfer-{amount}"), from: 1, to: 2, amount };
        self.ask(call, begun, ended, told);
    }

    /// The rules that are broken if another payment is refused between 20 and 30, for want of money.
    fn broken_by_refusing(mut self, amount: u64) -> Vec<&'static str> {
        let reason = "Insufficient(Insufficient { needed: 5, available: 3 }): too little".to_owned();
        self.pay(amount, 20, 30, Told::Refused(reason));
        check(&self.history, &self.lines).into_iter().map(|violation| violation.rule).collect()
    }
}

const RULE: &str = "nobody who has enough is refused for want of money";
const REASON: &str = "nobody is refused without a reason";

#[test]
fn a_refusal_that_is_right_is_accepted() {
    assert_eq!(Story::begin().broken_by_refusing(11), [""; 0]);
    assert_eq!(Story::with_a_payment(12, 15).broken_by_refusing(5), [""; 0]);
}

#[test]
fn a_payer_with_enough_who_is_refused_is_found() {
    assert_eq!(Story::begin().broken_by_refusing(10), [RULE]);
    assert_eq!(Story::with_a_payment(12, 15).broken_by_refusing(4), [RULE]);
    let later = Story::with_a_payment(31, 40);
    assert_eq!(later.broken_by_refusing(5), [RULE], "what began after the refusal explains nothing");
}

#[test]
fn what_was_under_way_explains_a_refusal() {
    let mut late_money = Story::begin();
    late_money.history[0].ended = 25;
    assert_eq!(late_money.broken_by_refusing(1), [""; 0], "the money may have come after it");
    let overlapping = Story::with_a_payment(25, 40);
    assert_eq!(overlapping.broken_by_refusing(5), [""; 0], "the other payment may have been first");
    let mut lost = Story::begin();
    lost.pay(6, 12, NEVER, Told::Nothing);
    assert_eq!(lost.broken_by_refusing(5), [""; 0], "it may have been there until the node was killed");
}

#[test]
fn what_cannot_have_been_done_explains_no_refusal() {
    let mut too_much = Story::begin();
    too_much.pay(1_000, 12, NEVER, Told::Nothing);
    assert_eq!(too_much.broken_by_refusing(5), [RULE], "a payment of more than there was");
    let mut refused = Story::begin();
    refused.pay(6, 12, 15, Told::Refused("NotFound: nobody".to_owned()));
    assert_eq!(refused.broken_by_refusing(5), [RULE], "a payment that was refused");
}

#[test]
fn refusals_for_other_reasons_are_found() {
    let broken_by = |call: WalletCall, reason: &str| {
        let mut story = Story::begin();
        story.ask(call, 20, 30, Told::Refused(reason.to_owned()));
        check(&story.history, &story.lines).into_iter().map(|violation| violation.rule).collect::<Vec<_>>()
    };
    let pay = |from, to| WalletCall::Transfer { mark: "transfer-6".to_owned(), from, to, amount: 6 };
    assert_eq!(broken_by(pay(2, 1), "NotFound: nobody"), [REASON], "wallet 1 has had money since 10");
    assert_eq!(broken_by(pay(1, 2), "NotFound: nobody"), [""; 0], "nobody has ever brought any into wallet 2");
    assert_eq!(broken_by(pay(1, 2), "Forbidden: not yours"), [REASON]);
    let credit = WalletCall::Credit { mark: "credit-2".to_owned(), wallet: 2, amount: 6 };
    assert_eq!(broken_by(credit, "Insufficient: there is no such want"), [REASON]);
    assert_eq!(broken_by(WalletCall::Read { wallet: 1 }, "Forbidden: not yours"), [REASON]);
}
