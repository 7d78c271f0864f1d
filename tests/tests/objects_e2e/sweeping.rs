//! Holding the store against the rows: orphans either way, told by a dry run and removed by the real one.

use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use reqwest::StatusCode;
use serde_json::json;
use spacetimedb_lib::Uuid;
use worldloom_client::delete_asset_object;
use worldloom_tests::pictures::picture;
use worldloom_tests::{Outcome, Player, done, reduce};

use crate::world::{Store, World, expect, refused, text};

const SWEEP: &str = "/operations/objects/sweep";

#[tokio::test]
async fn orphans_either_way_are_reported_and_those_of_the_store_removed() -> Outcome {
    let world = World::start(Store::Folder).await?;
    let kept = world.uploaded("kept", &picture(1)?, "private").await?;
    let lost = world.uploaded("lost", &picture(2)?, "private").await?;
    let bucket = world.facade.objects().join("worldloom");
    std::fs::remove_file(bucket.join(text(&lost, "object_key")))?;
    let folder = bucket.join("uploads/stray");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("young.png"), "x")?;
    std::fs::write(folder.join("old.png"), "x")?;
    let long_ago = SystemTime::now() - Duration::from_secs(3 * 60 * 60);
    std::fs::File::options().write(true).open(folder.join("old.png"))?.set_modified(long_ago)?;
    let parts = world.facade.objects().join(".parts").join(text(&kept, "asset_id"));
    std::fs::create_dir_all(&parts)?;
    std::fs::write(parts.join("1"), "x")?;

    let operator = world.node.account().await?;
    for caller in [&world.player, &operator] {
        refused(world.post(caller, SWEEP, &json!({ "dry_run": true })).await?, 403, "forbidden").await?;
    }
    world.database.grant(&operator, "operator").await?;
    refused(world.post(&operator, SWEEP, &json!({})).await?, 422, "invalid_argument").await?;

    for dry_run in [true, true, false] {
        let answer = world.post(&operator, SWEEP, &json!({ "dry_run": dry_run })).await?;
        let report = expect(answer, StatusCode::OK).await?;
        ensure!(report["dry_run"] == dry_run && report["rows"] == 2 && report["objects"] == 3, "{report}");
        ensure!(report["orphans"] == json!({ "count": 1, "first": ["uploads/stray/old.png"] }), "{report}");
        ensure!(report["lost"] == json!({ "count": 1, "first": [lost["asset_id"]] }), "{report}");
        ensure!(report["leftover_parts"] == json!({ "count": 1, "first": [kept["asset_id"]] }), "{report}");
    }
    ensure!(!folder.join("old.png").exists() && folder.join("young.png").exists() && !parts.exists());
    let answer = world.post(&operator, SWEEP, &json!({ "dry_run": false })).await?;
    let report = expect(answer, StatusCode::OK).await?;
    ensure!(report["orphans"]["count"] == 0 && report["leftover_parts"]["count"] == 0, "{report}");
    ensure!(report["lost"]["count"] == 1, "what is lost stays to be told: {report}");
    let content = world.get(Some(&world.player), text(&kept, "content_path")).await?;
    ensure!(content.status() == StatusCode::OK, "what has a row stays");
    Ok(())
}

#[tokio::test]
async fn an_upload_after_its_asset_was_deleted_is_swept_at_s3() -> Outcome {
    let world = World::start(Store::S3).await?;
    let bytes = picture(1)?;
    let ticket = world.announced("late", &bytes, "private").await?;
    let path = format!("/assets/{}", crate::world::id_of(&ticket)?);
    world.facade.client.request(reqwest::Method::DELETE, &path, Some(&world.player)).send().await?;
    worldloom_tests::eventually("the row to be forgotten", || async {
        world.database.sql("SELECT * FROM asset_object").await.ok()?.is_empty().then_some(())
    })
    .await?;
    ensure!(world.send(&ticket["upload"]["request"], bytes).await?.status() == StatusCode::OK, "the URL is still good");
    let operator = world.node.account().await?;
    world.database.grant(&operator, "operator").await?;
    let answer = world.post(&operator, SWEEP, &json!({ "dry_run": false })).await?;
    let report = expect(answer, StatusCode::OK).await?;
    ensure!(report["objects"] == 1 && report["orphans"]["count"] == 0, "it is too young: {report}");
    // The server tells the file's own time, as S3 tells the time of the upload.
    let key = world.keys()?.into_iter().next().context("one object")?;
    let s3 = world.s3.as_ref().context("a server")?;
    s3.set_written(&key, SystemTime::now() - Duration::from_secs(3 * 60 * 60))?;
    let answer = world.post(&operator, SWEEP, &json!({ "dry_run": false })).await?;
    let report = expect(answer, StatusCode::OK).await?;
    ensure!(report["orphans"] == json!({ "count": 1, "first": [key] }), "{report}");
    ensure!(world.keys()?.is_empty());
    Ok(())
}

/// The sweeper may never get to deleted rows, because so many of another bucket are listed before them. Here it does
/// not come round in time.
#[tokio::test]
async fn deleted_assets_are_removed_from_s3_and_one_that_stays_keeps_nobody() -> Outcome {
    let world = World::start_with(Store::S3, &[("OBJECTS__SWEEP_INTERVAL_S", "86400")]).await?;
    let player = Player::join_as(&world.database, world.player.clone()).await?;
    let mut assets = Vec::new();
    for (number, key) in (1..).zip(["first", "second"]) {
        assets.push(world.uploaded(key, &picture(number)?, "private").await?);
    }
    for asset in &assets {
        // At the module, so that no facade is told of it.
        done(reduce!(player, delete_asset_object_then(Uuid::parse_str(text(asset, "asset_id"))?)))?;
    }
    // In the order in which rows are listed. S3 cannot remove the first one: its file is a folder.
    assets.sort_by_key(|asset| text(asset, "object_key").to_owned());
    let ids: Vec<_> = assets.iter().map(|asset| asset["asset_id"].clone()).collect();
    let in_the_way = world.s3.as_ref().context("a server")?.file_of(text(&assets[0], "object_key"));
    std::fs::remove_file(&in_the_way)?;
    std::fs::create_dir(&in_the_way)?;

    let operator = world.node.account().await?;
    world.database.grant(&operator, "operator").await?;
    let sweep = async |dry_run: bool| {
        let answer = world.post(&operator, SWEEP, &json!({ "dry_run": dry_run })).await?;
        let report = expect(answer, StatusCode::OK).await?;
        let left = world.database.sql("SELECT * FROM asset_object").await?.len();
        anyhow::Ok((report["deleted"].clone(), left))
    };
    ensure!(sweep(true).await? == (json!({ "count": 2, "first": ids }), 2), "a dry run changes nothing");
    let (deleted, left) = sweep(false).await?;
    ensure!(deleted == json!({ "count": 1, "first": [ids[1]] }) && left == 1, "{deleted}, and {left} rows");
    std::fs::remove_dir(&in_the_way)?;
    let (deleted, left) = sweep(false).await?;
    ensure!(deleted == json!({ "count": 1, "first": [ids[0]] }) && left == 0, "{deleted}, and {left} rows");
    ensure!(world.keys()?.is_empty(), "{:?}", world.keys()?);
    Ok(())
}
