//! What a player has looked at: the newest 200 things.

use crate::*;

/// What can be looked at.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrowseKind {
    /// A world.
    World,
    /// A game of eating or being eaten.
    BigFish,
    /// A picture puzzle.
    Puzzle,
}

/// One thing that a player has looked at.
#[table(accessor = user_browse_history, index(accessor = by_target, btree(columns = [owner, kind, target_id])))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserBrowseHistory {
    /// Number of the entry; it stays while the player comes back.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// What kind of thing.
    pub kind: BrowseKind,
    /// Which one; the three together are unique.
    pub target_id: Uuid,
    /// What it was called when the player last looked; it may be gone by now.
    pub title: String,
    /// How often the player has looked.
    pub visits: u32,
    /// When the player last looked.
    pub visited_at: Timestamp,
}

/// Something that the player looks at.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct UserBrowseHistoryRequest {
    /// What kind of thing.
    pub kind: BrowseKind,
    /// Which one.
    pub target_id: Uuid,
    /// What it is called.
    pub title: String,
}

/// Notes what the sender looks at.
///
/// Errors: as [`upsert_user_browse_history_and_return`].
#[reducer]
pub fn upsert_user_browse_history(ctx: &ReducerContext, request: UserBrowseHistoryRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    upsert_history(ctx, caller.player, &request).map(drop)
}

/// Notes what a player looks at, now, and returns the entry. The least recent gives way when there
/// are more than 200.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument`, `limit_exceeded` for the title.
#[procedure]
pub fn upsert_user_browse_history_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: UserBrowseHistoryRequest,
) -> Result<UserBrowseHistory, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        upsert_history(tx, caller.player, &request)
    })
}

/// Forgets what the sender has looked at.
///
/// Errors: as [`clear_user_browse_history_and_return`].
#[reducer]
pub fn clear_user_browse_history(ctx: &ReducerContext) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    clear_history(ctx, caller.player);
    Ok(())
}

/// Forgets what a player has looked at, and returns how many entries there were.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`.
#[procedure]
pub fn clear_user_browse_history_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
) -> Result<u64, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        Ok(clear_history(tx, caller.player))
    })
}

/// Returns what a player has looked at, newest first.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`.
#[procedure]
pub fn list_user_browse_history_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
) -> Result<Vec<UserBrowseHistory>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        let mut entries: Vec<_> = tx.db.user_browse_history().owner().filter(caller.player).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.recency()));
        Ok(entries)
    })
}

/// What the sender has looked at.
#[view(accessor = my_browse_history, public, primary_key = id)]
pub fn my_browse_history(ctx: &ViewContext) -> Vec<UserBrowseHistory> {
    ctx.db.user_browse_history().owner().filter(ctx.sender()).collect()
}

fn upsert_history(
    ctx: &ReducerContext,
    owner: Identity,
    request: &UserBrowseHistoryRequest,
) -> Result<UserBrowseHistory, DomainError> {
    module_runtime::check_history_title(&request.title)?;
    let history = ctx.db.user_browse_history();
    let (kind, target_id, title, visited_at) = (request.kind, request.target_id, request.title.clone(), ctx.timestamp);
    if let Some(present) = history.by_target().filter((owner, kind, target_id)).next() {
        let visits = present.visits.saturating_add(1);
        return Ok(history.id().update(UserBrowseHistory { title, visits, visited_at, ..present }));
    }
    drop_least_recent(ctx, owner);
    note_profile(ctx, owner);
    let entry = UserBrowseHistory { id: 0, owner, kind, target_id, title, visits: 1, visited_at };
    history.try_insert(entry).map_err(|_| DomainError::no_fresh_id())
}

/// Makes room for one entry.
fn drop_least_recent(ctx: &ReducerContext, owner: Identity) {
    let history = ctx.db.user_browse_history();
    let mut entries: Vec<_> = history.owner().filter(owner).map(|entry| entry.recency()).collect();
    entries.sort_unstable();
    let surplus = (entries.len() + 1).saturating_sub(module_runtime::HISTORY_LENGTH_MAX);
    for (_, id) in entries.into_iter().take(surplus) {
        history.id().delete(id);
    }
}

fn clear_history(ctx: &ReducerContext, owner: Identity) -> u64 {
    ctx.db.user_browse_history().owner().delete(owner)
}

impl UserBrowseHistory {
    /// Orders by the last look; the numbers decide between looks at the same moment.
    fn recency(&self) -> (Timestamp, u64) {
        (self.visited_at, self.id)
    }
}
