//! Which worlds a player has played, and for how long.
//!
//! A story that goes on says so; what lies between two such moments is time played, unless it is
//! a long pause. Each story has a row that remembers its last moment, each world the sum.

use crate::*;

/// A world that a player has played.
#[table(
    accessor = profile_played_world,
    index(accessor = by_world, btree(columns = [owner, world_id])),
    index(accessor = by_number, btree(columns = [owner, id]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfilePlayedWorld {
    /// Number of the row.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The world; the pair is unique.
    pub world_id: Uuid,
    /// The version that was played last.
    pub version_id: Uuid,
    /// The story that was played last.
    pub last_session_id: Uuid,
    /// Number of stories.
    pub stories: u32,
    /// Time played, in microseconds.
    pub played_micros: u64,
    /// Time played, in whole minutes.
    pub minutes_played: u64,
    /// When it was first played.
    pub first_played_at: Timestamp,
    /// When it was last played.
    pub last_played_at: Timestamp,
}

/// A story that a player has played, counted once.
#[table(accessor = profile_played_story)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfilePlayedStory {
    /// The story.
    #[primary_key]
    pub session_id: Uuid,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The world.
    pub world_id: Uuid,
    /// Time played, in microseconds.
    pub played_micros: u64,
    /// When it was first played.
    pub first_played_at: Timestamp,
    /// When it was last played.
    pub last_played_at: Timestamp,
}

/// A page of played worlds.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct ProfilePlayedWorldPage {
    /// The last row of the page before, by its number; nothing for the first page.
    pub after_id: Option<u64>,
    /// How many rows, 1 to 200.
    pub limit: u32,
}

/// Returns a page of the worlds that a player has played, in the order of the first play.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument`, `limit_exceeded` for the length of the page.
#[procedure]
pub fn list_profile_played_worlds_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: ProfilePlayedWorldPage,
) -> Result<Vec<ProfilePlayedWorld>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        module_runtime::check_page_length(request.limit)?;
        Ok(played_after(tx, caller.player, request.after_id).take(request.limit as usize).collect())
    })
}

/// The worlds that the sender has played.
#[view(accessor = my_played_worlds, public, primary_key = id)]
pub fn my_played_worlds(ctx: &ViewContext) -> Vec<ProfilePlayedWorld> {
    ctx.db.profile_played_world().owner().filter(ctx.sender()).collect()
}

/// The worlds of a player whose rows come after one. Other players' rows lie between, so nobody knows how far to read
/// for a page.
fn played_after(
    ctx: &ReducerContext,
    player: Identity,
    after_id: Option<u64>,
) -> impl Iterator<Item = ProfilePlayedWorld> {
    let from = after_id.map_or(0, |id| i64::try_from(id).unwrap_or(i64::MAX).saturating_add(1));
    module_rules::widening_spans(from, i64::MAX).flat_map(move |(from, to)| {
        let numbers = from.unsigned_abs()..=to.unsigned_abs();
        ctx.db.profile_played_world().by_number().filter((player, numbers))
    })
}

/// What a player has played of a world: a row from the first story that it begins there, and for good.
///
/// Who only wants to know whether there is one asks for it here: of stories there may be any number, and the host
/// reads all that match before the first arrives.
pub(crate) fn find_played_world(ctx: &ReducerContext, player: Identity, world_id: Uuid) -> Option<ProfilePlayedWorld> {
    ctx.db.profile_played_world().by_world().filter((player, world_id)).next()
}

/// Notes that a story was begun, continued or ended, for the played worlds of its player.
pub(crate) fn note_story_played(ctx: &ReducerContext, story: &StorySession) -> Result<(), DomainError> {
    let stories = ctx.db.profile_played_story();
    let now = ctx.timestamp;
    let known = stories.session_id().find(story.session_id);
    let is_new = known.is_none();
    let before = known.unwrap_or(ProfilePlayedStory {
        session_id: story.session_id,
        owner: story.owner,
        world_id: story.world_id,
        played_micros: 0,
        first_played_at: now,
        last_played_at: now,
    });
    let micros = module_runtime::played_between(
        before.last_played_at.to_micros_since_unix_epoch(),
        now.to_micros_since_unix_epoch(),
    );
    let played_micros = before.played_micros.saturating_add(micros);
    stories.session_id().insert_or_update(ProfilePlayedStory { played_micros, last_played_at: now, ..before });
    let is_new_world = add_to_world(ctx, story, is_new, micros)?;
    add_to_dashboard(ctx, story, is_new, is_new_world, micros);
    Ok(())
}

/// Whether the world is new to the player.
fn add_to_world(
    ctx: &ReducerContext,
    story: &StorySession,
    is_new_story: bool,
    micros: u64,
) -> Result<bool, DomainError> {
    let worlds = ctx.db.profile_played_world();
    let known = find_played_world(ctx, story.owner, story.world_id);
    let is_new = known.is_none();
    let before = known.unwrap_or(ProfilePlayedWorld {
        id: 0,
        owner: story.owner,
        world_id: story.world_id,
        version_id: story.version_id,
        last_session_id: story.session_id,
        stories: 0,
        played_micros: 0,
        minutes_played: 0,
        first_played_at: ctx.timestamp,
        last_played_at: ctx.timestamp,
    });
    let played_micros = before.played_micros.saturating_add(micros);
    let after = ProfilePlayedWorld {
        version_id: story.version_id,
        last_session_id: story.session_id,
        stories: before.stories.saturating_add(is_new_story.into()),
        played_micros,
        minutes_played: module_runtime::minutes(played_micros),
        last_played_at: ctx.timestamp,
        ..before
    };
    if is_new {
        worlds.try_insert(after).map_err(|_| DomainError::no_fresh_id())?;
    } else {
        worlds.id().update(after);
    }
    Ok(is_new)
}

fn add_to_dashboard(ctx: &ReducerContext, story: &StorySession, is_new_story: bool, is_new_world: bool, micros: u64) {
    let before = load_dashboard(ctx, story.owner);
    let played_micros = before.played_micros.saturating_add(micros);
    store_dashboard(
        ctx,
        ProfileDashboardState {
            played_worlds: before.played_worlds.saturating_add(is_new_world.into()),
            played_stories: before.played_stories.saturating_add(is_new_story.into()),
            played_micros,
            minutes_played: module_runtime::minutes(played_micros),
            last_world_id: Some(story.world_id),
            last_played_at: Some(ctx.timestamp),
            ..before
        },
    );
}
