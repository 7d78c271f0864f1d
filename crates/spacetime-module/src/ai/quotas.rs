//! What players' tasks cost: tokens, booked by the day.

use module_ai::{TokenAccount, TokenUsage};

use crate::*;

const QUOTA_KEEPERS: Admits = Admits::Holders(&[Role::Operator, Role::Admin]);

/// The tokens of one player on the last day on which any were used.
#[table(accessor = ai_token_account)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AiTokenAccount {
    /// Whose account it is.
    #[primary_key]
    pub owner: Identity,
    /// The day, in UTC, counted from the epoch.
    pub day: i64,
    /// Tokens that models read for the player on that day.
    pub input_tokens: u64,
    /// Tokens that models wrote for the player on that day.
    pub output_tokens: u64,
    /// Tokens a day that this player may use up, if that is not the common 1,000,000.
    pub quota: Option<u64>,
    /// When the row last changed.
    pub updated_at: Timestamp,
}

/// Tokens to book for a task that need not be running any more, nor be there.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiUsageReport {
    /// The task.
    pub task_id: Uuid,
    /// Whose task it is, or was.
    pub owner: Identity,
    /// Token of the lease under which they were used.
    pub lease_token: String,
    /// What was used since the last report.
    pub usage: AiTokenUsage,
}

/// Books tokens on a task and on its owner's account, which it returns; on the account alone if the
/// task was forgotten, or another worker has it by now, so that nobody works for free. For the
/// Service, whose worker learns what a request has cost when the task may no longer be its own.
/// Sent twice, it is booked twice.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only); `limit_exceeded` for a report that
/// cannot be true.
#[procedure]
pub fn book_ai_token_usage_and_return(
    ctx: &mut ProcedureContext,
    request: AiUsageReport,
) -> Result<AiTokenAccount, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, None)?;
        book_usage(tx, &caller, &request)
    })
}

/// Returns what a player has used up today.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player.
#[procedure]
pub fn read_ai_token_account_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
) -> Result<AiTokenAccount, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        Ok(account_row(tx, caller.player, account_of(tx, caller.player)))
    })
}

/// Gives a player another quota, or the common one, and returns the account. For Operators and
/// Admins.
///
/// Errors: `unauthenticated`; `forbidden`; `limit_exceeded`.
#[procedure]
pub fn set_ai_token_quota_and_return(
    ctx: &mut ProcedureContext,
    player: Identity,
    tokens_per_day: Option<u64>,
) -> Result<AiTokenAccount, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, QUOTA_KEEPERS, None)?;
        set_quota(tx, player, tokens_per_day)
    })
}

/// The sender's own account.
#[view(accessor = my_ai_token_account, public, primary_key = owner)]
pub fn my_ai_token_account(ctx: &ViewContext) -> Option<AiTokenAccount> {
    ctx.db.ai_token_account().owner().find(ctx.sender())
}

fn book_usage(ctx: &ReducerContext, caller: &Caller, request: &AiUsageReport) -> Result<AiTokenAccount, DomainError> {
    let had_it_last = |task: &AiTask| {
        let has_lease = task.lease_owner == Some(caller.player);
        has_lease && task.lease_token.as_deref() == Some(&*request.lease_token) && task.owner == request.owner
    };
    match ctx.db.ai_task().task_id().find(request.task_id).filter(had_it_last) {
        None => book_on_account(ctx, request.owner, request.usage)?,
        Some(task) => {
            let task = with_booked_usage(ctx, task, request.usage)?;
            ctx.db.ai_task().task_id().update(AiTask { updated_at: ctx.timestamp, ..task });
        }
    }
    Ok(account_row(ctx, request.owner, account_of(ctx, request.owner)))
}

fn set_quota(ctx: &ReducerContext, player: Identity, quota: Option<u64>) -> Result<AiTokenAccount, DomainError> {
    module_ai::check_quota(quota)?;
    let account = TokenAccount { quota, ..account_of(ctx, player) };
    Ok(ctx.db.ai_token_account().owner().insert_or_update(account_row(ctx, player, account)))
}

/// The task with a report added, which its owner's account has as well.
///
/// Errors: `limit_exceeded` for a report that cannot be true.
pub(crate) fn with_booked_usage(
    ctx: &ReducerContext,
    task: AiTask,
    report: AiTokenUsage,
) -> Result<AiTask, DomainError> {
    if report == AiTokenUsage::default() {
        return Ok(task);
    }
    let so_far = TokenUsage { input_tokens: task.input_tokens, output_tokens: task.output_tokens };
    let usage = so_far.plus(report.into())?;
    book_on_account(ctx, task.owner, report)?;
    Ok(AiTask { input_tokens: usage.input_tokens, output_tokens: usage.output_tokens, ..task })
}

/// Errors: `limit_exceeded` for a report that cannot be true.
fn book_on_account(ctx: &ReducerContext, owner: Identity, report: AiTokenUsage) -> Result<(), DomainError> {
    let account = account_of(ctx, owner).with(report.into())?;
    ctx.db.ai_token_account().owner().insert_or_update(account_row(ctx, owner, account));
    Ok(())
}

/// Errors: `limit_exceeded` if the player's tokens of the day are used up.
pub(crate) fn check_tokens_left(ctx: &ReducerContext, player: Identity) -> Result<(), DomainError> {
    Ok(account_of(ctx, player).check_left()?)
}

/// A player's account as it stands today.
fn account_of(ctx: &ReducerContext, player: Identity) -> TokenAccount {
    let row = ctx.db.ai_token_account().owner().find(player);
    let account = row.map(|row| TokenAccount {
        day: row.day,
        used: TokenUsage { input_tokens: row.input_tokens, output_tokens: row.output_tokens },
        quota: row.quota,
    });
    account.unwrap_or_default().at(ai_micros(ctx.timestamp))
}

fn account_row(ctx: &ReducerContext, owner: Identity, account: TokenAccount) -> AiTokenAccount {
    let TokenAccount { day, used: TokenUsage { input_tokens, output_tokens }, quota } = account;
    AiTokenAccount { owner, day, input_tokens, output_tokens, quota, updated_at: ctx.timestamp }
}
