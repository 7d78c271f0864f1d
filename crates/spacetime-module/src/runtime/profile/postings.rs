//! How money moves: each posting writes one line of a ledger and the balance that it explains.

use module_runtime::{EntryKind, LedgerLine, TransferQuota};

use crate::*;

/// Money that comes from or goes to somewhere outside the wallets.
#[derive(Clone, Copy)]
pub(crate) enum OutsidePosting {
    /// It comes.
    Credit,
    /// It goes.
    Debit,
}

/// A line of a ledger before it has a number.
struct Posting<'a> {
    entry_id: Uuid,
    owner: Identity,
    currency: WalletCurrency,
    kind: WalletEntryKind,
    amount: u64,
    counterparty: Option<Identity>,
    related_entry_id: Option<Uuid>,
    reason: &'a str,
}

/// Brings money in or takes it out.
///
/// Errors: as [`debit_profile_wallet_and_return`], those of the guard excepted.
pub(crate) fn post_outside(
    ctx: &ReducerContext,
    owner: Identity,
    direction: OutsidePosting,
    request: &WalletPostingRequest,
) -> Result<ProfileWalletLedger, DomainError> {
    check_account_open(ctx, owner)?;
    module_runtime::check_amount(request.amount)?;
    module_runtime::check_reason(&request.reason)?;
    let (operation, kind) = match direction {
        OutsidePosting::Credit => ("credit_profile_wallet", WalletEntryKind::Credit),
        OutsidePosting::Debit => ("debit_profile_wallet", WalletEntryKind::Debit),
    };
    let replayable = Replayable::new(owner, operation, &request.idempotency_key, request)?;
    if let Some(first) = replayable.first_result(ctx)? {
        return load_entry(ctx, owner, first);
    }
    let entry_id = fresh_entry_id(ctx)?;
    replayable.remember(ctx, entry_id)?;
    let posting = Posting {
        entry_id,
        owner,
        currency: request.currency,
        kind,
        amount: request.amount,
        counterparty: None,
        related_entry_id: None,
        reason: &request.reason,
    };
    post(ctx, &posting)
}

/// Pays a debit back.
///
/// Errors: as [`refund_profile_wallet_and_return`], those of the guard excepted.
pub(crate) fn refund_debit(
    ctx: &ReducerContext,
    owner: Identity,
    request: &WalletRefundRequest,
) -> Result<ProfileWalletLedger, DomainError> {
    check_account_open(ctx, owner)?;
    module_runtime::check_reason(&request.reason)?;
    let replayable = Replayable::new(owner, "refund_profile_wallet", &request.idempotency_key, request)?;
    if let Some(first) = replayable.first_result(ctx)? {
        return load_entry(ctx, owner, first);
    }
    let refunds = ctx.db.profile_wallet_refund();
    let debit = load_entry(ctx, owner, request.debit_entry_id)?;
    let is_refunded = refunds.debit_entry_id().find(debit.entry_id).is_some();
    module_runtime::check_refundable(debit.kind.into(), is_refunded)?;
    let entry_id = fresh_entry_id(ctx)?;
    replayable.remember(ctx, entry_id)?;
    let refund = ProfileWalletRefund { debit_entry_id: debit.entry_id, refund_entry_id: entry_id };
    refunds.try_insert(refund).map_err(|_| DomainError::no_fresh_id())?;
    let posting = Posting {
        entry_id,
        owner,
        currency: debit.currency,
        kind: WalletEntryKind::Refund,
        amount: debit.amount,
        counterparty: None,
        related_entry_id: Some(debit.entry_id),
        reason: &request.reason,
    };
    post(ctx, &posting)
}

/// Hands money over: a line in each of the two ledgers.
///
/// Errors: as [`transfer_profile_wallet_and_return`], those of the guard excepted.
pub(crate) fn transfer_money(
    ctx: &ReducerContext,
    payer: Identity,
    request: &WalletTransferRequest,
) -> Result<ProfileWalletLedger, DomainError> {
    module_runtime::check_amount(request.amount)?;
    module_runtime::check_reason(&request.reason)?;
    module_runtime::check_transfer_parties(&payer, &request.recipient)?;
    let replayable = Replayable::new(payer, "transfer_profile_wallet", &request.idempotency_key, request)?;
    if let Some(first) = replayable.first_result(ctx)? {
        return load_entry(ctx, payer, first);
    }
    check_recipient(ctx, request.recipient)?;
    let (out_id, in_id) = (fresh_entry_id(ctx)?, fresh_entry_id(ctx)?);
    replayable.remember(ctx, out_id)?;
    let outgoing = Posting {
        entry_id: out_id,
        owner: payer,
        currency: request.currency,
        kind: WalletEntryKind::TransferOut,
        amount: request.amount,
        counterparty: Some(request.recipient),
        related_entry_id: Some(in_id),
        reason: &request.reason,
    };
    let incoming = Posting {
        entry_id: in_id,
        owner: request.recipient,
        kind: WalletEntryKind::TransferIn,
        counterparty: Some(payer),
        related_entry_id: Some(out_id),
        ..outgoing
    };
    let entry = post(ctx, &outgoing)?;
    post(ctx, &incoming)?;
    count_transfer(ctx, payer, request.currency)?;
    Ok(entry)
}

