//! The present module takes over databases of earlier ones, with clients connected.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::Value;
use worldloom_client::*;
use worldloom_tests::binaries::{module, released_module};
use worldloom_tests::facade::sha256;
use worldloom_tests::seed::{Progress, fill};
use worldloom_tests::{
    Account, Database, Outcome, Player, Studio, TestNode, ask, done, eventually, expect_refused, reduce,
};

use crate::seed;

/// The first revision with the whole game; see `tests/fixtures/README.md`.
const WHOLE_GAME: &str = "b674e61";
/// What came after it.
const LATER_TABLES: [&str; 3] = ["gallery_front_page", "puzzle_board", "puzzle_publisher"];
/// A revision with access and assets, and nothing of the game.
const ASSETS_ALONE: &str = "e69b2b5";
/// All tables that it had.
const TABLES: [&str; 4] = ["access_grant", "asset_object", "asset_entity_binding", "asset_upload_expiry"];
/// All that its clients could subscribe to.
const VIEWS: [&str; 3] = ["SELECT * FROM my_roles", "SELECT * FROM my_assets", "SELECT * FROM my_asset_bindings"];

#[tokio::test(flavor = "multi_thread")]
async fn assets_of_before_the_game_are_kept_with_clients_connected() -> Outcome {
    let mut node = TestNode::start().await?;
    let database = node.database("worldloom", &node.account().await?);
    database.publish(released_module(ASSETS_ALONE)?).await?;
    let (service, moderator, player) =
        (holder(&database, "service").await?, database.account().await?, player(&database).await?);
    database.grant(&moderator, "moderator").await?;
    let studio = Studio { database, service };
    let filled = fill_assets(&studio, &player).await?;
    let before = contents(&studio.database).await?;
    ensure!(before.values().map(Vec::len).collect::<Vec<_>>() == [3, 2, 4, 1], "roles, bindings, assets, timers");
    let cache = Cache::of(&player);
    ensure!((cache.assets.len(), cache.bindings.len()) == (4, 2), "{cache:?}");

    take_over(&studio.database).await?;
    ensure!(contents(&studio.database).await? == before, "every row is there with its values");
    ensure!(Cache::of(&player) == cache, "what a connected client sees stays");
    old_rows_go_on(&studio, &player, &filled).await?;
    new_entry_points_work(&studio, &player, moderator).await?;

    node.kill()?;
    node.restart().await?;
    let roles = eventually("the database", || async { studio.database.sql("SELECT * FROM access_grant").await.ok() });
    ensure!(roles.await?.len() == 3, "the migration is on disk");
    let back = Player::join_as(&studio.database, player.leave()).await?;
    ensure!(back.rows().my_works().count() == 1 && back.rows().my_assets().count() == 6, "with what came after it");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_the_whole_game_is_kept_and_known_by_its_keys() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.database("worldloom", &node.account().await?);
    database.publish(released_module(WHOLE_GAME)?).await?;
    let calls = seed::filled(&database).await?;
    let before = seed::everything(&database).await?;
    let used = before.values().filter(|rows| !rows.is_empty()).count();
    ensure!(used >= 40, "{used} of {} tables have rows", before.len());

    take_over(&database).await?;
    ensure!(before == of_before(seed::everything(&database).await?)?, "every row is there with its values");
    fill(&calls, seed::PLAN, &Progress::default()).await?;
    ensure!(before == of_before(seed::everything(&database).await?)?, "what was asked for before is not done twice");
    Ok(())
}

/// Without the later tables, which are empty.
fn of_before(mut tables: BTreeMap<String, Vec<String>>) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    for table in LATER_TABLES {
        ensure!(tables.remove(table).context(table)?.is_empty(), "{table}");
    }
    Ok(tables)
}

/// What the player had before the migration.
struct Filled {
    /// Bound to the slot `cover` of something.
    cover: AssetObject,
    /// Not confirmed yet.
    pending: AssetObject,
}

/// Assets in every state, bound and unbound, of a player who watches them.
async fn fill_assets(studio: &Studio, player: &Player) -> anyhow::Result<Filled> {
    let cover = studio.picture(player, "cover").await?;
    let portrait = studio.picture(player, "portrait").await?;
    for (entity_kind, slot, asset_id) in
        [("album", "cover", cover.asset_id), ("character", "portrait", portrait.asset_id)]
    {
        let (entity_kind, slot) = (entity_kind.to_owned(), slot.to_owned());
        let binding = AssetEntityBindingRequest { asset_id, entity_kind, entity_id: "first".to_owned(), slot };
        done(reduce!(player, bind_asset_object_to_entity_then(binding)))?;
    }
    let unwanted = studio.picture(player, "unwanted").await?;
    done(reduce!(player, delete_asset_object_then(unwanted.asset_id)))?;
    let registration = AssetObjectRegistration {
        idempotency_key: "pending".to_owned(),
        bucket: "pictures".to_owned(),
        object_key: format!("players/{}/pending.png", player.account.identity),
        content_type: "image/png".to_owned(),
        byte_size: 7,
        sha_256: sha256(b"pending"),
        access_policy: AssetAccessPolicy::Private,
    };
    let pending = ask!(player, register_asset_object_and_return_then(None, registration))?;
    player.sees("all of it", |rows| (rows.my_assets().count() == 4).then_some(())).await?;
    Ok(Filled { cover, pending })
}

