//! Quests of a player.

use crate::*;

/// Counts something that happened in a story towards the quests that ask for it.
pub(crate) fn advance_quests(
    _ctx: &ReducerContext,
    _story: &StorySession,
    _kind: QuestObjectiveKind,
    _target_key: &str,
    _amount: u32,
) -> Result<(), DomainError> {
    Ok(())
}
