//! Whether each wallet's history is linearizable: payments in and out and confirmed reads, by whichever client.

use std::collections::{BTreeMap, HashMap};

use super::super::history::{NEVER, Told};
use super::Violation;
use super::ledger::{Line, LineKind, Purse, WalletAsked, WalletCall};
use super::order::{Move, Thing, shortest_contradiction};

/// A wallet.
#[derive(Clone, Debug)]
pub struct Wallet;

/// A step in a wallet's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WalletStep {
    /// So much came in, and left this purse.
    In(u64, Purse),
    /// So much went out, and left this purse.
    Out(u64, Purse),
    /// Somebody looked.
    Seen(Purse),
}

impl Thing for Wallet {
    type State = Purse;
    type Step = WalletStep;

    fn after(state: &Purse, step: &WalletStep) -> Option<Purse> {
        let (balance, told) = match step {
            WalletStep::Seen(told) => return (told == state).then_some(*state),
            WalletStep::In(amount, told) => (state.balance.checked_add(*amount)?, told),
            WalletStep::Out(amount, told) => (state.balance.checked_sub(*amount)?, told),
        };
        let after = Purse { lines: state.lines + 1, balance };
        (after == *told).then_some(after)
    }
}

const RULE: &str = "each wallet's history is linearizable";

/// Looks at one wallet after the other.
///
/// What a payer was not told, and what the payee never is, comes from the ledger: the request took effect there if
/// it did at all, at some time after its beginning.
pub fn check(history: &[WalletAsked], lines: &[Line]) -> Vec<Violation> {
    let mut recorded: HashMap<&str, Vec<&Line>> = HashMap::new();
    for line in lines {
        recorded.entry(&line.mark).or_default().push(line);
    }
    let mut moves: BTreeMap<u32, Vec<Move<Wallet>>> = BTreeMap::new();
    for asked in history {
        match (&asked.call, &asked.told) {
            (WalletCall::Read { wallet }, Told::Done(purse)) => {
                moves.entry(*wallet).or_default().push(step(asked, WalletStep::Seen(*purse), *purse));
            }
            (WalletCall::Read { .. }, _) => {}
            (call, told) => {
                for line in call.mark().and_then(|mark| recorded.get(mark)).into_iter().flatten() {
                    // What the client was told counts, and the ledger where it was told nothing.
                    let told = told.done().filter(|_| line.kind != LineKind::In).copied().unwrap_or(line.after);
                    let step_made = match line.kind {
                        LineKind::In | LineKind::Credit => WalletStep::In(line.amount, told),
                        LineKind::Out | LineKind::Other => WalletStep::Out(line.amount, told),
                    };
                    moves.entry(line.wallet).or_default().push(step(asked, step_made, told));
                }
            }
        }
    }
    let contradictions = moves.iter().filter_map(|(wallet, moves)| {
        let shown = shortest_contradiction(&Purse::EMPTY, moves)?;
        let what = format!("the requests about wallet {wallet} have no order");
        Some(Violation::new(RULE, what).shown_by(shown.into_iter().map(|one| one.text)))
    });
    contradictions.collect()
}

fn step(asked: &WalletAsked, step: WalletStep, purse: Purse) -> Move<Wallet> {
    let made = (!matches!(step, WalletStep::Seen(_))).then_some(purse);
    let text = match (&asked.told, step) {
        (Told::Done(_), WalletStep::Seen(_) | WalletStep::Out(..)) => asked.to_string(),
        // What the ledger adds.
        _ => format!("{asked} (on the ledger: {purse})"),
    };
    let ended = if asked.told.done().is_some() { asked.ended } else { NEVER };
    Move { begun: asked.begun, ended, version: purse.lines, made, step, text }
}