/// Publishes the present module by the same name, as `cargo xtask dev` does.
async fn take_over(database: &Database) -> Outcome {
    let program = module("spacetime_module")?;
    let plan = database.request(Method::POST, "/pre_publish?style=NoColor", &database.owner).body(program.clone());
    let plan: Value = plan.send().await?.error_for_status()?.json().await?;
    ensure!(plan["AutoMigrate"]["break_clients"] == false, "{plan}");
    let told = database.publish(program).await?;
    ensure!(told["Success"]["op"] == "updated", "{told}");
    Ok(())
}

/// Over the connections of before, with the rows of before.
async fn old_rows_go_on(studio: &Studio, player: &Player, filled: &Filled) -> Outcome {
    let AssetObject { asset_id, content_type, byte_size, sha_256, .. } = filled.pending.clone();
    let confirmation = AssetObjectConfirmation { asset_id, content_type, byte_size, sha_256 };
    done(reduce!(studio.service, confirm_asset_object_then(confirmation)))?;
    let is_confirmed = |row: &AssetObject| row.asset_id == asset_id && row.status == AssetStatus::Confirmed;
    player.sees("the late confirmation", |rows| rows.my_assets().iter().find(is_confirmed)).await?;
    let timers = studio.database.sql("SELECT * FROM asset_upload_expiry").await?;
    ensure!(timers.is_empty(), "its timer is gone with it: {timers:?}");

    expect_refused(reduce!(player, delete_asset_object_then(filled.cover.asset_id)), "conflict")?;
    let replacement = studio.picture(player, "replacement").await?;
    let binding = AssetEntityBindingRequest {
        asset_id: replacement.asset_id,
        entity_kind: "album".to_owned(),
        entity_id: "first".to_owned(),
        slot: "cover".to_owned(),
    };
    let outcome = ask!(player, bind_asset_object_to_entity_and_return_then(None, binding))?;
    ensure!(outcome.replaced_asset_id == Some(filled.cover.asset_id), "{outcome:?}");
    player
        .sees("the slot's new asset", |rows| rows.my_asset_bindings().iter().find(|row| *row == outcome.binding))
        .await?;
    done(reduce!(player, delete_asset_object_then(filled.cover.asset_id)))
}

/// A world is published and played, and every schedule of the present module runs.
async fn new_entry_points_work(studio: &Studio, player: &Player, moderator: Account) -> Outcome {
    let moderator = Player::join_as(&studio.database, moderator).await?;
    let timers = "SELECT * FROM request_forgetting";
    // A client of the present release, beside the old one.
    let device = Player::join_as(&studio.database, player.account.clone()).await?;
    ensure!(Cache::of(&device) == Cache::of(player), "a new client sees what the old one sees");
    let publication = studio.publish_sample(&device, "The mill").await?;
    let world_id = publication.profile.world_id;
    let shown = |rows: &RemoteTables| rows.gallery_worlds().iter().find(|entry| entry.world_id == world_id);
    moderator.sees("the world", shown).await?;
    done(reduce!(moderator, like_world_then(world_id)))?;
    let beginning = StoryBeginning { idempotency_key: "story".to_owned(), world_id };
    done(reduce!(moderator, begin_story_then(beginning)))?;
    moderator.sees("the story", |rows| rows.my_story_sessions().iter().next()).await?;
    let timers = studio.database.sql(timers).await?;
    ensure!(timers.len() == 1, "remembered requests are forgotten some day, in every database: {timers:?}");

    let reason = "A role of before.".to_owned();
    done(reduce!(moderator, hold_world_then(CustomWorldModerationRequest { world_id, reason })))?;
    done(reduce!(player, close_account_then()))?;
    let account = device.sees("the closed account", |rows| rows.my_account().iter().next()).await?;
    ensure!(account.status == AccountStatus::Closed, "{account:?}");
    Ok(())
}

/// Every row of those tables, in an order of its own.
async fn contents(database: &Database) -> anyhow::Result<BTreeMap<&'static str, Vec<String>>> {
    let mut contents = BTreeMap::new();
    for table in TABLES {
        let rows = database.sql(&format!("SELECT * FROM {table}")).await.context(table)?;
        let mut rows: Vec<_> = rows.iter().map(Value::to_string).collect();
        rows.sort();
        contents.insert(table, rows);
    }
    Ok(contents)
}

/// What an old client holds, in an order of its own.
#[derive(Debug, PartialEq)]
struct Cache {
    assets: Vec<AssetObject>,
    bindings: Vec<AssetEntityBinding>,
}

impl Cache {
    fn of(player: &Player) -> Self {
        let mut assets: Vec<_> = player.rows().my_assets().iter().collect();
        let mut bindings: Vec<_> = player.rows().my_asset_bindings().iter().collect();
        assets.sort_by_key(|asset| asset.asset_id);
        bindings.sort_by_key(|binding| binding.binding_id);
        Self { assets, bindings }
    }
}

/// A client that knows what there was before the game alone.
async fn player(database: &Database) -> anyhow::Result<Player> {
    Player::join_watching(database, database.account().await?, &VIEWS).await
}

async fn holder(database: &Database, role: &str) -> anyhow::Result<Player> {
    let holder = player(database).await?;
    database.grant(&holder.account, role).await?;
    holder.sees("its role", |rows| rows.my_roles().iter().next()).await?;
    Ok(holder)
}
