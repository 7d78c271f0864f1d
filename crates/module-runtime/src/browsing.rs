//! What a player has looked at: how much of it is kept.

use module_rules::{RuleError, TextRule};

/// How many entries of a player's history are kept; the least recent give way.
pub const HISTORY_LENGTH_MAX: usize = 200;
/// Longest title in a history, in bytes.
pub const HISTORY_TITLE_LENGTH_MAX: usize = 200;

const TITLE: TextRule = TextRule::prose("title", "The length of `title` in bytes", HISTORY_TITLE_LENGTH_MAX);

/// Errors: `AboveLimit`, `Malformed`.
pub fn check_history_title(title: &str) -> Result<(), RuleError> {
    TITLE.check(title)
}
