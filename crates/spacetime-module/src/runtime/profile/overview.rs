//! What a player comes back to, in one answer.
//!
//! Clients that stay connected subscribe to the views, whose rows stay current. This is for those that ask once: a
//! start screen, a launcher, a web page. It is about the story that was played last, so that it costs the same
//! however many worlds and stories a player has.

use crate::*;

/// Where a player left off.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct ProfileOverview {
    /// The player's totals, with the world that it played last; zeros for one who has kept nothing yet.
    pub dashboard: ProfileDashboardState,
    /// What lies in its bag in that world, by slot.
    pub items: Vec<InventoryItem>,
    /// The quests that it has accepted in the story that it played last in that world, in every status.
    pub quests: Vec<QuestRecord>,
    /// The save that it made last, with its bytes.
    pub last_save: Option<RuntimeSnapshotRecord>,
}

/// Returns what a player comes back to: its totals, the bag of the world and the quests of the story that it played
/// last, and its last save.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`.
#[procedure]
pub fn get_profile_overview_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
) -> Result<ProfileOverview, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        let dashboard = load_dashboard(tx, caller.player);
        let (items, quests) = left_off(tx, &dashboard);
        Ok(ProfileOverview { dashboard, items, quests, last_save: last_save(tx, caller.player)? })
    })
}

/// What lies in the bag of the world that was played last, and the quests of the last story there.
fn left_off(ctx: &ReducerContext, dashboard: &ProfileDashboardState) -> (Vec<InventoryItem>, Vec<QuestRecord>) {
    let Some(world_id) = dashboard.last_world_id else {
        return (Vec::new(), Vec::new());
    };
    let items = find_bag(ctx, dashboard.player, world_id).map(|bag| items_in(ctx, bag.bag_id));
    let played = find_played_world(ctx, dashboard.player, world_id);
    let quests = played.map(|played| quests_of(ctx, played.last_session_id));
    (items.unwrap_or_default(), quests.unwrap_or_default())
}

fn last_save(ctx: &ReducerContext, player: Identity) -> Result<Option<RuntimeSnapshotRecord>, DomainError> {
    let Some(snapshot) = ctx.db.runtime_snapshot().owner().filter(player).max_by_key(|snapshot| snapshot.revision)
    else {
        return Ok(None);
    };
    let payload = load_saved_bytes(ctx, snapshot.snapshot_id)?;
    Ok(Some(RuntimeSnapshotRecord { snapshot, payload }))
}
