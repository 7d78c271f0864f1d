//! Smaller pictures: made once, under the policy of their asset, and never of a bomb.

use anyhow::ensure;
use reqwest::{Method, StatusCode};
use worldloom_tests::pictures::picture;
use worldloom_tests::{Outcome, eventually};

use crate::world::{Store, World, refused, text};

async fn made_once(store: Store) -> Outcome {
    let world = World::start(store).await?;
    let asset = world.uploaded("a", &picture(1)?, "private").await?;
    let path = format!("/assets/{}/variants/thumbnail", text(&asset, "asset_id"));
    let wishes = (0..6).map(|_| world.get(Some(&world.player), &path));
    let mut answers = futures::future::try_join_all(wishes).await?;
    ensure!(answers.iter().all(|answer| answer.status() == StatusCode::OK));
    let answer = answers.remove(0);
    ensure!(answer.headers()["content-type"] == "image/jpeg");
    ensure!(answer.headers()["cache-control"] == "private, no-cache");
    let etag = answer.headers()["etag"].clone();
    let first = answer.bytes().await?;
    for answer in answers {
        ensure!(answer.bytes().await? == first);
    }
    let kept = world.keys()?.into_iter().filter(|key| key.starts_with("variants/")).count();
    ensure!(kept == 1, "{:?}", world.keys()?);
    let again = world.facade.client.request(Method::GET, &path, Some(&world.player)).header("if-none-match", etag);
    ensure!(again.send().await?.status() == StatusCode::NOT_MODIFIED);

    let other = world.node.account().await?;
    for caller in [None, Some(&other)] {
        refused(world.get(caller, &path).await?, 404, "not_found").await?;
    }
    let asset_path = format!("/assets/{}", text(&asset, "asset_id"));
    let deleted = world.facade.client.request(Method::DELETE, &asset_path, Some(&world.player)).send().await?;
    ensure!(deleted.status() == StatusCode::OK);
    refused(world.get(Some(&world.player), &path).await?, 404, "not_found").await?;
    eventually("the variant to go with its asset", || async { world.keys().ok()?.is_empty().then_some(()) }).await
}

#[tokio::test]
async fn a_thumbnail_is_made_once_on_the_folder() -> Outcome {
    made_once(Store::Folder).await
}

#[tokio::test]
async fn a_thumbnail_is_made_once_at_s3() -> Outcome {
    made_once(Store::S3).await
}

/// A JPEG whose head promises 65,000 × 65,000 pixels.
fn bomb() -> anyhow::Result<Vec<u8>> {
    let mut bytes = picture(1)?;
    let head = bytes.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap_or_default();
    ensure!(head > 0, "a baseline JPEG");
    bytes[head + 5..head + 9].copy_from_slice(&[0xfd, 0xe8, 0xfd, 0xe8]);
    Ok(bytes)
}

#[tokio::test]
async fn bombs_damaged_files_and_unknown_sizes_are_refused() -> Outcome {
    let world = World::start(Store::Folder).await?;
    let bomb = world.uploaded("bomb", &bomb()?, "public").await?;
    let damaged = world.uploaded("damaged", &picture(1)?[..200], "public").await?;
    let fine = world.uploaded("fine", &picture(1)?, "public").await?;
    let path = |asset, name: &str| format!("/assets/{}/variants/{name}", text(asset, "asset_id"));
    for _ in 0..2 {
        refused(world.get(None, &path(&bomb, "bounded")).await?, 422, "limit_exceeded").await?;
        refused(world.get(None, &path(&damaged, "bounded")).await?, 415, "unsupported_media_type").await?;
    }
    refused(world.get(None, &path(&fine, "huge")).await?, 404, "not_found").await?;
    refused(world.get(None, &path(&fine, "..%2f..%2fthumbnail")).await?, 404, "not_found").await?;
    ensure!(world.keys()?.len() == 3, "nothing was kept: {:?}", world.keys()?);
    ensure!(world.get(None, &path(&fine, "bounded")).await?.status() == StatusCode::OK, "others are served as before");
    Ok(())
}
