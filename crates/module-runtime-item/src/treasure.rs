//! When a treasure may be opened.

use module_rules::{RuleError, TextRule, check_same};

const TREASURE_KEY: TextRule = TextRule::key("treasure_key", "The length of `treasure_key` in bytes", 64);

/// Who guards a treasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guardian {
    /// Nobody: it stands in the world.
    Nobody,
    /// An enemy that the player has defeated in this story.
    Defeated,
    /// An enemy that the player has yet to defeat in this story.
    Standing,
}

/// Errors: `AboveLimit` or `Malformed`.
pub fn check_treasure_key(key: &str) -> Result<(), RuleError> {
    TREASURE_KEY.check(key)
}

/// Decides whether a treasure of `treasure_chapter` (any, if none) may be opened in a story that
/// is in `story_chapter`.
///
/// Errors: `Differs` for the wrong chapter, or while its guardian stands.
pub fn check_openable(
    treasure_chapter: Option<&str>,
    story_chapter: &str,
    guardian: Guardian,
) -> Result<(), RuleError> {
    if let Some(chapter) = treasure_chapter {
        check_same("The chapter in which this treasure is opened", chapter, story_chapter)?;
    }
    let fate = match guardian {
        Guardian::Nobody | Guardian::Defeated => "defeated",
        Guardian::Standing => "standing",
    };
    check_same("The enemy that guards this treasure", "defeated", fate)
}
