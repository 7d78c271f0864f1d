//! Settings, saves, history, wallets and played worlds.

use spacetime_module::*;
use spacetimedb::{Identity, Table, Uuid};

use super::{said, seen};
use crate::runtime::{archive, archive_of, coins, credit, debit, id, save, save_of, story_of};
use crate::world::{Actor, World, played_world};

/// Alice's rows, one for each thing that can be done with one.
struct Scene {
    story: StorySession,
    archive_id: Uuid,
    debit_id: Uuid,
}

impl Scene {
    fn new(world: &World) -> Scene {
        let story = story_of(world, Actor::Alice, 1);
        save(world, Actor::Alice, save_of(&story, "auto", b"save", 0)).unwrap();
        world.reduce(Actor::Alice, |ctx| upsert_user_browse_history(ctx, look())).unwrap();
        world.reduce(Actor::Alice, |ctx| upsert_runtime_setting(ctx, own_setting())).unwrap();
        world.reduce(Actor::Alice, |ctx| note_played(ctx, &story)).unwrap();
        credit(world, Actor::Alice, coins("credit", 100)).unwrap();
        credit(world, Actor::Bob, coins("credit", 100)).unwrap();
        let archive_id = archive(world, Actor::Alice, archive_of(story.world_id, "archive")).unwrap().archive_id;
        let debit_id = debit(world, Actor::Alice, coins("debit", 10)).unwrap().entry_id;
        Scene { story, archive_id, debit_id }
    }
}

fn note_played(ctx: &spacetimedb::ReducerContext, story: &StorySession) -> Result<(), DomainError> {
    ctx.db.profile_played_world().insert(played_world(story));
    Ok(())
}

fn look() -> UserBrowseHistoryRequest {
    UserBrowseHistoryRequest { kind: BrowseKind::World, target_id: id(1), title: "The old mill".to_owned() }
}

fn own_setting() -> RuntimeSettingRequest {
    RuntimeSettingRequest { key: "mygame.hud".to_owned(), value: RuntimeSettingValue::Bool(true) }
}

pub fn outcome(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    let is_own = ["runtime_s", "browse_history", "_profile_", "my_"].iter().any(|part| name.contains(part));
    if !is_own || name.contains("custom_world") {
        return None;
    }
    let scene = Scene::new(world);
    let of_settings = || settings(world, name, caller, named);
    let of_saves = || saves(world, &scene, name, caller, named);
    let of_wallet = || wallet(world, &scene, name, caller, named);
    let of_profile = || profile(world, &scene, name, caller, named);
    of_settings().or_else(of_saves).or_else(of_wallet).or_else(of_profile)
}

/// Settings and history.
fn settings(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    let key = || "mygame.hud".to_owned();
    let outcome = match name {
        "upsert_runtime_setting" => said(world.reduce(caller, |ctx| upsert_runtime_setting(ctx, own_setting()))),
        "upsert_runtime_setting_and_return" => {
            said(world.call(caller, |ctx| upsert_runtime_setting_and_return(ctx, named, own_setting())))
        }
        "reset_runtime_setting" => said(world.reduce(caller, |ctx| reset_runtime_setting(ctx, key()))),
        "reset_runtime_setting_and_return" => {
            said(world.call(caller, |ctx| reset_runtime_setting_and_return(ctx, named, key())))
        }
        "get_runtime_setting_and_return" => {
            said(world.call(caller, |ctx| get_runtime_setting_and_return(ctx, named, key())))
        }
        "list_runtime_settings_and_return" => {
            said(world.call(caller, |ctx| list_runtime_settings_and_return(ctx, named)))
        }
        "my_settings" => seen(world.see(caller, my_settings)),
        "upsert_user_browse_history" => said(world.reduce(caller, |ctx| upsert_user_browse_history(ctx, look()))),
        "upsert_user_browse_history_and_return" => {
            said(world.call(caller, |ctx| upsert_user_browse_history_and_return(ctx, named, look())))
        }
        "clear_user_browse_history" => said(world.reduce(caller, clear_user_browse_history)),
        "clear_user_browse_history_and_return" => {
            said(world.call(caller, |ctx| clear_user_browse_history_and_return(ctx, named)))
        }
        "list_user_browse_history_and_return" => {
            said(world.call(caller, |ctx| list_user_browse_history_and_return(ctx, named)))
        }
        "my_browse_history" => seen(world.see(caller, my_browse_history)),
        _ => return None,
    };
    Some(outcome)
}

