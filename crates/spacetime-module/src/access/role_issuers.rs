//! Token issuers whose word on roles counts, next to the table of grants.

use module_access::RoleClaims;

use crate::*;

const NAMERS: Admits = Admits::Holders(&[Role::Admin]);

/// An issuer of tokens whose `roles` claim counts here.
#[table(accessor = role_issuer)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleIssuer {
    /// Exactly as the `iss` of its tokens names it.
    #[primary_key]
    pub issuer: String,
    /// The roles that it may give; others in its tokens count for nothing.
    pub roles: Vec<AccessRole>,
    /// The Admin who named it.
    pub named_by: Identity,
    /// When it was last named.
    pub named_at: Timestamp,
}

/// When a role was last revoked from an identity: what a token claimed before counts no more.
#[table(accessor = role_revocation, index(accessor = by_holder, btree(columns = [identity, role])))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRevocation {
    /// Number of the revocation.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// Who held the role.
    pub identity: Identity,
    /// The role; the pair is unique.
    pub role: AccessRole,
    /// When it was last revoked.
    pub revoked_at: Timestamp,
}

/// Lets the `roles` claim of an issuer's tokens count, for these roles and no others. Naming an
/// issuer again replaces its roles. For Admin.
///
/// The node decides whose tokens open a connection at all; this decides whose word on roles counts.
///
/// Errors: `unauthenticated`, `forbidden` (for Admin only), `invalid_argument` or `limit_exceeded`
/// for the issuer.
#[reducer]
pub fn name_role_issuer(ctx: &ReducerContext, issuer: String, roles: Vec<AccessRole>) -> Result<(), DomainError> {
    guard(ctx, NAMERS, None)?;
    module_access::check_issuer(&issuer)?;
    module_rules::check_limit("The number of roles", Role::ALL.len() as u64, roles.len() as u64)?;
    let named = RoleIssuer { issuer, roles, named_by: ctx.sender(), named_at: ctx.timestamp };
    ctx.db.role_issuer().issuer().insert_or_update(named);
    Ok(())
}

/// Lets an issuer's word on roles count no more, from this call on. For Admin.
///
/// Errors: `unauthenticated`, `forbidden` (for Admin only), `not_found`.
#[reducer]
pub fn forget_role_issuer(ctx: &ReducerContext, issuer: String) -> Result<(), DomainError> {
    guard(ctx, NAMERS, None)?;
    if !ctx.db.role_issuer().issuer().delete(issuer) {
        return Err(DomainError::not_found("This issuer was not named."));
    }
    Ok(())
}

/// The roles that the sender's token claims and that count.
///
/// Without a named issuer no token is looked into, so that those who use grants alone pay nothing.
pub(crate) fn claimed_roles(ctx: &ReducerContext) -> RoleSet {
    if ctx.db.role_issuer().count() == 0 {
        return RoleSet::NONE;
    }
    let Some(claims) = ctx.sender_auth().jwt().and_then(|token| RoleClaims::read(token.raw_payload())) else {
        return RoleSet::NONE;
    };
    let Some(named) = ctx.db.role_issuer().issuer().find(&claims.issuer) else {
        return RoleSet::NONE;
    };
    let allowed = named.roles.into_iter().map(Role::from).collect();
    let sender = ctx.sender();
    claims.counted(allowed, seconds(ctx.timestamp), |role| {
        let role = AccessRole::from(role);
        let revocation = ctx.db.role_revocation().by_holder().filter((sender, role)).next()?;
        Some(seconds(revocation.revoked_at))
    })
}

/// Has what tokens claim so far count no more.
pub(crate) fn void_role_claims(ctx: &ReducerContext, identity: Identity, role: AccessRole) -> Result<(), DomainError> {
    let revoked_at = ctx.timestamp;
    match ctx.db.role_revocation().by_holder().filter((identity, role)).next() {
        Some(earlier) => {
            ctx.db.role_revocation().id().update(RoleRevocation { revoked_at, ..earlier });
        }
        None => {
            let first = RoleRevocation { id: 0, identity, role, revoked_at };
            ctx.db.role_revocation().try_insert(first).map_err(|_| DomainError::no_fresh_id())?;
        }
    }
    Ok(())
}

fn seconds(time: Timestamp) -> i64 {
    time.to_micros_since_unix_epoch() / 1_000_000
}
