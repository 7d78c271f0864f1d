//! Publishing: numbers of versions, and Moderators who hold a world back.

use module_rules::{RuleError, TextRule, check_limit, check_same};

use crate::WorldStatus;

/// Most versions of one world.
pub const VERSIONS_PER_WORLD_MAX: u32 = 500;
/// Longest reason of a Moderator, in bytes.
pub const REASON_LENGTH_MAX: usize = 1_000;
/// The kind of entity under which a world's assets are bound.
pub const WORLD_ENTITY_KIND: &str = "world";
/// The slot that holds the cover shown in the gallery; only publishing fills and empties it.
pub const SHOWN_COVER_SLOT: &str = "shown_cover";

const CONTENT_HASH: TextRule = TextRule::sha256("content_hash", "The length of `content_hash` in bytes");
const REASON: TextRule = TextRule::prose("reason", "The length of `reason` in bytes", REASON_LENGTH_MAX);

/// The number of the version after `current`, which is 0 before the first.
///
/// Errors: `AboveLimit`.
pub fn next_version(current: u32) -> Result<u32, RuleError> {
    let next = current.saturating_add(1);
    check_limit("The number of versions of a world", VERSIONS_PER_WORLD_MAX.into(), next.into())?;
    Ok(next)
}

/// Checks by itself what the author has looked at, if the author names it.
///
/// Errors: `AboveLimit`, `Malformed` unless it could be a content hash.
pub fn check_content_hash(named: Option<&str>) -> Result<(), RuleError> {
    named.map_or(Ok(()), |named| CONTENT_HASH.check(named))
}

/// Holds what is about to be published against what the author has looked at.
///
/// Errors: `Differs` if the author named another content hash.
pub fn check_reviewed(content_hash: &str, named: Option<&str>) -> Result<(), RuleError> {
    named.map_or(Ok(()), |named| check_same("`content_hash`", content_hash, named))
}

/// Errors: `Differs`, with the reason, while a Moderator holds the world back.
pub fn check_not_held(held_reason: Option<&str>) -> Result<(), RuleError> {
    let Some(reason) = held_reason else {
        return Ok(());
    };
    let (expected, actual) = ("free to be shown".to_owned(), format!("held back by a Moderator: {reason}"));
    Err(RuleError::Differs { what: "A world to publish", expected, actual })
}

/// Errors: `AboveLimit`, `Malformed`.
pub fn check_reason(reason: &str) -> Result<(), RuleError> {
    REASON.check(reason)
}

/// Where a world goes when a Moderator holds it back: out of the gallery, if it is there.
///
/// Errors: `Hidden` for a draft, which nobody but its author has seen.
pub fn held_status(status: WorldStatus) -> Result<WorldStatus, RuleError> {
    match status {
        WorldStatus::Draft => Err(RuleError::Hidden { what: "world" }),
        WorldStatus::Published | WorldStatus::Unpublished => Ok(WorldStatus::Unpublished),
        WorldStatus::Archived => Ok(WorldStatus::Archived),
    }
}
