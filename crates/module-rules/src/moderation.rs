//! Works that a Moderator holds back, with a reason for their author to read.

use crate::{RuleError, TextRule};

/// Longest reason for holding a game or a puzzle back, in bytes.
pub const HELD_REASON_LENGTH_MAX: usize = 500;

const HELD_REASON: TextRule = TextRule::prose("reason", "The length of `reason` in bytes", HELD_REASON_LENGTH_MAX);

/// Errors: `AboveLimit`, `Malformed`.
pub fn check_held_reason(reason: &str) -> Result<(), RuleError> {
    HELD_REASON.check(reason)
}

/// Errors: `Differs` if a Moderator holds `what` back, with the reason.
pub fn check_not_held(what: &'static str, held_reason: Option<&str>) -> Result<(), RuleError> {
    let Some(reason) = held_reason else {
        return Ok(());
    };
    let (expected, actual) = ("free to be published".to_owned(), format!("held back: {reason}"));
    Err(RuleError::Differs { what, expected, actual })
}

#[cfg(test)]
mod tests {
    //! The reason, and what its author is told.

    use super::*;

    #[test]
    fn a_reason_has_words_and_a_limit() {
        assert_eq!(check_held_reason("a copied brand"), Ok(()));
        assert!(check_held_reason("").is_err());
        assert!(check_held_reason(&"x".repeat(HELD_REASON_LENGTH_MAX + 1)).is_err());
    }

    #[test]
    fn what_is_held_back_says_why() {
        assert_eq!(check_not_held("The game", None), Ok(()));
        let held = check_not_held("The game", Some("a copied brand")).map_err(|refusal| refusal.to_string());
        let told = "The game must be free to be published, not held back: a copied brand.";
        assert_eq!(held, Err(told.to_owned()));
    }
}
