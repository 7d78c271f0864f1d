//! What may be uploaded, and what a repeated upload means.

use anyhow::{Context, ensure};
use reqwest::header::LOCATION;
use reqwest::{Method, StatusCode};
use worldloom_tests::chaos::faults::preload::{Controls, DiskFault};
use worldloom_tests::facade::{Upload, sha256, stored_below};
use worldloom_tests::pictures::picture;
use worldloom_tests::{Outcome, eventually};

use crate::world::{World, expect, expect_problem, id_of};

#[tokio::test]
async fn an_upload_is_recorded_as_it_was_sent() -> Outcome {
    let world = World::start().await?;
    let player = world.node.account().await?;
    let upload = Upload::private("first", picture(1)?);
    let answer = world.facade.client.upload(&player, &upload)?.send().await?;
    let location = answer.headers().get(LOCATION).cloned();
    let asset = expect(answer, StatusCode::CREATED).await?;
    ensure!(location.is_some_and(|path| path == format!("/assets/{}", asset["asset_id"].as_str().unwrap_or_default())));
    ensure!(asset["owner"] == player.identity.as_str(), "{asset}");
    ensure!(asset["status"] == "confirmed" && asset["access_policy"] == "private", "{asset}");
    ensure!(asset["content_type"] == "image/jpeg" && asset["byte_size"] == upload.bytes.len(), "{asset}");
    ensure!(asset["sha256"] == sha256(&upload.bytes), "{asset}");
    ensure!(world.content(&asset, Some(&player)).await? == upload.bytes);
    let looked_up = world.about(Method::GET, &asset, "", Some(&player)).await?;
    ensure!(expect(looked_up, StatusCode::OK).await? == asset);
    Ok(())
}

#[tokio::test]
async fn a_repeated_upload_is_the_same_asset_and_another_one_a_conflict() -> Outcome {
    let world = World::start().await?;
    let (player, other) = (world.node.account().await?, world.node.account().await?);
    let upload = Upload::private("once", picture(1)?);
    let first = world.uploaded(&player, &upload).await?;
    ensure!(world.uploaded(&player, &upload).await? == first, "a repetition gives the first answer");

    let another = Upload { bytes: picture(2)?, ..upload.clone() };
    let refusal = world.facade.client.upload(&player, &another)?.send().await?;
    let problem = expect_problem(refusal, 409, "conflict").await?;
    ensure!(problem["expected"].is_string() && problem["actual"].is_string(), "{problem}");
    let open = Upload { access_policy: "public", ..upload.clone() };
    expect_problem(world.facade.client.upload(&player, &open)?.send().await?, 409, "conflict").await?;
    ensure!(world.content(&first, Some(&player)).await? == upload.bytes, "the first upload stays");

    let others = world.uploaded(&other, &upload).await?;
    ensure!(id_of(&others)? != id_of(&first)?, "a key belongs to one player");
    ensure!(world.facade.stored()?.len() == 2);
    Ok(())
}

#[tokio::test]
async fn repetitions_at_the_same_time_are_one_asset() -> Outcome {
    let world = World::start().await?;
    let player = world.node.account().await?;
    let upload = Upload::private("once", picture(1)?);
    let all = futures::future::try_join_all((0..6).map(|_| world.uploaded(&player, &upload))).await?;
    ensure!(all.iter().all(|asset| asset == &all[0]), "{all:?}");
    ensure!(world.facade.stored()?.len() == 1 && world.database.sql("SELECT * FROM asset_object").await?.len() == 1);
    Ok(())
}

#[tokio::test]
async fn uploads_of_a_wrong_kind_leave_nothing() -> Outcome {
    let world = World::start_with(&[("OBJECTS__UPLOAD_LIMIT_BYTES", "4096")]).await?;
    let player = world.node.account().await?;
    let large = Upload::private("large", picture(1)?);
    ensure!(large.bytes.len() > 4096, "the picture is larger than the limit");
    let problem =
        expect_problem(world.facade.client.upload(&player, &large)?.send().await?, 413, "payload_too_large").await?;
    ensure!(problem["limit"] == 4096, "{problem}");

    let text = Upload { bytes: b"#!/bin/sh\nexit 0\n".repeat(20), ..Upload::private("text", Vec::new()) };
    let start = Upload { content_type: "image/png", ..Upload::private("liar", picture(1)?[..2048].to_vec()) };
    for upload in [&text, &start] {
        let refusal = world.facade.client.upload(&player, upload)?.send().await?;
        expect_problem(refusal, 415, "unsupported_media_type").await?;
    }
    let empty = Upload::private("empty", Vec::new());
    let problem =
        expect_problem(world.facade.client.upload(&player, &empty)?.send().await?, 422, "invalid_argument").await?;
    ensure!(problem["field"] == "file", "{problem}");
    let policy = Upload { access_policy: "everybody", ..Upload::private("policy", picture(1)?[..2048].to_vec()) };
    let problem =
        expect_problem(world.facade.client.upload(&player, &policy)?.send().await?, 422, "invalid_argument").await?;
    ensure!(problem["field"] == "access_policy", "{problem}");

    ensure!(world.facade.stored()?.is_empty() && world.facade.staged()? == 0);
    ensure!(world.database.sql("SELECT * FROM asset_object").await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_full_disk_is_507_and_leaves_nothing() -> Outcome {
    let place = tempfile::tempdir()?;
    let root = place.path().canonicalize()?.join("objects");
    let disk = Controls::new(place.path(), "facade", &root)?;
    let settings = [("OBJECTS__ROOT", root.to_str().context("a path in UTF-8")?)];
    let world = World::start_under(&settings, disk.environment()).await?;
    let player = world.node.account().await?;
    let small = Upload::private("small", picture(1)?);
    // A small file meets the full disk at its end, a large one on its way.
    let large = Upload { bytes: [picture(2)?, vec![0; 2 << 20]].concat(), ..Upload::private("large", Vec::new()) };

    disk.set_disk(DiskFault::Full)?;
    for upload in [&small, &large] {
        let refusal = world.facade.client.upload(&player, upload)?.send().await?;
        expect_problem(refusal, 507, "store_full").await?;
    }
    ensure!(stored_below(&root)?.is_empty());
    ensure!(world.database.sql("SELECT * FROM asset_object").await?.is_empty());
    let staging = root.join(".staging");
    eventually("staged files to go", || async { (staging.read_dir().ok()?.count() == 0).then_some(()) }).await?;

    disk.set_disk(DiskFault::None)?;
    for upload in [&small, &large] {
        let asset = world.uploaded(&player, upload).await?;
        ensure!(world.content(&asset, Some(&player)).await? == upload.bytes);
    }
    ensure!(stored_below(&root)?.len() == 2);
    Ok(())
}
