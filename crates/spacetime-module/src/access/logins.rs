//! Accounts of players who log in, and the logins at providers that lead to them.
//!
//! Who somebody is at a provider is for the facade to find out. It tells, as the Service, and gets the account.

use crate::*;

/// The account of a player who has logged in at the facade.
#[table(accessor = player_registration)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayerRegistration {
    /// UUIDv7; the subject of the facade's tokens for this player.
    #[primary_key]
    pub account_id: Uuid,
    /// The player: the identity that follows from the facade's name as an issuer and the subject.
    #[unique]
    pub player: Identity,
    /// When the account was made.
    pub registered_at: Timestamp,
}

/// A login at a provider that leads to an account.
#[table(accessor = player_login, index(accessor = by_subject, btree(columns = [provider, subject])))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayerLogin {
    /// Number of the login.
    #[primary_key]
    #[auto_inc]
    pub login_id: u64,
    /// Whose account it leads to.
    #[index(btree)]
    pub player: Identity,
    /// The provider, by its name in the facade's configuration.
    pub provider: String,
    /// The account's name there; the pair is unique.
    pub subject: String,
    /// When it was linked.
    pub linked_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Timestamp,
}

/// A login that the facade has verified.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct LogInRequest {
    /// The facade's name as an issuer of tokens; a new player's identity follows from it.
    pub issuer: String,
    /// The account at the provider.
    pub proof: LoginProof,
    /// What the player calls the device; may be empty.
    pub device_name: String,
    /// SHA-256 of the first refresh token.
    pub token_hash: String,
    /// What making a new account counts against.
    pub throttles: Vec<LoginThrottleRule>,
}

/// What a login gives.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct LoginGrant {
    /// Subject for the access token.
    pub account_id: Uuid,
    /// The login on this device.
    pub session: LoginSession,
    /// The roles that are granted to the player.
    pub roles: Vec<AccessRole>,
    /// Whether this login made the account.
    pub is_new_account: bool,
}

/// What came of a login.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub enum LoginOutcome {
    /// The player is in.
    Granted(LoginGrant),
    /// Too many accounts were made from there.
    Throttled(LoginThrottled),
}

/// Logs somebody in whom a provider has vouched for, and makes an account for who comes for the first time. For
/// the Service.
///
/// Errors: `unauthenticated`, `forbidden`, `invalid_argument`, `limit_exceeded`, `account_closed`, `conflict` if the
/// refresh token is in use.
#[procedure]
pub fn log_in_and_return(ctx: &mut ProcedureContext, request: LogInRequest) -> Result<LoginOutcome, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, SERVICE, None)?;
        log_in(tx, &request)
    })
}

/// Links a login that the facade has verified to a player's account; the same again changes nothing. For the Service.
///
/// Errors: `unauthenticated`, `forbidden`, `invalid_argument`, `limit_exceeded`, `account_closed`, `not_found` if the
/// player has no account, `conflict` if the login leads to another one.
#[procedure]
pub fn link_login_and_return(
    ctx: &mut ProcedureContext,
    player: Identity,
    proof: LoginProof,
) -> Result<PlayerLogin, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, SERVICE, None)?;
        link(tx, player, &proof)
    })
}

/// Takes a login away, and logs the devices out that came in by it.
///
/// Errors: `unauthenticated`, `account_closed`, `forbidden` if anyone but the Service names another player,
/// `not_found`, `conflict` if it is the last.
#[procedure]
pub fn unlink_login_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    login_id: u64,
) -> Result<PlayerLogin, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        unlink(tx, caller.player, login_id)
    })
}

/// The player's logins.
///
/// Errors: `unauthenticated`, `account_closed`, `forbidden` if anyone but the Service names another player.
#[procedure]
pub fn list_logins_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
) -> Result<Vec<PlayerLogin>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        Ok(tx.db.player_login().player().filter(caller.player).collect())
    })
}

/// The sender's own logins.
#[view(accessor = my_logins, public, primary_key = login_id)]
pub fn my_logins(ctx: &ViewContext) -> Vec<PlayerLogin> {
    ctx.db.player_login().player().filter(ctx.sender()).collect()
}

