//! Experience and levels.

use crate::*;

/// What experience was earned by.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExperienceSource {
    /// A battle that was won.
    Battle,
    /// A quest that was turned in.
    Quest,
}

/// Awards experience to the player and to the chapter of the story, once per source.
pub(crate) fn award_experience(
    _ctx: &ReducerContext,
    _story: &StorySession,
    _source: ExperienceSource,
    _source_id: Uuid,
    _amount: u64,
) -> Result<(), DomainError> {
    Ok(())
}

/// The player's level in the world of the story, from 1.
pub(crate) fn level_of(_ctx: &ReducerContext, _player: Identity, _world_id: Uuid) -> u32 {
    1
}
