//! Who may read and who may change an asset.

use module_access::{Role, RoleSet};

use module_rules::RuleError;

use crate::Status;

/// Who may read an asset's bytes, as its owner chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// The owner and those who look after all assets.
    Private,
    /// As private; the facade also serves it to holders of a link that it has signed.
    Signed,
    /// Everybody, once confirmed.
    Public,
}

impl Policy {
    /// Every policy, from the strictest.
    pub const ALL: [Policy; 3] = [Policy::Private, Policy::Signed, Policy::Public];

    /// The policy's name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            Policy::Private => "private",
            Policy::Signed => "signed",
            Policy::Public => "public",
        }
    }
}

/// What a player is to one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It is the player's own.
    Owner,
    /// The Service or an Admin, who look after all assets.
    Keeper,
    /// May look at all assets.
    Moderator,
    /// None of these.
    Stranger,
}

impl Standing {
    /// Whether somebody of this standing may confirm, bind, unbind and delete.
    pub const fn may_change(self) -> bool {
        matches!(self, Standing::Owner | Standing::Keeper)
    }
}

/// What a player wants with an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// See it, and have its bytes.
    Read,
    /// Confirm, bind, unbind or delete it.
    Change,
}

/// The standing of `player`, who holds `roles`, towards an asset of `owner`.
pub fn standing<P: PartialEq>(owner: &P, player: &P, roles: RoleSet) -> Standing {
    if owner == player {
        Standing::Owner
    } else if roles.has_any(&[Role::Service, Role::Admin]) {
        Standing::Keeper
    } else if roles.has(Role::Moderator) {
        Standing::Moderator
    } else {
        Standing::Stranger
    }
}

/// Decides whether somebody of this standing may do this with such an asset.
///
/// A deleted asset can still be changed (deleted once more) but no longer be read.
/// Errors: `Hidden` if the player may not even know that the asset exists,
/// `NotOwner` if it may know and not change it.
pub fn authorize(intent: Intent, standing: Standing, policy: Policy, status: Status) -> Result<(), RuleError> {
    let sees = match status {
        Status::Pending => standing != Standing::Stranger,
        Status::Confirmed => standing != Standing::Stranger || policy == Policy::Public,
        Status::Deleted => false,
    };
    match intent {
        Intent::Change if standing.may_change() => Ok(()),
        Intent::Read if sees => Ok(()),
        Intent::Change if sees => Err(RuleError::NotOwner { what: "asset" }),
        Intent::Read | Intent::Change => Err(RuleError::Hidden { what: "asset" }),
    }
}
