//! Views: each shows its sender's own rows, and finds them by an index.

use spacetime_module::*;
use spacetimedb::test_utils::TestAuth;

use crate::world::{Actor, World, cover_of};

#[test]
fn players_see_their_own_rows_in_every_status() {
    let world = World::new();
    let pending = world.pending(Actor::Alice, "a");
    let bound = world.confirmed(Actor::Alice, "b");
    let deleted = world.confirmed(Actor::Alice, "c");
    let deleted = world.delete(Actor::Alice, deleted.asset_id).unwrap();
    let bobs = world.public(Actor::Bob, "d");
    let binding = world.bind(Actor::Alice, cover_of("w", bound.asset_id)).unwrap().binding;

    let mut seen = world.see(Actor::Alice, my_assets);
    seen.sort_by(|one, other| one.object_key.cmp(&other.object_key));
    assert_eq!(seen, [pending, bound, deleted]);
    assert_eq!(world.see(Actor::Bob, my_assets), [bobs]);
    assert_eq!(world.see(Actor::Alice, my_asset_bindings), [binding]);
    for actor in [Actor::Bob, Actor::Admin, Actor::Stranger] {
        assert_eq!(world.see(actor, my_asset_bindings), [], "{actor:?}");
    }
    assert_eq!(world.see(Actor::Stranger, my_assets), []);
    assert_eq!(world.see(Actor::Stranger, my_roles), []);
}

/// The planner uses an index for an equality only if the index has exactly that column.
#[test]
fn each_view_selects_by_an_indexed_column() {
    let world = World::new();
    let ctx = world.test.view_context(TestAuth::internal());
    let everybody = world.test.anonymous_view_context();
    let queries = [
        ("my_account", my_account(&ctx).sql().to_owned()),
        ("my_roles", my_roles(&ctx).sql().to_owned()),
        ("my_ai_tasks", my_ai_tasks(&ctx).sql().to_owned()),
        ("my_ai_task_stages", my_ai_task_stages(&ctx).sql().to_owned()),
        ("my_ai_text_chunks", my_ai_text_chunks(&ctx).sql().to_owned()),
        ("my_ai_token_account", my_ai_token_account(&ctx).sql().to_owned()),
        ("my_ai_result_references", my_ai_result_references(&ctx).sql().to_owned()),
        ("my_puzzles", my_puzzles(&ctx).sql().to_owned()),
        ("my_puzzle_runs", my_puzzle_runs(&ctx).sql().to_owned()),
        ("my_puzzle_results", my_puzzle_results(&ctx).sql().to_owned()),
        ("gallery_puzzles", gallery_puzzles(&world.test.anonymous_view_context()).sql().to_owned()),
        ("my_assets", my_assets(&ctx).sql().to_owned()),
        ("gallery_worlds", gallery_worlds(&everybody).sql().to_owned()),
        ("my_likes", my_likes(&ctx).sql().to_owned()),
        ("my_works", my_works(&ctx).sql().to_owned()),
        ("my_asset_bindings", my_asset_bindings(&ctx).sql().to_owned()),
        ("my_inventory_bags", my_inventory_bags(&ctx).sql().to_owned()),
        ("my_inventory", my_inventory(&ctx).sql().to_owned()),
        ("my_equipment", my_equipment(&ctx).sql().to_owned()),
        ("my_trades", my_trades(&ctx).sql().to_owned()),
        ("my_received_trades", my_received_trades(&ctx).sql().to_owned()),
        ("my_runtime_items", my_runtime_items(&ctx).sql().to_owned()),
        ("my_treasures", my_treasures(&ctx).sql().to_owned()),
        ("my_logins", my_logins(&ctx).sql().to_owned()),
        ("my_login_sessions", my_login_sessions(&ctx).sql().to_owned()),
        ("my_settings", my_settings(&ctx).sql().to_owned()),
        ("my_snapshots", my_snapshots(&ctx).sql().to_owned()),
        ("my_browse_history", my_browse_history(&ctx).sql().to_owned()),
        ("my_wallet", my_wallet(&ctx).sql().to_owned()),
        ("my_wallet_ledger", my_wallet_ledger(&ctx).sql().to_owned()),
        ("my_played_worlds", my_played_worlds(&ctx).sql().to_owned()),
        ("my_save_archives", my_save_archives(&ctx).sql().to_owned()),
        ("my_dashboard", my_dashboard(&ctx).sql().to_owned()),
        ("my_battles", my_battles(&ctx).sql().to_owned()),
        ("my_battle_victories", my_battle_victories(&ctx).sql().to_owned()),
        ("my_progression", my_progression(&ctx).sql().to_owned()),
        ("my_chapter_progression", my_chapter_progression(&ctx).sql().to_owned()),
        ("my_creation_sessions", my_creation_sessions(&ctx).sql().to_owned()),
        ("my_creation_stages", my_creation_stages(&ctx).sql().to_owned()),
        ("my_agent_sessions", my_agent_sessions(&ctx).sql().to_owned()),
        ("my_agent_messages", my_agent_messages(&ctx).sql().to_owned()),
        ("my_agent_operations", my_agent_operations(&ctx).sql().to_owned()),
        ("my_draft_cards", my_draft_cards(&ctx).sql().to_owned()),
        ("my_fish_sessions", my_fish_sessions(&ctx).sql().to_owned()),
        ("my_fish_messages", my_fish_messages(&ctx).sql().to_owned()),
        ("my_fish_games", my_fish_games(&ctx).sql().to_owned()),
        ("gallery_fish", gallery_fish(&world.test.anonymous_view_context()).sql().to_owned()),
        ("my_runs", my_runs(&ctx).sql().to_owned()),
        ("my_run_entities", my_run_entities(&ctx).sql().to_owned()),
        ("my_story_sessions", my_story_sessions(&ctx).sql().to_owned()),
        ("my_story_events", my_story_events(&ctx).sql().to_owned()),
        ("my_npcs", my_npcs(&ctx).sql().to_owned()),
        ("my_npc_relations", my_npc_relations(&ctx).sql().to_owned()),
        ("my_quests", my_quests(&ctx).sql().to_owned()),
        ("my_quest_log", my_quest_log(&ctx).sql().to_owned()),
    ];
    let module_def = world.test.datastore().module_def();
    // These return rows, which they find by whole keys.
    let by_keys = ["open_ai_tasks", "ai_task_feed"];
    for view in module_def.views().filter(|view| !by_keys.contains(&&*view.name)) {
        let (_, sql) = queries
            .iter()
            .find(|(name, _)| *name == &*view.name)
            .unwrap_or_else(|| panic!("add the view {} to this test", view.name));
        let (table, column) = selected_column(sql);
        let table = module_def.tables().find(|def| *def.name == *table).unwrap();
        let indexed = table.indexes.values().any(|index| {
            let columns: Vec<_> = index.algorithm.columns().iter().collect();
            matches!(columns[..], [only] if *table.get_column(only).unwrap().name == *column)
        });
        assert!(indexed, "{} scans {}: no index on {column} alone", view.name, table.name);
    }
}

/// Table and column of a query of the form `SELECT * FROM "t" WHERE ("t"."c" = …)`.
fn selected_column(sql: &str) -> (&str, &str) {
    let (_, condition) = sql.split_once("WHERE (\"").unwrap_or_else(|| panic!("a scan: {sql}"));
    let (table, rest) = condition.split_once("\".\"").unwrap();
    let (column, _) = rest.split_once("\" = ").unwrap_or_else(|| panic!("no equality: {sql}"));
    (table, column)
}
