//! Who holds which role.

use crate::*;

const GRANTERS: Admits = Admits::Holders(&[Role::Admin]);

/// A right beyond those of a player, granted to one identity.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessRole {
    /// The facade, which acts for the players it has authenticated.
    Service,
    /// Looks at players' content, whatever its access policy.
    Moderator,
    /// Runs checks and repairs over all players' data.
    Operator,
    /// Grants and revokes roles, and may change any row.
    Admin,
}

impl From<AccessRole> for Role {
    fn from(role: AccessRole) -> Self {
        match role {
            AccessRole::Service => Role::Service,
            AccessRole::Moderator => Role::Moderator,
            AccessRole::Operator => Role::Operator,
            AccessRole::Admin => Role::Admin,
        }
    }
}

impl From<Role> for AccessRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Service => AccessRole::Service,
            Role::Moderator => AccessRole::Moderator,
            Role::Operator => AccessRole::Operator,
            Role::Admin => AccessRole::Admin,
        }
    }
}

/// One role of one identity; an identity holds a role at most once.
#[table(accessor = access_grant)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessGrant {
    /// Number of the grant.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// Who holds the role.
    #[index(btree)]
    pub identity: Identity,
    /// The role held.
    #[index(btree)]
    pub role: AccessRole,
    /// The Admin who granted it; for the first Admin, the owner itself.
    pub granted_by: Identity,
    /// When it was granted.
    pub granted_at: Timestamp,
}

/// Grants a role. Granting a held role again changes nothing.
///
/// Errors: `unauthenticated`, `forbidden` (for Admin only).
#[reducer]
pub fn grant_role(ctx: &ReducerContext, identity: Identity, role: AccessRole) -> Result<(), DomainError> {
    guard(ctx, GRANTERS, None)?;
    match find_grant(ctx, identity, role) {
        Some(_) => Ok(()),
        None => insert_grant(ctx, identity, role),
    }
}

/// Takes a role away, granted or not: tokens that claim it and are signed by now, or within the
/// minute by which clocks may differ, do not count any more.
///
/// Errors: `unauthenticated`, `forbidden` (for Admin only), `conflict` if nobody could grant roles
/// afterwards.
#[reducer]
pub fn revoke_role(ctx: &ReducerContext, identity: Identity, role: AccessRole) -> Result<(), DomainError> {
    guard(ctx, GRANTERS, None)?;
    if let Some(grant) = find_grant(ctx, identity, role) {
        let holders = ctx.db.access_grant().role().filter(role).take(2).count();
        module_access::check_revocation(role.into(), holders)?;
        ctx.db.access_grant().id().delete(grant.id);
    }
    void_role_claims(ctx, identity, role)
}

/// The sender's own roles.
#[view(accessor = my_roles, public, primary_key = id)]
pub fn my_roles(ctx: &ViewContext) -> Vec<AccessGrant> {
    ctx.db.access_grant().identity().filter(ctx.sender()).collect()
}

/// The roles that `identity` holds.
pub(crate) fn roles_of(ctx: &ReducerContext, identity: Identity) -> RoleSet {
    ctx.db.access_grant().identity().filter(identity).map(|grant| Role::from(grant.role)).collect()
}

/// The roles that `player` holds, for a token that says so.
pub(crate) fn granted_roles(ctx: &ReducerContext, player: Identity) -> Vec<AccessRole> {
    ctx.db.access_grant().identity().filter(player).map(|grant| grant.role).collect()
}

/// Stores a grant by the sender. The caller has checked that the role is not held.
pub(crate) fn insert_grant(ctx: &ReducerContext, identity: Identity, role: AccessRole) -> Result<(), DomainError> {
    let grant = AccessGrant { id: 0, identity, role, granted_by: ctx.sender(), granted_at: ctx.timestamp };
    ctx.db.access_grant().try_insert(grant).map_err(|_| DomainError::no_fresh_id())?;
    Ok(())
}

fn find_grant(ctx: &ReducerContext, identity: Identity, role: AccessRole) -> Option<AccessGrant> {
    ctx.db.access_grant().identity().filter(identity).find(|grant| grant.role == role)
}
