//! Devices on which players are logged in.

use crate::*;

/// A login on a device, kept up by refresh tokens.
#[table(accessor = login_session)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSession {
    /// UUIDv7.
    #[primary_key]
    pub session_id: Uuid,
    /// Who is logged in.
    #[index(btree)]
    pub player: Identity,
    /// The login by which the player came in.
    pub login_id: u64,
    /// Its provider.
    pub provider: String,
    /// What the player calls the device; may be empty.
    pub device_name: String,
    /// When the player logged in.
    pub begun_at: Timestamp,
    /// When the login was last refreshed.
    pub last_used_at: Timestamp,
    /// When it ends unless it is refreshed.
    #[index(btree)]
    pub ends_at: Timestamp,
}

/// The devices on which the player is logged in.
///
/// Errors: `unauthenticated`, `account_closed`, `forbidden` if anyone but the Service names another player.
#[procedure]
pub fn list_login_sessions_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
) -> Result<Vec<LoginSession>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        let now = tx.timestamp;
        let sessions = tx.db.login_session().player().filter(caller.player);
        Ok(sessions.filter(|session| now < session.ends_at).collect())
    })
}

/// Logs the player out on one device.
///
/// Errors: `unauthenticated`, `account_closed`, `forbidden` if anyone but the Service names another player,
/// `not_found`.
#[procedure]
pub fn end_login_session_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    session_id: Uuid,
) -> Result<LoginSession, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        let session = tx.db.login_session().session_id().find(session_id);
        let session = session.filter(|session| session.player == caller.player);
        let session = session.ok_or_else(|| DomainError::not_found("You are not logged in on this device."))?;
        end_session(tx, session_id);
        Ok(session)
    })
}

/// Logs the player out everywhere, and returns the devices.
///
/// Errors: `unauthenticated`, `account_closed`, `forbidden` if anyone but the Service names another player.
#[procedure]
pub fn end_login_sessions_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
) -> Result<Vec<LoginSession>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        Ok(end_sessions_of(tx, caller.player))
    })
}

/// The devices on which the sender is logged in.
#[view(accessor = my_login_sessions, public, primary_key = session_id)]
pub fn my_login_sessions(ctx: &ViewContext) -> Vec<LoginSession> {
    ctx.db.login_session().player().filter(ctx.sender()).collect()
}

/// Logs a player in on a device, and out on the one used longest ago if there are too many.
pub(crate) fn begin_session(
    ctx: &ReducerContext,
    login: &PlayerLogin,
    device_name: &str,
    token_hash: &str,
) -> Result<LoginSession, DomainError> {
    make_room(ctx, login.player);
    let session = LoginSession {
        session_id: fresh_id(ctx, |id| ctx.db.login_session().session_id().find(id).is_some())?,
        player: login.player,
        login_id: login.login_id,
        provider: login.provider.clone(),
        device_name: device_name.to_owned(),
        begun_at: ctx.timestamp,
        last_used_at: ctx.timestamp,
        ends_at: session_end(ctx.timestamp, ctx.timestamp),
    };
    let session = ctx.db.login_session().try_insert(session).map_err(|_| DomainError::no_fresh_id())?;
    insert_refresh_token(ctx, session.session_id, 1, token_hash)?;
    ensure_login_sweep(ctx)?;
    Ok(session)
}

/// Notes that a login was refreshed.
pub(crate) fn prolong_session(ctx: &ReducerContext, session: LoginSession) -> LoginSession {
    let ends_at = session_end(session.begun_at, ctx.timestamp);
    let session = LoginSession { last_used_at: ctx.timestamp, ends_at, ..session };
    ctx.db.login_session().session_id().update(session)
}

/// Logs out on one device. Its tokens go with it.
pub(crate) fn end_session(ctx: &ReducerContext, session_id: Uuid) {
    delete_refresh_tokens(ctx, session_id);
    ctx.db.login_session().session_id().delete(session_id);
}

/// Logs a player out everywhere.
pub(crate) fn end_sessions_of(ctx: &ReducerContext, player: Identity) -> Vec<LoginSession> {
    let sessions: Vec<_> = ctx.db.login_session().player().filter(player).collect();
    for session in &sessions {
        end_session(ctx, session.session_id);
    }
    sessions
}

/// Logs the devices out that came in by a login.
pub(crate) fn end_sessions_of_login(ctx: &ReducerContext, login: &PlayerLogin) {
    let sessions: Vec<_> = ctx.db.login_session().player().filter(login.player).collect();
    for session in sessions.into_iter().filter(|session| session.login_id == login.login_id) {
        end_session(ctx, session.session_id);
    }
}

fn make_room(ctx: &ReducerContext, player: Identity) {
    let sessions = ctx.db.login_session().player().filter(player);
    let sessions = ascending(sessions, |session| time_place(session.last_used_at));
    let surplus = (sessions.len() + 1).saturating_sub(module_access::SESSIONS_MAX);
    for session in sessions.into_iter().take(surplus) {
        end_session(ctx, session.session_id);
    }
}

fn session_end(begun_at: Timestamp, used_at: Timestamp) -> Timestamp {
    let (begun_at, used_at) = (begun_at.to_micros_since_unix_epoch(), used_at.to_micros_since_unix_epoch());
    Timestamp::from_micros_since_unix_epoch(module_access::session_end(begun_at, used_at))
}
