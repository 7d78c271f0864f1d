//! Texts, counts and revisions of a creation session, and its conversation.

use module_rules::{RuleError, TextRule, check_limit};

/// Longest title, in bytes.
pub const TITLE_LENGTH_MAX: usize = 100;
/// Longest description, in bytes.
pub const DESCRIPTION_LENGTH_MAX: usize = 1_000;
/// Longest message of an author, in bytes.
pub const AUTHOR_MESSAGE_LENGTH_MAX: usize = 2_000;
/// Longest message of the agent, in bytes.
pub const AGENT_MESSAGE_LENGTH_MAX: usize = 8_000;
/// Most messages of one session.
pub const MESSAGES_PER_SESSION_MAX: u64 = 200;
/// Most sessions of one author at a time.
pub const SESSIONS_PER_AUTHOR_MAX: u64 = 100;

const TITLE: TextRule = TextRule::prose("title", "The length of `title` in bytes", TITLE_LENGTH_MAX);
const DESCRIPTION: TextRule =
    TextRule::prose("description", "The length of `description` in bytes", DESCRIPTION_LENGTH_MAX);
const AUTHOR_MESSAGE: TextRule = TextRule::prose("text", "The length of `text` in bytes", AUTHOR_MESSAGE_LENGTH_MAX);
const AGENT_MESSAGE: TextRule = TextRule::prose("text", "The length of `text` in bytes", AGENT_MESSAGE_LENGTH_MAX);

/// Checks what the gallery will show of a game. The description may be empty.
///
/// Errors: `AboveLimit`, `Malformed`.
pub fn check_description(title: &str, description: &str) -> Result<(), RuleError> {
    TITLE.check(title)?;
    DESCRIPTION.check_optional(description)
}

/// Errors: `AboveLimit`, `Malformed`.
pub fn check_author_message(text: &str) -> Result<(), RuleError> {
    AUTHOR_MESSAGE.check(text)
}

/// Errors: `AboveLimit`, `Malformed`.
pub fn check_agent_message(text: &str) -> Result<(), RuleError> {
    AGENT_MESSAGE.check(text)
}

/// Errors: `AboveLimit` if a session that has `count` messages may not have another.
pub fn check_message_count(count: u64) -> Result<(), RuleError> {
    check_limit("The number of messages of a session", MESSAGES_PER_SESSION_MAX, count.saturating_add(1))
}

/// Errors: `AboveLimit` if an author of `count` sessions may not begin another.
pub fn check_session_count(count: u64) -> Result<(), RuleError> {
    check_limit("The number of your sessions", SESSIONS_PER_AUTHOR_MAX, count.saturating_add(1))
}

/// Errors: `Hidden` unless the thing is the player's own: others may not know that it exists.
pub fn check_own<P: PartialEq>(what: &'static str, owner: &P, player: &P) -> Result<(), RuleError> {
    if owner == player { Ok(()) } else { Err(RuleError::Hidden { what }) }
}

/// Errors: `Hidden` if the message proposes no ladder.
pub fn check_proposal<T>(proposal: Option<T>) -> Result<T, RuleError> {
    proposal.ok_or(RuleError::Hidden { what: "proposal of a ladder" })
}

/// Errors: `Differs` if the session has changed since the author saw it.
pub fn check_revision(present: u64, named: u64) -> Result<(), RuleError> {
    if present == named {
        return Ok(());
    }
    let (expected, actual) = (present.to_string(), named.to_string());
    Err(RuleError::Differs { what: "The revision of the session", expected, actual })
}