fn log_in(ctx: &ReducerContext, request: &LogInRequest) -> Result<LoginOutcome, DomainError> {
    check_proof(&request.proof)?;
    module_access::check_device_name(&request.device_name)?;
    module_access::check_digest(&request.token_hash)?;
    let known = find_login(ctx, &request.proof);
    let is_new_account = known.is_none();
    let login = match known {
        Some(login) => {
            check_account_open(ctx, login.player)?;
            ctx.db.player_login().login_id().update(PlayerLogin { last_used_at: ctx.timestamp, ..login })
        }
        None => {
            if let Err(throttled) = spend_throttles(ctx, &request.throttles)? {
                return Ok(LoginOutcome::Throttled(throttled));
            }
            let player = register(ctx, &request.issuer)?;
            insert_login(ctx, player, &request.proof)?
        }
    };
    let session = begin_session(ctx, &login, &request.device_name, &request.token_hash)?;
    let account_id = registration_of(ctx, login.player)?.account_id;
    let roles = granted_roles(ctx, login.player);
    Ok(LoginOutcome::Granted(LoginGrant { account_id, session, roles, is_new_account }))
}

/// Makes an account and returns its player.
fn register(ctx: &ReducerContext, issuer: &str) -> Result<Identity, DomainError> {
    module_access::check_issuer(issuer)?;
    let account_id = fresh_id(ctx, |id| ctx.db.player_registration().account_id().find(id).is_some())?;
    let player = Identity::from_claims(issuer, &account_id.to_string());
    let account = PlayerRegistration { account_id, player, registered_at: ctx.timestamp };
    ctx.db.player_registration().try_insert(account).map_err(|_| DomainError::no_fresh_id())?;
    Ok(player)
}

fn link(ctx: &ReducerContext, player: Identity, proof: &LoginProof) -> Result<PlayerLogin, DomainError> {
    check_proof(proof)?;
    check_account_open(ctx, player)?;
    registration_of(ctx, player)?;
    let known = find_login(ctx, proof);
    let logins = ctx.db.player_login().player().filter(player).count();
    module_access::check_link(player, known.as_ref().map(|login| login.player), logins)?;
    match known {
        Some(login) => Ok(login),
        None => insert_login(ctx, player, proof),
    }
}

fn unlink(ctx: &ReducerContext, player: Identity, login_id: u64) -> Result<PlayerLogin, DomainError> {
    let login = ctx.db.player_login().login_id().find(login_id).filter(|login| login.player == player);
    let login = login.ok_or_else(|| DomainError::not_found("There is no such login."))?;
    module_access::check_unlink(ctx.db.player_login().player().filter(player).count())?;
    ctx.db.player_login().login_id().delete(login_id);
    end_sessions_of_login(ctx, &login);
    Ok(login)
}

fn check_proof(proof: &LoginProof) -> Result<(), DomainError> {
    module_access::check_provider(&proof.provider)?;
    Ok(module_access::check_subject(&proof.subject)?)
}

fn find_login(ctx: &ReducerContext, proof: &LoginProof) -> Option<PlayerLogin> {
    ctx.db.player_login().by_subject().filter((&proof.provider, &proof.subject)).next()
}

fn insert_login(ctx: &ReducerContext, player: Identity, proof: &LoginProof) -> Result<PlayerLogin, DomainError> {
    let login = PlayerLogin {
        login_id: 0,
        player,
        provider: proof.provider.clone(),
        subject: proof.subject.clone(),
        linked_at: ctx.timestamp,
        last_used_at: ctx.timestamp,
    };
    ctx.db.player_login().try_insert(login).map_err(|_| DomainError::no_fresh_id())
}

/// Errors: `not_found` for a player that has never logged in at the facade.
pub(crate) fn registration_of(ctx: &ReducerContext, player: Identity) -> Result<PlayerRegistration, DomainError> {
    let registration = ctx.db.player_registration().player().find(player);
    registration.ok_or_else(|| DomainError::not_found("This player has no account: log in at the facade first."))
}
