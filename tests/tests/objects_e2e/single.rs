//! Uploads in one piece by a signed request, and what is refused.

use anyhow::ensure;
use reqwest::StatusCode;
use serde_json::{Value, json};
use worldloom_client::*;
use worldloom_tests::facade::sha256;
use worldloom_tests::pictures::picture;
use worldloom_tests::{Outcome, Player, ask, done, eventually, reduce};

use crate::world::{Store, World, announcement, expect, id_of, refused, text};

async fn upload(store: Store) -> Outcome {
    let world = World::start(store).await?;
    let bytes = picture(1)?;
    let ticket = world.announced("first", &bytes, "private").await?;
    ensure!(ticket["asset"]["status"] == "pending" && ticket["upload"]["kind"] == "single", "{ticket}");
    refused(world.confirm(&ticket).await?, 409, "conflict").await?;
    let again = world.announced("first", &bytes, "private").await?;
    ensure!(again["asset"] == ticket["asset"], "the same announcement is the same asset");

    let sent = world.send(&ticket["upload"]["request"], bytes.clone()).await?;
    ensure!(sent.status() == StatusCode::OK, "{}: {}", sent.status(), sent.text().await?);
    let asset = expect(world.confirm(&ticket).await?, StatusCode::OK).await?;
    ensure!(asset["status"] == "confirmed" && asset["sha256"] == sha256(&bytes), "{asset}");
    ensure!(expect(world.confirm(&ticket).await?, StatusCode::OK).await? == asset, "confirming again changes nothing");
    let done = world.announced("first", &bytes, "private").await?;
    ensure!(done["upload"]["kind"] == "done", "{done}");
    let content = world.get(Some(&world.player), text(&asset, "content_path")).await?;
    ensure!(content.bytes().await? == bytes);
    Ok(())
}

#[tokio::test]
async fn a_client_uploads_to_the_folder() -> Outcome {
    upload(Store::Folder).await
}

#[tokio::test]
async fn a_client_uploads_to_s3() -> Outcome {
    upload(Store::S3).await
}

/// Bytes that lie about their type pass every signature; the confirmation sees them.
async fn lying_type(store: Store) -> Outcome {
    let world = World::start(store).await?;
    let script = b"#!/bin/sh\nexit 0\n".repeat(20);
    let ticket = world.announced("liar", &script, "public").await?;
    let sent = world.send(&ticket["upload"]["request"], script).await?;
    match store {
        Store::Folder => drop(refused(sent, 415, "unsupported_media_type").await?),
        Store::S3 => {
            ensure!(sent.status() == StatusCode::OK, "S3 does not look into objects");
            refused(world.confirm(&ticket).await?, 415, "unsupported_media_type").await?;
        }
    }
    ensure!(world.keys()?.is_empty(), "{:?}", world.keys()?);
    refused(world.confirm(&ticket).await?, 409, "conflict").await?;
    Ok(())
}

#[tokio::test]
async fn a_lying_type_is_found_out_on_the_folder() -> Outcome {
    lying_type(Store::Folder).await
}

#[tokio::test]
async fn a_lying_type_is_found_out_at_s3() -> Outcome {
    lying_type(Store::S3).await
}

async fn wrong_bytes(store: Store) -> Outcome {
    let world = World::start(store).await?;
    let (bytes, mut other) = (picture(1)?, picture(1)?);
    *other.last_mut().unwrap_or(&mut 0) ^= 1;
    let ticket = world.announced("first", &bytes, "private").await?;
    let request = &ticket["upload"]["request"];
    ensure!(world.refuses(request, None, other).await?, "another SHA-256");
    // The S3 server keeps what it has refused; either way it does not become the asset.
    refused(world.confirm(&ticket).await?, 409, "conflict").await?;
    ensure!(world.keys()?.is_empty(), "{:?}", world.keys()?);
    let mut longer = bytes.clone();
    longer.push(0);
    ensure!(world.refuses(request, None, longer).await?, "another size");
    let lie = Some(("content-type", "text/html"));
    ensure!(world.refuses(request, lie, bytes.clone()).await?, "another type");
    ensure!(world.keys()?.is_empty(), "{:?}", world.keys()?);
    let sent = world.send(request, bytes).await?;
    ensure!(sent.status() == StatusCode::OK, "the true bytes are still taken");
    expect(world.confirm(&ticket).await?, StatusCode::OK).await.map(drop)
}

