//! Refresh tokens: known by their hash alone, replaced at each use.

use module_access::{SPENT_TOKENS_MAX, TokenUse};

use crate::*;

/// A refresh token of a login, spent or not.
#[table(accessor = refresh_token, index(accessor = by_place, btree(columns = [session_id, number])))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// SHA-256 of the token, 64 lower-case hexadecimal digits.
    #[primary_key]
    pub token_hash: String,
    /// The login that it keeps up.
    pub session_id: Uuid,
    /// Its place in the row of the login's tokens, from 1.
    pub number: u32,
    /// How it was spent; nothing for the one token that can still be used.
    pub spent: Option<SpentRefreshToken>,
}

/// How a refresh token was spent.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct SpentRefreshToken {
    /// When.
    pub spent_at: Timestamp,
    /// SHA-256 of the token that came after it.
    pub successor_hash: String,
    /// From the token and this, and from nothing less, its successor can be made once more.
    pub salt: String,
}

/// A refresh token that somebody presents.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct RefreshRequest {
    /// SHA-256 of the token.
    pub token_hash: String,
    /// SHA-256 of its successor, if it has none yet.
    pub successor_hash: String,
    /// What the successor was made with, 64 lower-case hexadecimal digits.
    pub salt: String,
}

/// What a refresh token gives.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct RefreshGrant {
    /// Subject for the access token.
    pub account_id: Uuid,
    /// The login on this device.
    pub session: LoginSession,
    /// The roles that are granted to the player.
    pub roles: Vec<AccessRole>,
    /// What the successor is made with: the salt of the request, or that of the first request with this token.
    pub salt: String,
}

/// What came of presenting a refresh token.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// It was in order.
    Refreshed(RefreshGrant),
    /// It was spent before. The login has been ended, since two parties hold its tokens.
    Replayed(LoginSession),
    /// There is no such token, or its login has ended.
    Unknown,
}

/// Spends a refresh token for its successor. For the Service.
///
/// A token whose successor is unspent gives the same successor again for a minute. Any other spent token ends the
/// login.
///
/// Errors: `unauthenticated`, `forbidden`, `invalid_argument`, `account_closed`.
#[procedure]
pub fn rotate_refresh_token_and_return(
    ctx: &mut ProcedureContext,
    request: RefreshRequest,
) -> Result<RefreshOutcome, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, SERVICE, None)?;
        rotate(tx, &request)
    })
}

/// Logs out on the device that holds this refresh token, spent or not. For the Service.
///
/// Errors: `unauthenticated`, `forbidden`, `not_found`.
#[procedure]
pub fn end_login_session_of_token_and_return(
    ctx: &mut ProcedureContext,
    token_hash: String,
) -> Result<LoginSession, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, SERVICE, None)?;
        let token = tx.db.refresh_token().token_hash().find(&token_hash);
        let session = token.and_then(|token| tx.db.login_session().session_id().find(token.session_id));
        let session = session.ok_or_else(|| DomainError::not_found("This login has ended already."))?;
        end_session(tx, session.session_id);
        Ok(session)
    })
}

fn rotate(ctx: &ReducerContext, request: &RefreshRequest) -> Result<RefreshOutcome, DomainError> {
    module_access::check_digest(&request.successor_hash)?;
    module_access::check_digest(&request.salt)?;
    let Some(token) = ctx.db.refresh_token().token_hash().find(&request.token_hash) else {
        return Ok(RefreshOutcome::Unknown);
    };
    let session = ctx.db.login_session().session_id().find(token.session_id);
    let Some(session) = session.filter(|session| ctx.timestamp < session.ends_at) else {
        return Ok(RefreshOutcome::Unknown);
    };
    check_account_open(ctx, session.player)?;
    let spent_at = token.spent.as_ref().map(|spent| spent.spent_at.to_micros_since_unix_epoch());
    let now_micros = ctx.timestamp.to_micros_since_unix_epoch();
    match module_access::judge_token(spent_at, is_successor_unspent(ctx, &token), now_micros) {
        TokenUse::Rotate => {
            spend_token(ctx, token, request)?;
            let session = prolong_session(ctx, session);
            grant(ctx, session, request.salt.clone())
        }
        TokenUse::Repeat => {
            let salt = token.spent.map(|spent| spent.salt).unwrap_or_default();
            grant(ctx, session, salt)
        }
        TokenUse::Replay => {
            end_session(ctx, session.session_id);
            Ok(RefreshOutcome::Replayed(session))
        }
    }
}

fn grant(ctx: &ReducerContext, session: LoginSession, salt: String) -> Result<RefreshOutcome, DomainError> {
    let account_id = registration_of(ctx, session.player)?.account_id;
    let roles = granted_roles(ctx, session.player);
    Ok(RefreshOutcome::Refreshed(RefreshGrant { account_id, session, roles, salt }))
}

fn is_successor_unspent(ctx: &ReducerContext, token: &RefreshToken) -> bool {
    let successor = token.spent.as_ref().and_then(|spent| {
        let hash = spent.successor_hash.clone();
        ctx.db.refresh_token().token_hash().find(hash)
    });
    successor.is_some_and(|successor| successor.spent.is_none())
}

fn spend_token(ctx: &ReducerContext, token: RefreshToken, request: &RefreshRequest) -> Result<(), DomainError> {
    let number = token.number.saturating_add(1);
    insert_refresh_token(ctx, token.session_id, number, &request.successor_hash)?;
    forget_token(ctx, token.session_id, number.saturating_sub(SPENT_TOKENS_MAX + 1));
    let (successor_hash, salt) = (request.successor_hash.clone(), request.salt.clone());
    let spent = Some(SpentRefreshToken { spent_at: ctx.timestamp, successor_hash, salt });
    ctx.db.refresh_token().token_hash().update(RefreshToken { spent, ..token });
    Ok(())
}

/// Errors: `conflict` if there is such a token, which only a broken source of randomness can bring about.
pub(crate) fn insert_refresh_token(
    ctx: &ReducerContext,
    session_id: Uuid,
    number: u32,
    token_hash: &str,
) -> Result<(), DomainError> {
    let token = RefreshToken { token_hash: token_hash.to_owned(), session_id, number, spent: None };
    let taken =
        |_| DomainError::conflict("a fresh token", "one that is in use", "This refresh token is in use already.");
    ctx.db.refresh_token().try_insert(token).map_err(taken)?;
    Ok(())
}

/// Forgets all tokens of a login.
pub(crate) fn delete_refresh_tokens(ctx: &ReducerContext, session_id: Uuid) {
    ctx.db.refresh_token().by_place().delete(session_id);
}

fn forget_token(ctx: &ReducerContext, session_id: Uuid, number: u32) {
    ctx.db.refresh_token().by_place().delete((session_id, number));
}
