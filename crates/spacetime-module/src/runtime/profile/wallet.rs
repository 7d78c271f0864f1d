//! Money: a balance per player and currency, and the ledger that explains it.
//!
//! Only the Service brings money in or takes it out; players hand it to each other. Every change
//! writes the ledger's line and the balance together (see `postings`), and no line is ever changed
//! or removed.

use crate::*;

/// How many lines of each currency a client keeps. The view is made anew with each line.
const NEWEST_LINES: u64 = 50;

/// Kinds of money, which nothing changes into each other.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WalletCurrency {
    /// Earned by playing.
    Coins,
    /// Bought.
    Gems,
}

/// What a line of the ledger did.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum WalletEntryKind {
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

/// How much a player has of one currency.
#[table(accessor = profile_wallet_balance, index(accessor = by_currency, btree(columns = [owner, currency])))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileWalletBalance {
    /// Number of the row.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The currency; the pair is unique.
    pub currency: WalletCurrency,
    /// Whole units, from 0 to 2^53 − 1.
    pub balance: u64,
    /// Number of lines in the ledger, of which the last left this balance.
    pub ledger_length: u64,
    /// The last day on which the player made a transfer, in days since the Unix epoch.
    pub transfer_day: i64,
    /// Number of transfers that the player made on that day.
    pub transfers_that_day: u32,
    /// When the balance last changed.
    pub updated_at: Timestamp,
}

/// One line of a ledger. It never changes.
#[table(
    accessor = profile_wallet_ledger,
    index(accessor = by_sequence, btree(columns = [owner, currency, sequence]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileWalletLedger {
    /// UUIDv7.
    #[primary_key]
    pub entry_id: Uuid,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The currency.
    pub currency: WalletCurrency,
    /// Number of the line, from 1 without gaps; the three together are unique.
    pub sequence: u64,
    /// What it did.
    pub kind: WalletEntryKind,
    /// How much it moved, in whole units.
    pub amount: u64,
    /// The balance that it left.
    pub balance_after: u64,
    /// The other player of a transfer.
    pub counterparty: Option<Identity>,
    /// The debit that a refund pays back; the other player's line of a transfer.
    pub related_entry_id: Option<Uuid>,
    /// Why.
    pub reason: String,
    /// Who asked for it.
    pub posted_by: Identity,
    /// When.
    pub posted_at: Timestamp,
}

/// Which debit has been paid back.
#[table(accessor = profile_wallet_refund)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileWalletRefund {
    /// The debit; it is paid back once.
    #[primary_key]
    pub debit_entry_id: Uuid,
    /// The line that paid it back.
    pub refund_entry_id: Uuid,
}

/// Money to bring in or take out.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct WalletPostingRequest {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// The currency.
    pub currency: WalletCurrency,
    /// Whole units, from 1 to 2^53 − 1.
    pub amount: u64,
    /// Why; the player reads it.
    pub reason: String,
}

/// A debit to pay back in full.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct WalletRefundRequest {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// The debit.
    pub debit_entry_id: Uuid,
    /// Why; the player reads it.
    pub reason: String,
}

/// Money to hand to another player.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct WalletTransferRequest {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// Who gets it: a player who has kept something here before.
    pub recipient: Identity,
    /// The currency.
    pub currency: WalletCurrency,
    /// Whole units, from 1 to 2^53 − 1.
    pub amount: u64,
    /// Why; both players read it.
    pub reason: String,
}

/// A page of a ledger.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct WalletLedgerPage {
    /// The currency.
    pub currency: WalletCurrency,
    /// Lines below this number; nothing for the newest.
    pub before_sequence: Option<u64>,
    /// How many lines, 1 to 200.
    pub limit: u32,
}

/// Brings money in for a player and returns the ledger's line. For the Service.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only); `account_closed`;
/// `invalid_argument`; `limit_exceeded`, also if the balance would be above 2^53 − 1; `conflict` if
/// the idempotency key was used for another request.
#[procedure]
pub fn credit_profile_wallet_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: WalletPostingRequest,
) -> Result<ProfileWalletLedger, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, acting_player)?;
        post_outside(tx, caller.player, OutsidePosting::Credit, &request)
    })
}

/// Takes money that a player spends and returns the ledger's line. For the Service.
///
/// Errors: as [`credit_profile_wallet_and_return`]; `insufficient` if there is less.
#[procedure]
pub fn debit_profile_wallet_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: WalletPostingRequest,
) -> Result<ProfileWalletLedger, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, acting_player)?;
        post_outside(tx, caller.player, OutsidePosting::Debit, &request)
    })
}

/// Pays a debit of the player back in full, once, and returns the ledger's line. For the Service.
///
/// Errors: as [`credit_profile_wallet_and_return`]; `not_found` for a line that is not the
/// player's; `conflict` for a line that is no debit; `illegal_transition` if it was paid back.
#[procedure]
pub fn refund_profile_wallet_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: WalletRefundRequest,
) -> Result<ProfileWalletLedger, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, acting_player)?;
        refund_debit(tx, caller.player, &request)
    })
}

/// Hands money of the sender to another player.
///
/// Errors: as [`transfer_profile_wallet_and_return`].
#[reducer]
pub fn transfer_profile_wallet(ctx: &ReducerContext, request: WalletTransferRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    transfer_money(ctx, caller.player, &request).map(drop)
}

/// Hands money to another player and returns the payer's line of the ledger.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument`, also for a transfer to oneself; `limit_exceeded`, also for
/// more than 100 transfers a day or a recipient's balance above 2^53 − 1; `not_found` for a
/// recipient who has never kept anything here; `insufficient` if there is less; `conflict` if the
/// recipient's account is closed, or if the idempotency key was used for another request.
#[procedure]
pub fn transfer_profile_wallet_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: WalletTransferRequest,
) -> Result<ProfileWalletLedger, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        transfer_money(tx, caller.player, &request)
    })
}

/// Returns a player's balances. A currency that the player never had is not among them.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`.
#[procedure]
pub fn get_profile_wallet_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
) -> Result<Vec<ProfileWalletBalance>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        Ok(ascending(tx.db.profile_wallet_balance().owner().filter(caller.player), |balance| balance.currency as u8))
    })
}

/// Returns a page of a player's ledger in one currency, newest first.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument`, `limit_exceeded` for the length of the page.
#[procedure]
pub fn list_profile_wallet_ledger_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: WalletLedgerPage,
) -> Result<Vec<ProfileWalletLedger>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        list_ledger(tx, caller.player, &request)
    })
}

/// The sender's balances.
#[view(accessor = my_wallet, public, primary_key = id)]
pub fn my_wallet(ctx: &ViewContext) -> Vec<ProfileWalletBalance> {
    ctx.db.profile_wallet_balance().owner().filter(ctx.sender()).collect()
}

/// The newest 50 lines of the sender's ledger in each currency; older ones come from
/// `list_profile_wallet_ledger_and_return`.
#[view(accessor = my_wallet_ledger, public, primary_key = entry_id)]
pub fn my_wallet_ledger(ctx: &ViewContext) -> Vec<ProfileWalletLedger> {
    let mut newest = Vec::new();
    for balance in ctx.db.profile_wallet_balance().owner().filter(ctx.sender()) {
        let older = balance.ledger_length.saturating_sub(NEWEST_LINES);
        for sequence in older + 1..=balance.ledger_length {
            newest.extend(ctx.db.profile_wallet_ledger().by_sequence().filter((
                balance.owner,
                balance.currency,
                sequence,
            )));
        }
    }
    newest
}
