//! SIGKILL in the middle of a stream of uploads: what was answered 2xx is there, and nothing is there by half.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;
use spacetimedb_sdk::Uuid;
use worldloom_tests::{Account, Outcome, eventually};

use crate::upload_stream::{Told, UploadStream};
use crate::world::{World, expect_problem};

/// Uploads before each kill.
const BEFORE: usize = 24;
/// Kills within one stream.
const KILLS: usize = 2;
/// Requests at a time while everything is checked.
const PARALLEL: usize = 8;
/// Number of the variant of `AssetStatus`.
const CONFIRMED: u8 = 1;

/// Short waits of the facade, so that uploads fail soon while the node is away.
const IMPATIENT: [(&str, &str); 3] =
    [("NODE__CONNECT_WAIT_MS", "200"), ("NODE__RECONNECT_DELAY_MIN_MS", "20"), ("NODE__RECONNECT_DELAY_MAX_MS", "200")];

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_node_keeps_every_acknowledged_upload_whole() -> Outcome {
    let mut world = World::start_with(&IMPATIENT).await?;
    let player = world.node.account().await?;
    let uploads = UploadStream::start(&world.facade.client, &player);
    for _ in 0..KILLS {
        uploads.wait_for_acknowledged(BEFORE).await?;
        world.node.kill()?;
        uploads.wait_for_unknown().await?;
        world.node.restart().await?;
    }
    uploads.wait_for_acknowledged(BEFORE).await?;
    let told = uploads.stop().await?;
    check(&world, &player, told).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_facade_keeps_every_acknowledged_upload_whole() -> Outcome {
    let mut world = World::start().await?;
    let player = world.node.account().await?;
    let uploads = UploadStream::start(&world.facade.client, &player);
    for _ in 0..KILLS {
        uploads.wait_for_acknowledged(BEFORE).await?;
        world.facade.kill()?;
        uploads.wait_for_unknown().await?;
        world.facade.restart().await?;
    }
    uploads.wait_for_acknowledged(BEFORE).await?;
    let told = uploads.stop().await?;
    check(&world, &player, told).await
}

/// Holds rows, objects and answers against one another, first as the kills have left them and then after every
/// unanswered upload was repeated.
async fn check(world: &World, player: &Account, told: Told) -> Outcome {
    ensure!(!told.unknown.is_empty(), "no kill has hit an upload");
    world.facade.wait_until_ready().await?;
    nothing_is_there_by_half(world).await?;
    all_are_readable(world, player, &told.acknowledged).await?;
    unconfirmed_rows_show_no_bytes(world, player).await?;

    let total = told.acknowledged.len() + told.unknown.len();
    let repeated: Vec<_> = stream::iter(told.unknown)
        .map(|upload| async move { anyhow::Ok((world.uploaded(player, &upload).await?, upload.bytes)) })
        .buffer_unordered(PARALLEL)
        .try_collect()
        .await?;
    all_are_readable(world, player, &repeated).await?;
    let rows = rows(world).await?;
    ensure!(rows.len() == total, "{} rows of {total} uploads", rows.len());
    ensure!(rows.values().all(|row| row.is_confirmed), "a repeated upload was not confirmed");
    let stored: BTreeSet<_> = world.facade.stored()?.into_keys().collect();
    ensure!(stored == rows.into_keys().collect(), "objects and rows differ");
    eventually("staged files to go", || async { (world.facade.staged().ok()? == 0).then_some(()) }).await
}

/// Each confirmed row has its object, with the recorded bytes, and each object has a row.
async fn nothing_is_there_by_half(world: &World) -> Outcome {
    let (rows, stored) = (rows(world).await?, world.facade.stored()?);
    for (key, row) in rows.iter().filter(|(_, row)| row.is_confirmed) {
        let hash = stored.get(key).with_context(|| format!("{key} is confirmed and not stored"))?;
        ensure!(*hash == row.sha256, "{key} is stored with other bytes");
    }
    for key in stored.keys() {
        ensure!(rows.contains_key(key), "{key} is stored and no row names it");
    }
    Ok(())
}

async fn all_are_readable(world: &World, player: &Account, uploads: &[(Value, Vec<u8>)]) -> Outcome {
    stream::iter(uploads)
        .map(|(asset, bytes)| async move {
            let content = world.content(asset, Some(player)).await?;
            ensure!(content == *bytes, "other bytes came back for {asset}");
            Ok(())
        })
        .buffer_unordered(PARALLEL)
        .try_collect()
        .await
}

/// A row that was registered and no more is visible to its owner, but no bytes are.
async fn unconfirmed_rows_show_no_bytes(world: &World, player: &Account) -> Outcome {
    for row in rows(world).await?.values().filter(|row| !row.is_confirmed) {
        let path = format!("/assets/{}/content", row.asset_id);
        let answer = world.facade.client.request(Method::GET, &path, Some(player)).send().await?;
        expect_problem(answer, 404, "not_found").await?;
    }
    Ok(())
}

/// What the database says of one object.
struct Row {
    asset_id: Uuid,
    sha256: String,
    is_confirmed: bool,
}

/// The columns of [`rows`]: id, key, hash, status. Sums are their variant's number and payload.
type Columns = ((u128,), String, String, (u8, [(); 0]));

/// Answer to one SQL statement.
#[derive(Deserialize)]
struct Answer {
    rows: Vec<Columns>,
}

/// All rows by object key.
async fn rows(world: &World) -> anyhow::Result<BTreeMap<String, Row>> {
    let statement = "SELECT asset_id, object_key, sha_256, status FROM asset_object";
    let database = &world.database;
    let answer = database.request(Method::POST, "/sql", &database.owner).body(statement).send().await?;
    let text = answer.error_for_status()?.text().await?;
    let (answer,): (Answer,) = serde_json::from_str(&text)?;
    let rows = answer.rows.into_iter().map(|((id,), key, sha256, (status, _))| {
        (key, Row { asset_id: Uuid::from_u128(id), sha256, is_confirmed: status == CONFIRMED })
    });
    Ok(rows.collect())
}