/// Saves and archives.
fn saves(world: &World, scene: &Scene, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    let world_id = scene.story.world_id;
    let request = save_of(&scene.story, "auto", b"next", 1);
    let slot = RuntimeSnapshotSlot { world_id, slot: "auto".to_owned() };
    let deletion = RuntimeSnapshotDeletion { world_id, slot: "auto".to_owned(), expected_revision: 1 };
    let archive_id = scene.archive_id;
    let restoration = ProfileSaveRestoration { archive_id, slot: "auto".to_owned(), expected_revision: 1 };
    let archiving = archive_of(world_id, "new");
    let outcome = match name {
        "upsert_runtime_snapshot" => said(world.reduce(caller, |ctx| upsert_runtime_snapshot(ctx, request))),
        "upsert_runtime_snapshot_and_return" => {
            said(world.call(caller, |ctx| upsert_runtime_snapshot_and_return(ctx, named, request)))
        }
        "get_runtime_snapshot_and_return" => {
            said(world.call(caller, |ctx| get_runtime_snapshot_and_return(ctx, named, slot)))
        }
        "list_runtime_snapshots_and_return" => {
            said(world.call(caller, |ctx| list_runtime_snapshots_and_return(ctx, named)))
        }
        "delete_runtime_snapshot" => said(world.reduce(caller, |ctx| delete_runtime_snapshot(ctx, deletion))),
        "delete_runtime_snapshot_and_return" => {
            said(world.call(caller, |ctx| delete_runtime_snapshot_and_return(ctx, named, deletion)))
        }
        "my_snapshots" => seen(world.see(caller, my_snapshots)),
        "create_profile_save_archive" => said(world.reduce(caller, |ctx| create_profile_save_archive(ctx, archiving))),
        "create_profile_save_archive_and_return" => {
            said(world.call(caller, |ctx| create_profile_save_archive_and_return(ctx, named, archiving)))
        }
        "restore_profile_save_archive" => {
            said(world.reduce(caller, |ctx| restore_profile_save_archive(ctx, restoration)))
        }
        "restore_profile_save_archive_and_return" => {
            said(world.call(caller, |ctx| restore_profile_save_archive_and_return(ctx, named, restoration)))
        }
        "delete_profile_save_archive" => said(world.reduce(caller, |ctx| delete_profile_save_archive(ctx, archive_id))),
        "delete_profile_save_archive_and_return" => {
            said(world.call(caller, |ctx| delete_profile_save_archive_and_return(ctx, named, archive_id)))
        }
        "get_profile_save_archive_and_return" => {
            said(world.call(caller, |ctx| get_profile_save_archive_and_return(ctx, named, archive_id)))
        }
        "list_profile_save_archives_and_return" => {
            said(world.call(caller, |ctx| list_profile_save_archives_and_return(ctx, named)))
        }
        "my_save_archives" => seen(world.see(caller, my_save_archives)),
        _ => return None,
    };
    Some(outcome)
}

fn wallet(world: &World, scene: &Scene, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    let posting = coins("new", 5);
    let refund = WalletRefundRequest {
        idempotency_key: "new".to_owned(),
        debit_entry_id: scene.debit_id,
        reason: "It broke".to_owned(),
    };
    let recipient = if caller == Actor::Bob { Actor::Alice } else { Actor::Bob };
    let transfer = crate::runtime::gift(recipient, "new", 5);
    let page = WalletLedgerPage { currency: WalletCurrency::Coins, before_sequence: None, limit: 10 };
    let outcome = match name {
        "credit_profile_wallet_and_return" => {
            said(world.call(caller, |ctx| credit_profile_wallet_and_return(ctx, named, posting)))
        }
        "debit_profile_wallet_and_return" => {
            said(world.call(caller, |ctx| debit_profile_wallet_and_return(ctx, named, posting)))
        }
        "refund_profile_wallet_and_return" => {
            said(world.call(caller, |ctx| refund_profile_wallet_and_return(ctx, named, refund)))
        }
        "transfer_profile_wallet" => said(world.reduce(caller, |ctx| transfer_profile_wallet(ctx, transfer))),
        "transfer_profile_wallet_and_return" => {
            said(world.call(caller, |ctx| transfer_profile_wallet_and_return(ctx, named, transfer)))
        }
        "get_profile_wallet_and_return" => said(world.call(caller, |ctx| get_profile_wallet_and_return(ctx, named))),
        "list_profile_wallet_ledger_and_return" => {
            said(world.call(caller, |ctx| list_profile_wallet_ledger_and_return(ctx, named, page)))
        }
        "my_wallet" => seen(world.see(caller, my_wallet)),
        "my_wallet_ledger" => seen(world.see(caller, my_wallet_ledger)),
        _ => return None,
    };
    Some(outcome)
}

/// Played worlds and totals.
fn profile(world: &World, scene: &Scene, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    let page = ProfilePlayedWorldPage { after_id: None, limit: 10 };
    let player = scene.story.owner;
    let outcome = match name {
        "list_profile_played_worlds_and_return" => {
            said(world.call(caller, |ctx| list_profile_played_worlds_and_return(ctx, named, page)))
        }
        "my_played_worlds" => seen(world.see(caller, my_played_worlds)),
        "get_profile_dashboard_and_return" => {
            said(world.call(caller, |ctx| get_profile_dashboard_and_return(ctx, named)))
        }
        "get_profile_overview_and_return" => {
            said(world.call(caller, |ctx| get_profile_overview_and_return(ctx, named)))
        }
        "my_dashboard" => seen(world.see(caller, my_dashboard)),
        "check_profile_projections_and_return" => {
            said(world.call(caller, |ctx| check_profile_projections_and_return(ctx, player)))
        }
        "repair_profile_projections_and_return" => {
            said(world.call(caller, |ctx| repair_profile_projections_and_return(ctx, player)))
        }
        _ => return None,
    };
    Some(outcome)
}
