//! The totals of a player.
//!
//! The row is also what makes an identity known to others: it appears with the first thing that
//! the player keeps, and never goes.

use module_runtime::Holdings;

use crate::*;

/// What a player has saved and played altogether.
#[table(accessor = profile_dashboard_state)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileDashboardState {
    /// The player.
    #[primary_key]
    pub player: Identity,
    /// Number of saves.
    pub snapshots: u32,
    /// Number of archives.
    pub archives: u32,
    /// Bytes of saves and archives together.
    pub saved_bytes: u64,
    /// The highest revision that a save of the player has had.
    pub last_revision: u64,
    /// Number of worlds played.
    pub played_worlds: u32,
    /// Number of stories played.
    pub played_stories: u32,
    /// Time played, in microseconds.
    pub played_micros: u64,
    /// Time played, in whole minutes.
    pub minutes_played: u64,
    /// The world played last.
    pub last_world_id: Option<Uuid>,
    /// When a world was last played.
    pub last_played_at: Option<Timestamp>,
    /// When the player first kept something.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
}

/// Returns a player's totals; zeros for one who has kept nothing yet.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`.
#[procedure]
pub fn get_profile_dashboard_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
) -> Result<ProfileDashboardState, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        Ok(load_dashboard(tx, caller.player))
    })
}

/// The sender's totals.
#[view(accessor = my_dashboard, public, primary_key = player)]
pub fn my_dashboard(ctx: &ViewContext) -> Option<ProfileDashboardState> {
    ctx.db.profile_dashboard_state().player().find(ctx.sender())
}

/// A player's totals, or zeros, which are not stored.
pub(crate) fn load_dashboard(ctx: &ReducerContext, player: Identity) -> ProfileDashboardState {
    find_dashboard(ctx, player).unwrap_or(ProfileDashboardState {
        player,
        snapshots: 0,
        archives: 0,
        saved_bytes: 0,
        last_revision: 0,
        played_worlds: 0,
        played_stories: 0,
        played_micros: 0,
        minutes_played: 0,
        last_world_id: None,
        last_played_at: None,
        created_at: ctx.timestamp,
        updated_at: ctx.timestamp,
    })
}

/// Stores totals that have changed.
pub(crate) fn store_dashboard(ctx: &ReducerContext, dashboard: ProfileDashboardState) {
    let row = ProfileDashboardState { updated_at: ctx.timestamp, ..dashboard };
    ctx.db.profile_dashboard_state().player().insert_or_update(row);
}

/// Makes a player known to others.
pub(crate) fn note_profile(ctx: &ReducerContext, player: Identity) {
    if !is_known_player(ctx, player) {
        store_dashboard(ctx, load_dashboard(ctx, player));
    }
}

/// Whether an identity has ever kept anything here.
pub(crate) fn is_known_player(ctx: &ReducerContext, player: Identity) -> bool {
    find_dashboard(ctx, player).is_some()
}

fn find_dashboard(ctx: &ReducerContext, player: Identity) -> Option<ProfileDashboardState> {
    ctx.db.profile_dashboard_state().player().find(player)
}

impl ProfileDashboardState {
    pub(crate) fn holdings(&self) -> Holdings {
        Holdings { snapshots: self.snapshots, archives: self.archives, bytes: self.saved_bytes }
    }

    pub(crate) fn with_holdings(self, holdings: Holdings) -> ProfileDashboardState {
        let Holdings { snapshots, archives, bytes } = holdings;
        ProfileDashboardState { snapshots, archives, saved_bytes: bytes, ..self }
    }
}
