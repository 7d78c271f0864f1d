//! Accounts: a player has one without asking, and may close it.

use crate::*;

const OPENERS: Admits = Admits::Holders(&[Role::Admin]);

/// Whether an account takes part in the game.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountStatus {
    /// It does. Also the state of every identity without a row.
    Open,
    /// It does not; its rows stay for an Admin.
    Closed,
}

/// The account of a player who has closed one at some time.
#[table(accessor = player_account)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayerAccount {
    /// Whose account it is.
    #[primary_key]
    pub player: Identity,
    /// Whether it takes part in the game.
    pub status: AccountStatus,
    /// When that last changed.
    pub changed_at: Timestamp,
}

/// Closes the sender's account: from now on every call for it is refused, all its devices are logged out, and its
/// generation tasks are cancelled.
///
/// Errors: as [`close_account_and_return`].
#[reducer]
pub fn close_account(ctx: &ReducerContext) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    close(ctx, caller.player).map(drop)
}

/// Closes an account and returns it.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed` if it is closed already.
#[procedure]
pub fn close_account_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
) -> Result<PlayerAccount, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        close(tx, caller.player)
    })
}

/// Opens a closed account again. For Admin.
///
/// Errors: `unauthenticated`, `forbidden` (for Admin only), `not_found` if it was never closed.
#[reducer]
pub fn reopen_account(ctx: &ReducerContext, player: Identity) -> Result<(), DomainError> {
    guard(ctx, OPENERS, None)?;
    if ctx.db.player_account().player().find(player).is_none() {
        return Err(DomainError::not_found("This account was never closed."));
    }
    set_account_status(ctx, player, AccountStatus::Open);
    Ok(())
}

/// The sender's own account, if it has ever been closed.
#[view(accessor = my_account, public, primary_key = player)]
pub fn my_account(ctx: &ViewContext) -> Option<PlayerAccount> {
    ctx.db.player_account().player().find(ctx.sender())
}

/// Errors: `account_closed`.
pub(crate) fn check_account_open(ctx: &ReducerContext, player: Identity) -> Result<(), DomainError> {
    match ctx.db.player_account().player().find(player) {
        Some(PlayerAccount { status: AccountStatus::Closed, .. }) => {
            Err(module_access::AccessError::AccountClosed.into())
        }
        Some(PlayerAccount { status: AccountStatus::Open, .. }) | None => Ok(()),
    }
}

fn close(ctx: &ReducerContext, player: Identity) -> Result<PlayerAccount, DomainError> {
    end_sessions_of(ctx, player);
    cancel_open_ai_tasks(ctx, player)?;
    Ok(set_account_status(ctx, player, AccountStatus::Closed))
}

fn set_account_status(ctx: &ReducerContext, player: Identity, status: AccountStatus) -> PlayerAccount {
    let account = PlayerAccount { player, status, changed_at: ctx.timestamp };
    ctx.db.player_account().player().insert_or_update(account)
}
