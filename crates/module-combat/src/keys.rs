//! The keys that a request names.

use module_rules::{RuleError, TextRule};

/// Longest key of an enemy, an item or a skill, in bytes.
pub const KEY_LENGTH_MAX: usize = 64;

const ENEMY: TextRule = TextRule::key("enemy_key", "The length of `enemy_key` in bytes", KEY_LENGTH_MAX);
const ITEM: TextRule = TextRule::key("item_key", "The length of `item_key` in bytes", KEY_LENGTH_MAX);
const SKILL: TextRule = TextRule::key("skill_key", "The length of `skill_key` in bytes", KEY_LENGTH_MAX);

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
