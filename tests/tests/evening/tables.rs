//! All tables and views that a client can subscribe to, and whose rows are in a client's cache.

use spacetimedb_lib::Identity;
use spacetimedb_sdk::{__codegen::SpacetimeModule, Table};
use worldloom_client::*;

/// What a client has of one table or view.
#[derive(Debug, PartialEq)]
pub struct Holding {
    pub table: &'static str,
    /// Rows for everybody.
    pub public: usize,
    /// Rows that name the client as their owner.
    pub own: usize,
    /// Rows of others in a view that is the client's own.
    pub foreign: usize,
}

macro_rules! tables {
    (public($($public:ident)*) own($($own:ident . $owner:ident)*)) => {
        /// What is in the cache of this viewer.
        pub fn holdings(rows: &RemoteTables, viewer: Identity) -> Vec<Holding> {
            vec![
                $(for_everybody(stringify!($public), rows.$public().iter().count()),)*
                $(for_owner(stringify!($own), viewer, rows.$own().iter().map(|row| row.$owner)),)*
            ]
        }
    };
}

// Each `my_…` view with the column that says whose a row is. `every_table_is_watched` compares
// the list with the bindings and with the schema that the node publishes.
tables! {
    public(
        custom_world_gallery_entry gallery_fish gallery_puzzles gallery_worlds held_ai_leases puzzle_leader
    )
    own(
        my_account.player my_agent_messages.owner my_agent_operations.owner my_agent_sessions.owner
        my_ai_result_references.owner my_ai_task_stages.owner my_ai_tasks.owner my_ai_text_chunks.owner
        my_ai_token_account.owner
        my_asset_bindings.owner my_assets.owner my_battle_victories.owner my_battles.owner
        my_browse_history.owner my_chapter_progression.owner my_creation_sessions.owner
        my_creation_stages.owner my_dashboard.player my_draft_cards.owner my_equipment.owner
        my_fish_games.owner my_fish_messages.owner my_fish_sessions.owner my_inventory.owner
        my_inventory_bags.owner my_likes.player my_login_sessions.player my_logins.player
        my_npc_relations.owner my_npcs.owner
        my_played_worlds.owner my_progression.owner my_puzzle_results.owner my_puzzle_runs.owner
        my_puzzles.author my_quest_log.owner my_quests.owner my_received_trades.partner
        my_roles.identity my_run_entities.owner my_runs.owner my_runtime_items.owner
        my_save_archives.owner my_settings.owner my_snapshots.owner my_story_events.owner
        my_story_sessions.owner my_trades.proposer my_treasures.owner my_wallet.owner
        my_wallet_ledger.owner my_works.owner
    )
}

/// The names of all tables and views in the bindings.
pub fn names_in_bindings() -> &'static [&'static str] {
    RemoteModule::ALL_TABLE_NAMES
}

fn for_everybody(table: &'static str, public: usize) -> Holding {
    Holding { table, public, own: 0, foreign: 0 }
}

fn for_owner(table: &'static str, viewer: Identity, owners: impl Iterator<Item = Identity>) -> Holding {
    let (own, foreign): (Vec<_>, Vec<_>) = owners.partition(|owner| *owner == viewer);
    Holding { table, public: 0, own: own.len(), foreign: foreign.len() }
}
