//! What a level unlocks.

use module_rules::{RuleError, check_limit};

use crate::LEVEL_MAX;

/// Whether a player of this level may enter a chapter.
pub const fn is_unlocked(required_level: u32, level: u32) -> bool {
    required_level <= level
}

/// The level that an author may ask for.
///
/// Errors: `Malformed` for 0; `AboveLimit` for a level that nobody reaches.
pub fn check_required_level(required_level: u32) -> Result<(), RuleError> {
    if required_level == 0 {
        return Err(RuleError::Malformed { field: "required_level", rule: "use at least 1" });
    }
    check_limit("The level that a chapter asks for", LEVEL_MAX.into(), required_level.into())
}
