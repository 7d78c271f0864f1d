//! Who may see, play and change a puzzle.

use module_access::{Role, RoleSet};
use module_rules::RuleError;

use crate::PuzzleStatus;

const HIDDEN: RuleError = RuleError::Hidden { what: "puzzle" };

/// What a player is to one puzzle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PuzzleStanding {
    /// Made it.
    Author,
    /// The Service or an Admin, who look after all puzzles.
    Keeper,
    /// May look at all puzzles.
    Moderator,
    /// None of these.
    Stranger,
}

/// The standing of `player`, who holds `roles`, towards a puzzle of `author`.
pub fn puzzle_standing<P: PartialEq>(author: &P, player: &P, roles: RoleSet) -> PuzzleStanding {
    if author == player {
        PuzzleStanding::Author
    } else if roles.has_any(&[Role::Service, Role::Admin]) {
        PuzzleStanding::Keeper
    } else if roles.has(Role::Moderator) {
        PuzzleStanding::Moderator
    } else {
        PuzzleStanding::Stranger
    }
}

/// Decides whether somebody of this standing may see the puzzle and begin a run of it.
///
/// Errors: `Hidden` for a stranger to a puzzle that is not published.
pub fn check_play(standing: PuzzleStanding, status: PuzzleStatus) -> Result<(), RuleError> {
    match (standing, status) {
        (PuzzleStanding::Stranger, PuzzleStatus::Draft | PuzzleStatus::Withdrawn) => Err(HIDDEN),
        _ => Ok(()),
    }
}

/// Decides whether somebody of this standing may publish, withdraw or delete the puzzle.
///
/// Errors: `NotOwner` if they may see it, otherwise `Hidden`.
pub fn check_author(standing: PuzzleStanding, status: PuzzleStatus) -> Result<(), RuleError> {
    match standing {
        PuzzleStanding::Author | PuzzleStanding::Keeper => Ok(()),
        PuzzleStanding::Moderator | PuzzleStanding::Stranger => {
            check_play(standing, status)?;
            Err(RuleError::NotOwner { what: "puzzle" })
        }
    }
}
