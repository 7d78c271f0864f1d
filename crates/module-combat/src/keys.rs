//! The keys that a request names.

use module_rules::{RuleError, TextRule};

/// Longest key of an enemy or an item, in bytes.
pub const KEY_LENGTH_MAX: usize = 64;
/// Longest key of a skill, in bytes.
pub const SKILL_KEY_LENGTH_MAX: usize = KEY_LENGTH_MAX;

const ENEMY: TextRule = TextRule::key("enemy_key", "The length of `enemy_key` in bytes", KEY_LENGTH_MAX);
const ITEM: TextRule = TextRule::key("item_key", "The length of `item_key` in bytes", KEY_LENGTH_MAX);
const SKILL: TextRule = TextRule::key("skill_key", "The length of `skill_key` in bytes", SKILL_KEY_LENGTH_MAX);

/// Errors: `AboveLimit`, `Malformed`.
pub fn check_enemy_key(key: &str) -> Result<(), RuleError> {
    ENEMY.check(key)
}

/// Errors: `AboveLimit`, `Malformed`.
pub fn check_item_key(key: &str) -> Result<(), RuleError> {
    ITEM.check(key)
}

/// Errors: `AboveLimit`, `Malformed`.
pub fn check_skill_key(key: &str) -> Result<(), RuleError> {
    SKILL.check(key)
}
