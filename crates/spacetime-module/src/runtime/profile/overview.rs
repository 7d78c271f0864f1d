//! What a player comes back to, in one answer.
//!
//! Clients that stay connected subscribe to the views, whose rows stay current. This is for those that ask once: a
//! start screen, a launcher, a web page.

use crate::*;

/// What a player has, and where it left off.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct ProfileOverview {
    /// The player's totals; zeros for one who has kept nothing yet.
    pub dashboard: ProfileDashboardState,
    /// What lies in its bags, in all worlds.
    pub items: Vec<InventoryItem>,
    /// The quests that it has accepted in its own stories, in every status.
    pub quests: Vec<QuestRecord>,
    /// The save that it made last, with its bytes.
    pub last_save: Option<RuntimeSnapshotRecord>,
}

/// Returns what a player comes back to: totals, items, quests and its last save.
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
        let player = caller.player;
        let last = tx.db.runtime_snapshot().owner().filter(player).max_by_key(|snapshot| snapshot.revision);
        let last_save = last.map(|snapshot| {
            let payload = load_saved_bytes(tx, snapshot.snapshot_id)?;
            Ok::<_, DomainError>(RuntimeSnapshotRecord { snapshot, payload })
        });
        Ok(ProfileOverview {
            dashboard: load_dashboard(tx, player),
            items: tx.db.inventory_item().owner().filter(player).collect(),
            quests: tx.db.quest_record().owner().filter(player).collect(),
            last_save: last_save.transpose()?,
        })
    })
}
