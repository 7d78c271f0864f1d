//! The one check that every entry point starts with.
//!
//! The engine lets any client call any reducer and procedure, so this, not the engine, decides.

use module_access::AccessError;

use crate::*;

const MODERATORS: &[Role] = &[Role::Moderator, Role::Admin];

/// Whom an admitted call acts for.
pub(crate) struct Caller {
    /// The player whose rows the call is about: the sender, or whoever the Service named.
    pub player: Identity,
    /// The roles of that player. A player gains nothing from being served by the facade.
    pub roles: RoleSet,
    /// The roles of the sender itself.
    pub sender_roles: RoleSet,
}

/// Admits the sender or refuses it, and settles for whom the call acts.
///
/// `named` is the player that the sender wants to act for; only the Service may name another.
/// Errors: `unauthenticated`, `forbidden`, and `account_closed` where players are admitted.
pub(crate) fn guard(ctx: &ReducerContext, admits: Admits, named: Option<Identity>) -> Result<Caller, DomainError> {
    let sender = ctx.sender();
    let sender_roles = roles_of(ctx, sender).union(claimed_roles(ctx));
    module_access::admit(admits, origin(ctx), sender_roles)?;
    let player = module_access::acting_player(sender, sender_roles, named)?;
    if let Admits::Players = admits {
        check_account_open(ctx, player)?;
    }
    let roles = if player == sender { sender_roles } else { roles_of(ctx, player) };
    Ok(Caller { player, roles, sender_roles })
}

/// Errors: `forbidden` unless the player for whom the call acts is a Moderator or an Admin.
pub(crate) fn check_moderator(caller: &Caller) -> Result<(), DomainError> {
    match caller.roles.has_any(MODERATORS) {
        true => Ok(()),
        false => Err(AccessError::RoleMissing(MODERATORS).into()),
    }
}

/// A scheduled run has no connection; a call under the owner's token has one.
fn origin(ctx: &ReducerContext) -> Origin {
    if ctx.connection_id().is_some() {
        Origin::Connection
    } else if ctx.sender_auth().is_internal() {
        Origin::Engine
    } else {
        Origin::Unproven
    }
}
