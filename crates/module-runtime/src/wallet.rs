//! Money: whole units, never below zero, never made or lost by moving it.

use module_rules::{RuleError, TextRule, check_limit, check_same};

/// Highest balance. The largest whole number that clients which count in doubles hold exactly.
pub const BALANCE_MAX: u64 = (1 << 53) - 1;
/// Highest amount of one entry.
pub const AMOUNT_MAX: u64 = BALANCE_MAX;
/// Longest reason of an entry, in bytes.
pub const REASON_LENGTH_MAX: usize = 200;
/// Most transfers that a player makes in one currency on one day (UTC). Each adds a row to the
/// recipient's ledger, which nobody may fill for somebody else.
pub const TRANSFERS_PER_DAY_MAX: u32 = 100;

const MICROS_PER_DAY: i64 = 24 * 60 * 60 * 1_000_000;
const REASON: TextRule = TextRule::prose("reason", "The length of `reason` in bytes", REASON_LENGTH_MAX);

/// What an entry of a ledger did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// Money came in from outside.
    Credit,
    /// Money was spent.
    Debit,
    /// Spent money came back.
    Refund,
    /// Money came from another player.
    TransferIn,
    /// Money went to another player.
    TransferOut,
}

impl EntryKind {
    /// Every kind.
    pub const ALL: [EntryKind; 5] =
        [EntryKind::Credit, EntryKind::Debit, EntryKind::Refund, EntryKind::TransferIn, EntryKind::TransferOut];

    /// The kind's name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            EntryKind::Credit => "a credit",
            EntryKind::Debit => "a debit",
            EntryKind::Refund => "a refund",
            EntryKind::TransferIn => "a transfer in",
            EntryKind::TransferOut => "a transfer out",
        }
    }
}

/// Errors: `Malformed` for nothing, `AboveLimit` above [`AMOUNT_MAX`].
pub fn check_amount(amount: u64) -> Result<(), RuleError> {
    if amount == 0 {
        return Err(RuleError::Malformed { field: "amount", rule: "move at least one unit" });
    }
    check_limit("`amount`", AMOUNT_MAX, amount)
}

/// Errors: `AboveLimit`, `Malformed`.
pub fn check_reason(reason: &str) -> Result<(), RuleError> {
    REASON.check(reason)
}

/// The balance after an entry.
///
/// Errors: `Malformed` and `AboveLimit` for the amount; `AboveLimit` if the balance would be above
/// [`BALANCE_MAX`]; `Insufficient` if it would be below zero.
pub fn post(balance: u64, kind: EntryKind, amount: u64) -> Result<u64, RuleError> {
    check_amount(amount)?;
    match kind {
        EntryKind::Credit | EntryKind::Refund | EntryKind::TransferIn => {
            let after = balance.saturating_add(amount);
            check_limit("The balance of a wallet", BALANCE_MAX, after)?;
            Ok(after)
        }
        EntryKind::Debit | EntryKind::TransferOut => balance.checked_sub(amount).ok_or(RuleError::Insufficient {
            what: "units of this currency",
            needed: amount,
            available: balance,
        }),
    }
}

/// The balances of sender and recipient after a transfer; their sum stays.
///
/// Errors: as [`post`].
pub fn transfer(sender: u64, recipient: u64, amount: u64) -> Result<(u64, u64), RuleError> {
    Ok((post(sender, EntryKind::TransferOut, amount)?, post(recipient, EntryKind::TransferIn, amount)?))
}

/// Errors: `Malformed` if both parties are the same player.
pub fn check_transfer_parties<P: PartialEq>(sender: &P, recipient: &P) -> Result<(), RuleError> {
    if sender == recipient {
        return Err(RuleError::Malformed { field: "recipient", rule: "name another player" });
    }
    Ok(())
}

/// Decides whether an entry may be refunded: a debit, and once.
///
/// Errors: `Differs` for another kind, `IllegalTransition` for a debit that `is_refunded`.
pub fn check_refundable(kind: EntryKind, is_refunded: bool) -> Result<(), RuleError> {
    check_same("An entry to refund", EntryKind::Debit.name(), kind.name())?;
    if is_refunded {
        let advice = " It has been paid back in full.";
        return Err(RuleError::IllegalTransition { what: "A debit", from: "refunded", to: "refunded", advice });
    }
    Ok(())
}

/// How many transfers a player has made in one currency on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransferQuota {
    /// The day, in days since the Unix epoch.
    pub day: i64,
    /// The transfers made on it.
    pub made: u32,
}

impl TransferQuota {
    /// After one more transfer, at `now` in microseconds since the epoch.
    ///
    /// Errors: `AboveLimit` if it is one too many.
    pub fn with_one_more(self, now: i64) -> Result<TransferQuota, RuleError> {
        let day = now.div_euclid(MICROS_PER_DAY);
        let made = if day == self.day { self.made.saturating_add(1) } else { 1 };
        check_limit("The number of transfers on one day", TRANSFERS_PER_DAY_MAX.into(), made.into())?;
        Ok(TransferQuota { day, made })
    }
}
