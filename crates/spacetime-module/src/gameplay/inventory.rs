//! What a player carries, wears and trades, in each world.

use crate::*;

/// Puts items of the story's world into the player's inventory, and counts them for quests.
pub(crate) fn grant_items(
    _ctx: &ReducerContext,
    _story: &StorySession,
    _item_key: &str,
    _quantity: u32,
) -> Result<(), DomainError> {
    Ok(())
}

/// Takes items out of the player's inventory.
///
/// Errors: `insufficient` if there are fewer.
pub(crate) fn consume_items(
    _ctx: &ReducerContext,
    _story: &StorySession,
    _item_key: &str,
    _quantity: u32,
) -> Result<(), DomainError> {
    Ok(())
}

/// What the things that the player wears add to its stats, and the skills that they teach.
pub(crate) fn worn_bonus(_ctx: &ReducerContext, _story: &StorySession) -> (CombatStats, Vec<CombatSkill>) {
    (CombatStats { health: 0, energy: 0, attack: 0, defense: 0, speed: 0 }, Vec::new())
}