#[tokio::test]
async fn other_bytes_than_announced_are_refused_on_the_folder() -> Outcome {
    wrong_bytes(Store::Folder).await
}

#[tokio::test]
async fn other_bytes_than_announced_are_refused_at_s3() -> Outcome {
    wrong_bytes(Store::S3).await
}

#[tokio::test]
async fn announcements_of_a_wrong_kind_make_no_row() -> Outcome {
    let world = World::start_with(Store::Folder, &[("OBJECTS__DIRECT_LIMIT_BYTES", "100000")]).await?;
    let bytes = picture(1)?;
    let good = announcement(&bytes, "private");
    let with = |member: &str, value: serde_json::Value| {
        let mut body = good.clone();
        body[member] = value;
        body
    };
    let large = world.announce_as("a", &with("byte_size", json!(100_001))).await?;
    ensure!(refused(large, 413, "payload_too_large").await?["limit"] == 100_000);
    for content_type in ["text/html", "image/svg+xml", "", "image/png; charset"] {
        let answer = world.announce_as("a", &with("content_type", json!(content_type))).await?;
        if !content_type.starts_with("image/png") {
            refused(answer, 415, "unsupported_media_type").await?;
        }
    }
    for (member, value) in [
        ("sha256", json!("abc")),
        ("sha256", json!("G".repeat(64))),
        ("byte_size", json!(0)),
        ("content_md5", json!("short")),
        ("access_policy", json!("everybody")),
        ("unknown", json!(1)),
    ] {
        let answer = world.announce_as("b", &with(member, value)).await?;
        refused(answer, 422, "invalid_argument").await?;
    }
    let nobody = world.facade.client.request(reqwest::Method::POST, "/assets/uploads", None);
    refused(nobody.header("idempotency-key", "c").json(&good).send().await?, 401, "unauthenticated").await?;
    Ok(())
}

