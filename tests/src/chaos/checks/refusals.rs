//! Refusals about money: there is no other reason than the want of it, or of somebody to pay, and that must have been
//! right at some moment while the request was under way.

use std::collections::HashMap;

use super::super::history::Told;
use super::Violation;
use super::ledger::{Line, Purse, WalletAsked, WalletCall};

const RULE: &str = "nobody who has enough is refused for want of money";
const REASON: &str = "nobody is refused without a reason";
/// How such a refusal begins.
const INSUFFICIENT: &str = "Insufficient";
/// How one begins for want of a recipient.
const NOT_FOUND: &str = "NotFound";

/// Lines of the ledger, by wallet and mark.
type Lines<'a> = HashMap<(u32, &'a str), &'a Line>;

/// Looks at everything that was refused. A transfer for want of money breaks the rule if the payer had enough at every
/// moment between its beginning and its end, in whatever order the other requests took effect. A player is there once
/// there is money, which may not have come yet. All else that the fleet asks for about money is always admitted.
///
/// What had been acknowledged before the refused request began was there: acknowledgements wait for the disk. All else
/// that had begun before the refusal arrived may have been there or not, also what is on no ledger: the node may have
/// done it in memory, refused because of it, and then been killed before it was on disk. So the least that the payer
/// can have had is what was surely there, less every payment that may have come in between. A payment of more than
/// there can have been was none. A refusal has one attempt alone, since one after an attempt without an answer counts
/// as no answer, and its times are of a clock that no fault touches.
pub fn check(history: &[WalletAsked], lines: &[Line]) -> Vec<Violation> {
    let lines: Lines<'_> = lines.iter().map(|line| ((line.wallet, line.mark.as_str()), line)).collect();
    history.iter().filter_map(|asked| check_refusal(asked, history, &lines)).collect()
}

fn check_refusal(refused: &WalletAsked, history: &[WalletAsked], lines: &Lines<'_>) -> Option<Violation> {
    let Told::Refused(reason) = &refused.told else { return None };
    let was_before = |asked: &&WalletAsked| asked.told.done().is_some() && asked.ended < refused.begun;
    let is_there = |player| history.iter().filter(was_before).any(|asked| brings(&asked.call, player) > 0);
    let (payer, amount) = match &refused.call {
        WalletCall::Transfer { from, amount, .. } if reason.starts_with(INSUFFICIENT) => (from, amount),
        WalletCall::Transfer { to, .. } if reason.starts_with(NOT_FOUND) && !is_there(*to) => return None,
        _ => return Some(Violation::new(REASON, "this was refused").shown_by([refused])),
    };
    let surely = history.iter().filter(was_before).filter_map(|asked| line_of(asked, *payer, lines));
    let surely = surely.max_by_key(|line| line.after.lines);
    let there = surely.map_or(Purse::EMPTY, |line| line.after);
    let may_come = |asked: &&WalletAsked| {
        let is_counted = line_of(asked, *payer, lines).is_some_and(|line| line.after.lines <= there.lines);
        !matches!(asked.told, Told::Refused(_)) && asked.begun <= refused.ended && !is_counted
    };
    let most = there.balance + history.iter().filter(may_come).map(|asked| brings(&asked.call, *payer)).sum::<u64>();
    let payments = history.iter().filter(may_come).map(|asked| takes(&asked.call, *payer));
    let least = there.balance.saturating_sub(payments.filter(|amount| *amount <= most).sum());
    (least >= *amount).then(|| {
        let what = format!("wallet {payer} had {least} or more all the time");
        Violation::new(RULE, what).shown_by(surely).shown_by([refused])
    })
}

/// The line that a request has left in a wallet's ledger.
fn line_of<'a>(asked: &WalletAsked, wallet: u32, lines: &Lines<'a>) -> Option<&'a Line> {
    lines.get(&(wallet, asked.call.mark()?)).copied()
}

/// How much a request brings into a wallet.
fn brings(call: &WalletCall, into: u32) -> u64 {
    match call {
        WalletCall::Credit { wallet, amount, .. } if *wallet == into => *amount,
        WalletCall::Transfer { to, amount, .. } if *to == into => *amount,
        _ => 0,
    }
}

/// How much a request takes out of a wallet.
fn takes(call: &WalletCall, out_of: u32) -> u64 {
    match call {
        WalletCall::Transfer { from, amount, .. } if *from == out_of => *amount,
        _ => 0,
    }
}
