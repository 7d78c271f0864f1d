//! Who may accept a quest, where and when.

use module_rules::{RuleError, TextRule, check_limit, check_same};

use crate::Status;

/// Most quests of one story that are accepted or completed at the same time.
pub const ACTIVE_QUESTS_MAX: u64 = 20;
/// How often one quest may be accepted in one story.
pub const ATTEMPTS_MAX: u32 = 20;
/// Most quests that one listing of offers looks at.
pub const QUEST_OFFERS_MAX: usize = 200;

const QUEST_KEY: TextRule = TextRule::key("quest_key", "The length of `quest_key` in bytes", 64);

/// Errors: `AboveLimit` or `Malformed`.
pub fn check_quest_key(key: &str) -> Result<(), RuleError> {
    QUEST_KEY.check(key)
}

/// Errors: `AboveLimit` if a story with `active` quests may not take another.
pub fn check_active_quests(active: u64) -> Result<(), RuleError> {
    check_limit("The number of a story's active quests", ACTIVE_QUESTS_MAX, active.saturating_add(1))
}

/// Errors: `AboveLimit` if a quest that was accepted `attempts` times may not be accepted again.
pub fn check_attempt(attempts: u32) -> Result<(), RuleError> {
    let (limit, actual) = (u64::from(ATTEMPTS_MAX), u64::from(attempts).saturating_add(1));
    check_limit("The number of times that a quest is accepted", limit, actual)
}

/// Errors: `Differs` if the quest belongs to another chapter than the story is in.
pub fn check_chapter(required: Option<&str>, current: &str) -> Result<(), RuleError> {
    match required {
        Some(required) => check_same("The chapter of the story", required, current),
        None => Ok(()),
    }
}

/// Errors: `Differs` if a quest that is required before is not turned in.
pub fn check_requirement(required: Status) -> Result<(), RuleError> {
    check_same("The status of a quest that this one requires", Status::TurnedIn.name(), required.name())
}

/// Errors: `Differs` if somebody gives this quest whom the player has not met.
pub fn check_giver(is_met: bool) -> Result<(), RuleError> {
    let actual = if is_met { "met" } else { "unknown" };
    check_same("Whoever gives this quest", "met", actual)
}