#[tokio::test]
async fn names_cannot_leave_the_players_folder() -> Outcome {
    let world = World::start(Store::Folder).await?;
    for (number, name) in
        ["../../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "a\u{0}b", "%2e%2e%2f", "é☃"].iter().enumerate()
    {
        let mut body = announcement(&picture(1)?, "private");
        body["file_name"] = json!(name);
        let ticket = expect(world.announce_as(&format!("n{number}"), &body).await?, StatusCode::CREATED).await?;
        let key = text(&ticket["asset"], "object_key");
        ensure!(
            key.starts_with(&format!("uploads/{}/", world.player.identity)) && key.matches('/').count() == 2,
            "{key}"
        );
        ensure!(!key.contains("..") && !key.contains('%'), "{key}");
        let sent = world.send(&ticket["upload"]["request"], picture(1)?).await?;
        ensure!(sent.status() == StatusCode::OK);
    }
    let owner_folder = format!("uploads/{}/", world.player.identity);
    ensure!(world.keys()?.iter().all(|key| key.starts_with(&owner_folder)), "{:?}", world.keys()?);
    Ok(())
}

#[tokio::test]
async fn signed_urls_end_and_cannot_be_forged() -> Outcome {
    let world = World::start_with(Store::Folder, &[("OBJECTS__UPLOAD_URL_LIFE_S", "1")]).await?;
    let bytes = picture(1)?;
    let ticket = world.announced("first", &bytes, "private").await?;
    let mut request = ticket["upload"]["request"].clone();
    let url = text(&request, "url").to_owned();
    worldloom_tests::eventually("the URL to end", || async {
        let answer = world.send(&request, bytes.clone()).await.ok()?;
        (answer.status() == StatusCode::FORBIDDEN).then_some(())
    })
    .await?;
    refused(world.send(&request, bytes.clone()).await?, 403, "link_expired").await?;
    let middle = url.len() / 2;
    let letter = if &url[middle..=middle] == "A" { "B" } else { "A" };
    request["url"] = json!(format!("{}{letter}{}", &url[..middle], &url[middle + 1..]));
    refused(world.send(&request, bytes).await?, 403, "link_invalid").await?;
    Ok(())
}

/// What a player registers at the module is held against the operator's limits, and this store, before bytes are taken.
async fn registered_elsewhere(store: Store) -> Outcome {
    let world = World::start_with(store, &[("OBJECTS__DIRECT_LIMIT_BYTES", "1000")]).await?;
    let player = Player::join_as(&world.database, world.player.clone()).await?;
    let fair = AssetObjectRegistration {
        idempotency_key: "fair".to_owned(),
        bucket: "worldloom".to_owned(),
        object_key: format!("players/{}/fair.png", world.player.identity),
        content_type: "image/png".to_owned(),
        byte_size: 1_000,
        sha_256: sha256(b"fair"),
        access_policy: AssetAccessPolicy::Public,
    };
    let named = |name: &str| AssetObjectRegistration {
        idempotency_key: name.to_owned(),
        object_key: format!("players/{}/{name}", world.player.identity),
        ..fair.clone()
    };
    let page = AssetObjectRegistration { content_type: "text/html".to_owned(), ..named("page") };
    let large = AssetObjectRegistration { byte_size: 1_001, ..named("large") };
    let foreign = AssetObjectRegistration { bucket: "portraits".to_owned(), ..named("foreign") };
    for (registration, status, code) in
        [(page, 415, "unsupported_media_type"), (large, 413, "payload_too_large"), (foreign, 409, "conflict")]
    {
        let asset = ask!(player, register_asset_object_and_return_then(None, registration))?;
        let path = format!("/assets/{}", asset.asset_id);
        refused(world.get(Some(&world.player), &format!("{path}/upload")).await?, status, code).await?;
        let parts = json!({ "numbers": [1] });
        refused(world.post(&world.player, &format!("{path}/upload/parts"), &parts).await?, status, code).await?;
        refused(world.post(&world.player, &format!("{path}/confirm"), &json!({})).await?, status, code).await?;
        done(reduce!(player, delete_asset_object_then(asset.asset_id)))?;
    }
    let asset = ask!(player, register_asset_object_and_return_then(None, fair))?;
    expect(world.get(Some(&world.player), &format!("/assets/{}/upload", asset.asset_id)).await?, StatusCode::OK)
        .await?;
    done(reduce!(player, delete_asset_object_then(asset.asset_id)))?;
    player.sees("all to be forgotten", |rows| (rows.my_assets().count() == 0).then_some(())).await
}

#[tokio::test]
async fn what_was_registered_at_the_module_has_the_same_limits_at_the_folder() -> Outcome {
    registered_elsewhere(Store::Folder).await
}

#[tokio::test]
async fn what_was_registered_at_the_module_has_the_same_limits_at_s3() -> Outcome {
    registered_elsewhere(Store::S3).await
}

/// A picture, and other bytes of the same size and type.
fn twins() -> anyhow::Result<[Vec<u8>; 2]> {
    let (bytes, mut other) = (picture(1)?, picture(1)?);
    *other.last_mut().unwrap_or(&mut 0) ^= 1;
    Ok([bytes, other])
}

/// Deletes the only asset and waits until its place is free again.
async fn forgotten(world: &World, ticket: &Value) -> Outcome {
    let path = format!("/assets/{}", id_of(ticket)?);
    let deleted = world.facade.client.request(reqwest::Method::DELETE, &path, Some(&world.player)).send().await?;
    expect(deleted, StatusCode::OK).await?;
    eventually("the row to be forgotten", || async {
        world.database.sql("SELECT * FROM asset_object").await.ok()?.is_empty().then_some(())
    })
    .await
}

#[tokio::test]
async fn a_url_that_was_kept_does_not_swap_the_bytes_of_a_later_upload() -> Outcome {
    let world = World::start(Store::Folder).await?;
    let [bytes, other] = twins()?;
    let kept = world.announced("first", &bytes, "public").await?;
    forgotten(&world, &kept).await?;
    let asset = world.uploaded("first", &other, "public").await?;
    ensure!(asset["object_key"] != kept["asset"]["object_key"], "other bytes have a place of their own: {asset}");
    world.send(&kept["upload"]["request"], bytes).await?;
    let content = world.get(None, text(&asset, "content_path")).await?;
    ensure!(content.bytes().await? == other);
    Ok(())
}

/// A place that a player names at the module is the same for all bytes.
#[tokio::test]
async fn a_url_that_was_kept_does_not_swap_the_bytes_at_a_place_of_the_players_own() -> Outcome {
    let world = World::start(Store::Folder).await?;
    let player = Player::join_as(&world.database, world.player.clone()).await?;
    let [bytes, other] = twins()?;
    let mut tickets = Vec::new();
    for bytes in [&bytes, &other] {
        if let Some(earlier) = tickets.last() {
            forgotten(&world, earlier).await?;
        }
        let registration = AssetObjectRegistration {
            idempotency_key: "first".to_owned(),
            bucket: "worldloom".to_owned(),
            object_key: format!("players/{}/castle.jpg", world.player.identity),
            content_type: "image/jpeg".to_owned(),
            byte_size: bytes.len() as u64,
            sha_256: sha256(bytes),
            access_policy: AssetAccessPolicy::Public,
        };
        let asset = ask!(player, register_asset_object_and_return_then(None, registration))?;
        let path = format!("/assets/{}/upload", asset.asset_id);
        tickets.push(expect(world.get(Some(&world.player), &path).await?, StatusCode::OK).await?);
    }
    let [kept, ticket] = &tickets[..] else { anyhow::bail!("two assets") };
    ensure!(world.send(&ticket["upload"]["request"], other.clone()).await?.status() == StatusCode::OK);
    refused(world.send(&kept["upload"]["request"], bytes.clone()).await?, 409, "conflict").await?;
    let asset = expect(world.confirm(ticket).await?, StatusCode::OK).await?;
    refused(world.send(&kept["upload"]["request"], bytes).await?, 409, "conflict").await?;
    ensure!(world.send(&ticket["upload"]["request"], other.clone()).await?.status() == StatusCode::OK, "once more");
    let content = world.get(None, text(&asset, "content_path")).await?;
    ensure!(content.bytes().await? == other);
    Ok(())
}

#[tokio::test]
async fn others_can_neither_confirm_nor_resume() -> Outcome {
    let world = World::start(Store::Folder).await?;
    let bytes = picture(1)?;
    let ticket = world.announced("first", &bytes, "public").await?;
    let other = world.node.account().await?;
    let path = format!("/assets/{}", id_of(&ticket)?);
    refused(world.post(&other, &format!("{path}/confirm"), &json!({})).await?, 404, "not_found").await?;
    refused(world.get(Some(&other), &format!("{path}/upload")).await?, 404, "not_found").await?;
    world.send(&ticket["upload"]["request"], bytes).await?;
    expect(world.confirm(&ticket).await?, StatusCode::OK).await?;
    refused(world.post(&other, &format!("{path}/confirm"), &json!({})).await?, 403, "forbidden").await?;
    refused(world.post(&other, &format!("{path}/upload/parts"), &json!({"numbers": [1]})).await?, 403, "forbidden")
        .await?;
    Ok(())
}
