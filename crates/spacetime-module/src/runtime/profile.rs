//! Wallet, played worlds, archives of saves, and the dashboard over them.

use crate::*;

/// Notes that a story was begun or continued, for the played worlds of its player.
pub(crate) fn note_story_played(_ctx: &ReducerContext, _story: &StorySession) -> Result<(), DomainError> {
    Ok(())
}