/// A page of a ledger, newest first.
///
/// Errors: `invalid_argument`, `limit_exceeded` for its length.
pub(crate) fn list_ledger(
    ctx: &ReducerContext,
    owner: Identity,
    request: &WalletLedgerPage,
) -> Result<Vec<ProfileWalletLedger>, DomainError> {
    module_runtime::check_page_length(request.limit)?;
    let length = find_balance(ctx, owner, request.currency).map_or(0, |balance| balance.ledger_length);
    let page = module_runtime::page_before(length, request.before_sequence, request.limit);
    let lines = ctx.db.profile_wallet_ledger().by_sequence().filter((owner, request.currency, page));
    Ok(descending(lines, |line| line.sequence))
}

/// A player's balance in one currency, if it ever had any.
pub(crate) fn find_balance(
    ctx: &ReducerContext,
    owner: Identity,
    currency: WalletCurrency,
) -> Option<ProfileWalletBalance> {
    ctx.db.profile_wallet_balance().by_currency().filter((owner, currency)).next()
}

/// Money sent to an identity that nobody uses would be lost.
fn check_recipient(ctx: &ReducerContext, recipient: Identity) -> Result<(), DomainError> {
    if !is_known_player(ctx, recipient) {
        return Err(RuleError::Hidden { what: "player" }.into());
    }
    check_account_open(ctx, recipient)
        .map_err(|_| DomainError::conflict("an open account", "a closed one", "The recipient's account is closed."))
}

fn count_transfer(ctx: &ReducerContext, payer: Identity, currency: WalletCurrency) -> Result<(), DomainError> {
    let Some(balance) = find_balance(ctx, payer, currency) else {
        return Ok(());
    };
    let quota = TransferQuota { day: balance.transfer_day, made: balance.transfers_that_day };
    let quota = quota.with_one_more(ctx.timestamp.to_micros_since_unix_epoch())?;
    let (transfer_day, transfers_that_day) = (quota.day, quota.made);
    let balances = ctx.db.profile_wallet_balance();
    balances.id().update(ProfileWalletBalance { transfer_day, transfers_that_day, ..balance });
    Ok(())
}

/// Writes a line and the balance that it leaves. Nothing else writes either of them, save for the
/// repair by an Operator.
fn post(ctx: &ReducerContext, posting: &Posting<'_>) -> Result<ProfileWalletLedger, DomainError> {
    let balances = ctx.db.profile_wallet_balance();
    let known = find_balance(ctx, posting.owner, posting.currency);
    let is_new = known.is_none();
    let before = known.unwrap_or(ProfileWalletBalance {
        id: 0,
        owner: posting.owner,
        currency: posting.currency,
        balance: 0,
        ledger_length: 0,
        transfer_day: 0,
        transfers_that_day: 0,
        updated_at: ctx.timestamp,
    });
    let balance = module_runtime::post(before.balance, posting.kind.into(), posting.amount)?;
    let sequence = before.ledger_length.saturating_add(1);
    let after = ProfileWalletBalance { balance, ledger_length: sequence, updated_at: ctx.timestamp, ..before };
    if is_new {
        note_profile(ctx, posting.owner);
        balances.try_insert(after).map_err(|_| DomainError::no_fresh_id())?;
    } else {
        balances.id().update(after);
    }
    let entry = ProfileWalletLedger {
        entry_id: posting.entry_id,
        owner: posting.owner,
        currency: posting.currency,
        sequence,
        kind: posting.kind,
        amount: posting.amount,
        balance_after: balance,
        counterparty: posting.counterparty,
        related_entry_id: posting.related_entry_id,
        reason: posting.reason.to_owned(),
        posted_by: ctx.sender(),
        posted_at: ctx.timestamp,
    };
    ctx.db.profile_wallet_ledger().try_insert(entry).map_err(|_| DomainError::no_fresh_id())
}

fn fresh_entry_id(ctx: &ReducerContext) -> Result<Uuid, DomainError> {
    let ledger = ctx.db.profile_wallet_ledger();
    fresh_id(ctx, |id| ledger.entry_id().find(id).is_some())
}

fn load_entry(ctx: &ReducerContext, owner: Identity, entry_id: Uuid) -> Result<ProfileWalletLedger, DomainError> {
    let entry = ctx.db.profile_wallet_ledger().entry_id().find(entry_id);
    let own = entry.filter(|entry| entry.owner == owner);
    Ok(own.ok_or(RuleError::Hidden { what: "entry in the ledger" })?)
}

impl WalletCurrency {
    /// Every currency.
    pub const ALL: [WalletCurrency; 2] = [WalletCurrency::Coins, WalletCurrency::Gems];
}

impl From<WalletEntryKind> for EntryKind {
    fn from(kind: WalletEntryKind) -> Self {
        match kind {
            WalletEntryKind::Credit => EntryKind::Credit,
            WalletEntryKind::Debit => EntryKind::Debit,
            WalletEntryKind::Refund => EntryKind::Refund,
            WalletEntryKind::TransferIn => EntryKind::TransferIn,
            WalletEntryKind::TransferOut => EntryKind::TransferOut,
        }
    }
}

impl ProfileWalletLedger {
    pub(crate) fn as_line(&self) -> LedgerLine {
        LedgerLine {
            sequence: self.sequence,
            kind: self.kind.into(),
            amount: self.amount,
            balance_after: self.balance_after,
        }
    }
}
