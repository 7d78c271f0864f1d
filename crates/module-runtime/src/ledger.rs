//! A ledger explains its balance: replaying it gives the balance, or finds the line that does not fit.

use crate::{EntryKind, post};

/// One line of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerLine {
    /// Its number, from 1 without gaps.
    pub sequence: u64,
    /// What it did.
    pub kind: EntryKind,
    /// How much it moved.
    pub amount: u64,
    /// The balance that it left.
    pub balance_after: u64,
}

/// The first line that does not follow from those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerFault {
    /// Its number, or the number that is missing.
    pub sequence: u64,
}

/// The balance after all lines, and their number. The lines come in the order of their numbers.
///
/// Errors: [`LedgerFault`] for a gap, an impossible step or a wrong balance.
pub fn replay(lines: impl IntoIterator<Item = LedgerLine>) -> Result<(u64, u64), LedgerFault> {
    let mut state = (0, 0);
    for line in lines {
        let (balance, length) = state;
        let sequence = length + 1;
        let fault = LedgerFault { sequence };
        let after = post(balance, line.kind, line.amount).map_err(|_| fault)?;
        if (line.sequence, line.balance_after) != (sequence, after) {
            return Err(fault);
        }
        state = (after, sequence);
    }
    Ok(state)
}
