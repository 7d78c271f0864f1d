//! Whom an entry point admits, and for which player an admitted call acts.

use crate::{LOGINS_MAX, Role, RoleSet};

/// Where a call came from, as far as the engine can prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A connection whose identity the node has authenticated.
    Connection,
    /// The engine itself, running a scheduled function.
    Engine,
    /// Neither: nobody stands behind the sender's identity.
    Unproven,
}

/// Whom an entry point lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admits {
    /// Every authenticated identity.
    Players,
    /// Holders of at least one of these roles.
    Holders(&'static [Role]),
    /// Only the engine's own scheduler. The owner's token reaches scheduled functions
    /// too, so being private is no protection by itself.
    Engine,
}

/// Why a call was refused before it looked at any row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Nobody stands behind the sender.
    #[error("This call needs an authenticated connection. Connect with a token and repeat it.")]
    Unauthenticated,
    /// The sender holds none of the roles that the entry point asks for.
    #[error("This call is for {}. Ask an Admin to grant the role.", names(.0))]
    RoleMissing(&'static [Role]),
    /// Somebody called a scheduled function.
    #[error("This function is run by the schedule alone and cannot be called.")]
    EngineOnly,
    /// The engine called an entry point that belongs to players.
    #[error("This call is for players; a scheduled function must not make it.")]
    PlayersOnly,
    /// Somebody other than the Service named a player to act for.
    #[error("Only the Service may act for another player. Leave `acting_player` empty.")]
    ActingForOther,
    /// The player for whom the call acts has closed its account.
    #[error("This account is closed. An Admin can open it again.")]
    AccountClosed,
    /// The revocation would leave nobody who can grant roles.
    #[error("The last Admin cannot be revoked. Grant Admin to another identity first.")]
    LastAdmin,
    /// The login already leads to another account.
    #[error("This login belongs to another account. Unlink it there, or log in with it.")]
    LoginTaken,
    /// The account has as many logins as it may have.
    #[error("An account has at most {LOGINS_MAX} logins. Take one away first.")]
    TooManyLogins,
    /// Without this login nobody could enter the account again.
    #[error("The last login of an account stays. Link another one first, or close the account.")]
    LastLogin,
}

fn names(roles: &[Role]) -> String {
    let names: Vec<_> = roles.iter().map(|role| role.name()).collect();
    names.join(" or ")
}

/// Decides whether a sender with `roles`, calling from `origin`, may enter at all.
///
/// Errors: `Unauthenticated`, `EngineOnly`, `PlayersOnly`, `RoleMissing`.
pub fn admit(admits: Admits, origin: Origin, roles: RoleSet) -> Result<(), AccessError> {
    match (admits, origin) {
        (_, Origin::Unproven) => Err(AccessError::Unauthenticated),
        (Admits::Engine, Origin::Engine) => Ok(()),
        (Admits::Engine, Origin::Connection) => Err(AccessError::EngineOnly),
        (Admits::Players | Admits::Holders(_), Origin::Engine) => Err(AccessError::PlayersOnly),
        (Admits::Players, Origin::Connection) => Ok(()),
        (Admits::Holders(needed), Origin::Connection) if roles.has_any(needed) => Ok(()),
        (Admits::Holders(needed), Origin::Connection) => Err(AccessError::RoleMissing(needed)),
    }
}

/// The player for whom a call acts: the sender, or whoever the Service names.
///
/// Naming oneself is the same as naming nobody.
/// Errors: [`AccessError::ActingForOther`] if anyone but the Service names another player.
pub fn acting_player<P: PartialEq>(sender: P, sender_roles: RoleSet, named: Option<P>) -> Result<P, AccessError> {
    match named {
        Some(player) if player != sender && !sender_roles.has(Role::Service) => Err(AccessError::ActingForOther),
        Some(player) => Ok(player),
        None => Ok(sender),
    }
}

/// Decides whether `role` may be taken from one of its `holders` (a count, this one included).
///
/// Errors: [`AccessError::LastAdmin`] if nobody could grant roles afterwards.
pub fn check_revocation(role: Role, holders: usize) -> Result<(), AccessError> {
    match role {
        Role::Admin if holders <= 1 => Err(AccessError::LastAdmin),
        _ => Ok(()),
    }
}
