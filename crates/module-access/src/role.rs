//! The roles that an administrator grants, and sets of them.
//!
//! There is no role for players: every authenticated identity is one.

use std::fmt;

/// A right beyond those of a player, granted to one identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The facade: it has seen the bytes of uploads and acts for the players it has authenticated.
    Service,
    /// Looks at players' content, whatever its access policy.
    Moderator,
    /// Runs checks and repairs over all players' data.
    Operator,
    /// Grants and revokes roles, and may change any row.
    Admin,
}

impl Role {
    /// Every role, in declaration order.
    pub const ALL: [Role; 4] = [Role::Service, Role::Moderator, Role::Operator, Role::Admin];

    /// The role's name, as it appears in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Service => "Service",
            Role::Moderator => "Moderator",
            Role::Operator => "Operator",
            Role::Admin => "Admin",
        }
    }

    /// The role that a token's claim names, in lower case.
    pub fn from_claim(name: &str) -> Option<Role> {
        match name {
            "service" => Some(Role::Service),
            "moderator" => Some(Role::Moderator),
            "operator" => Some(Role::Operator),
            "admin" => Some(Role::Admin),
            _ => None,
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The roles that one identity holds; empty for a plain player.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleSet(u8);

impl RoleSet {
    /// The roles of a plain player.
    pub const NONE: RoleSet = RoleSet(0);

    /// Whether `role` is in the set.
    pub const fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// The roles of both sets.
    pub const fn union(self, other: RoleSet) -> RoleSet {
        RoleSet(self.0 | other.0)
    }

    /// Whether at least one of `roles` is in the set.
    pub fn has_any(self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.has(*role))
    }
}

impl FromIterator<Role> for RoleSet {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        RoleSet(roles.into_iter().fold(0, |bits, role| bits | role.bit()))
    }
}
