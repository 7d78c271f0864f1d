//! Who may see a task and who may cancel it. Workers are not asked here: they hold a lease.

use module_access::{Role, RoleSet};
use module_rules::RuleError;

/// What a player is to one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskStanding {
    /// Asked for it.
    Owner,
    /// The Service or an Admin, who look after all tasks.
    Keeper,
    /// May look at all tasks.
    Moderator,
    /// None of these.
    Stranger,
}

/// The standing of `player`, who holds `roles`, towards a task of `owner`.
pub fn task_standing<P: PartialEq>(owner: &P, player: &P, roles: RoleSet) -> TaskStanding {
    if owner == player {
        TaskStanding::Owner
    } else if roles.has_any(&[Role::Service, Role::Admin]) {
        TaskStanding::Keeper
    } else if roles.has(Role::Moderator) {
        TaskStanding::Moderator
    } else {
        TaskStanding::Stranger
    }
}

/// Errors: `Hidden` if somebody of this standing may not see the task.
pub fn check_read(standing: TaskStanding) -> Result<(), RuleError> {
    match standing {
        TaskStanding::Owner | TaskStanding::Keeper | TaskStanding::Moderator => Ok(()),
        TaskStanding::Stranger => Err(RuleError::Hidden { what: "task" }),
    }
}

/// Errors: `NotOwner` or `Hidden` if somebody of this standing may not cancel or forget the task.
pub fn check_cancel(standing: TaskStanding) -> Result<(), RuleError> {
    match standing {
        TaskStanding::Owner | TaskStanding::Keeper => Ok(()),
        TaskStanding::Moderator => Err(RuleError::NotOwner { what: "task" }),
        TaskStanding::Stranger => Err(RuleError::Hidden { what: "task" }),
    }
}
