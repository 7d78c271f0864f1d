//! Signed URLs for downloads: who gets one, and how long it is good.

use anyhow::ensure;
use reqwest::StatusCode;
use worldloom_tests::pictures::picture;
use worldloom_tests::{Outcome, eventually, http_client};

use crate::world::{Store, World, expect, refused, text};

async fn policies(store: Store) -> Outcome {
    let world = World::start(store).await?;
    let other = world.node.account().await?;
    let plain = http_client()?;
    for (number, policy) in ["private", "signed", "public"].into_iter().enumerate() {
        let bytes = picture(number as u32)?;
        let asset = world.uploaded(policy, &bytes, policy).await?;
        let link = expect(world.url(Some(&world.player), &asset, "").await?, StatusCode::OK).await?;
        let got = plain.get(text(&link, "url")).send().await?;
        ensure!(got.status() == StatusCode::OK, "{policy}: {}", got.text().await?);
        ensure!(got.headers()["content-type"] == "image/jpeg");
        ensure!(got.headers()["content-disposition"] == "inline; filename=\"castle.jpg\"");
        ensure!(got.bytes().await? == bytes, "{policy}");
        for caller in [None, Some(&other)] {
            let answer = world.url(caller, &asset, "").await?;
            match policy {
                "public" => drop(expect(answer, StatusCode::OK).await?),
                _ => drop(refused(answer, 404, "not_found").await?),
            }
        }
        let long = world.url(Some(&world.player), &asset, "?life_s=86400").await?;
        match policy {
            "signed" => drop(expect(long, StatusCode::OK).await?),
            _ => drop(refused(long, 422, "invalid_argument").await?),
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_policy_decides_who_gets_a_url_of_the_folder() -> Outcome {
    policies(Store::Folder).await
}

#[tokio::test]
async fn the_policy_decides_who_gets_a_url_of_s3() -> Outcome {
    policies(Store::S3).await
}

async fn end(store: Store) -> Outcome {
    let world = World::start(store).await?;
    let asset = world.uploaded("a", &picture(1)?, "private").await?;
    let link = expect(world.url(Some(&world.player), &asset, "?life_s=1").await?, StatusCode::OK).await?;
    let plain = http_client()?;
    eventually("the URL to end", || async {
        let answer = plain.get(text(&link, "url")).send().await.ok()?;
        (answer.status() == StatusCode::FORBIDDEN).then_some(())
    })
    .await
}

#[tokio::test]
async fn a_url_of_the_folder_ends() -> Outcome {
    end(Store::Folder).await
}

#[tokio::test]
async fn a_url_of_s3_ends() -> Outcome {
    end(Store::S3).await
}

#[tokio::test]
async fn a_pending_or_deleted_asset_has_no_url() -> Outcome {
    let world = World::start(Store::Folder).await?;
    let bytes = picture(1)?;
    let ticket = world.announced("a", &bytes, "public").await?;
    refused(world.url(Some(&world.player), &ticket["asset"], "").await?, 404, "not_found").await?;
    let asset = world.uploaded("b", &bytes, "public").await?;
    let link = expect(world.url(None, &asset, "").await?, StatusCode::OK).await?;
    let path = format!("/assets/{}", text(&asset, "asset_id"));
    let deleted = world.facade.client.request(reqwest::Method::DELETE, &path, Some(&world.player)).send().await?;
    ensure!(deleted.status() == StatusCode::OK);
    refused(world.url(None, &asset, "").await?, 404, "not_found").await?;
    let plain = http_client()?;
    eventually("the bytes to go", || async {
        let answer = plain.get(text(&link, "url")).send().await.ok()?;
        (answer.status() == StatusCode::NOT_FOUND).then_some(())
    })
    .await
}
