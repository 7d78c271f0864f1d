//! Stories: a player's way through one version of a world.

use crate::*;

/// How far a story has come.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoryStatus {
    /// It goes on.
    Active,
    /// It is over.
    Ended,
}

/// One player's story in one version of a world.
#[table(accessor = story_session)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorySession {
    /// UUIDv7.
    #[primary_key]
    pub session_id: Uuid,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The world.
    #[index(btree)]
    pub world_id: Uuid,
    /// The version that the player began; it stays.
    pub version_id: Uuid,
    /// How far it has come.
    pub status: StoryStatus,
    /// The chapter in which it is.
    pub chapter_key: String,
    /// Number of the next event, from 1.
    pub next_event_number: u32,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// The caller's own story, if it goes on.
///
/// Errors: `not_found`, also for another player's; `illegal_transition` if it is over.
pub(crate) fn active_story(
    ctx: &ReducerContext,
    caller: &Caller,
    session_id: Uuid,
) -> Result<StorySession, DomainError> {
    let session = ctx.db.story_session().session_id().find(session_id);
    let own = session.filter(|session| session.owner == caller.player);
    let session = own.ok_or(RuleError::Hidden { what: "story" })?;
    match session.status {
        StoryStatus::Active => Ok(session),
        StoryStatus::Ended => Err(RuleError::IllegalTransition {
            what: "A story",
            from: "ended",
            to: "continued",
            advice: " Begin a new one.",
        }
        .into()),
    }
}
