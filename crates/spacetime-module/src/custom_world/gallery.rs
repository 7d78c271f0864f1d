//! Published worlds for everybody.

use crate::*;

/// Counts a player who has begun a story in a world for the first time.
pub(crate) fn count_world_player(_ctx: &ReducerContext, _world_id: Uuid) -> Result<(), DomainError> {
    Ok(())
}
