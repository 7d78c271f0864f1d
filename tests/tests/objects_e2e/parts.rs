//! Large uploads in parts, which go on after the facade was killed.

use anyhow::{Context, ensure};
use reqwest::StatusCode;
use serde_json::{Value, json};
use worldloom_tests::Outcome;
use worldloom_tests::pictures::picture;

use crate::world::{PART, Store, World, expect, id_of, refused};

/// A JPEG of two parts and a bit: what follows the picture's end is no concern of its type.
fn large() -> anyhow::Result<Vec<u8>> {
    let mut bytes = picture(1)?;
    bytes.resize(2 * PART + 1_000, 7);
    Ok(bytes)
}

fn part(bytes: &[u8], number: usize) -> Vec<u8> {
    bytes[(number - 1) * PART..bytes.len().min(number * PART)].to_vec()
}

async fn tickets(world: &World, ticket: &Value, numbers: &[usize]) -> anyhow::Result<Vec<Value>> {
    let path = format!("/assets/{}/upload/parts", id_of(ticket)?);
    let answer = world.post(&world.player, &path, &json!({ "numbers": numbers })).await?;
    expect(answer, StatusCode::OK).await?.as_array().cloned().context("a list")
}

async fn missing(world: &World, ticket: &Value) -> anyhow::Result<Value> {
    let answer = world.get(Some(&world.player), &format!("/assets/{}/upload", id_of(ticket)?)).await?;
    Ok(expect(answer, StatusCode::OK).await?["upload"]["missing"].clone())
}

async fn resume(store: Store) -> Outcome {
    let mut world = World::start(store).await?;
    let bytes = large()?;
    let ticket = world.announced("large", &bytes, "private").await?;
    let upload = &ticket["upload"];
    ensure!(upload["kind"] == "parts" && upload["part_bytes"] == PART && upload["part_count"] == 3, "{ticket}");
    ensure!(upload["missing"] == json!([1, 2, 3]), "{ticket}");

    let first = tickets(&world, &ticket, &[1, 3]).await?;
    ensure!(world.send(&first[0]["request"], part(&bytes, 1)).await?.status() == StatusCode::OK);
    ensure!(world.refuses(&first[1]["request"], None, part(&bytes, 1)).await?, "a part of another size");
    world.facade.kill()?;
    world.facade.restart().await?;

    ensure!(missing(&world, &ticket).await? == json!([2, 3]), "the first part has stayed");
    let problem = refused(world.confirm(&ticket).await?, 409, "conflict").await?;
    ensure!(problem["missing"] == json!([2, 3]), "{problem}");
    // The request that was signed before the facade was killed is still good.
    ensure!(world.send(&first[1]["request"], part(&bytes, 3)).await?.status() == StatusCode::OK);
    let second = tickets(&world, &ticket, &[2]).await?;
    ensure!(world.send(&second[0]["request"], part(&bytes, 2)).await?.status() == StatusCode::OK);
    ensure!(missing(&world, &ticket).await? == json!([]));
    let asset = expect(world.confirm(&ticket).await?, StatusCode::OK).await?;
    ensure!(asset["status"] == "confirmed", "{asset}");
    let content = world.get(Some(&world.player), crate::world::text(&asset, "content_path")).await?;
    ensure!(content.bytes().await? == bytes);
    ensure!(world.keys()?.len() == 1, "no part stays: {:?}", world.keys()?);
    Ok(())
}

#[tokio::test]
async fn an_upload_in_parts_goes_on_after_a_restart_on_the_folder() -> Outcome {
    resume(Store::Folder).await
}

#[tokio::test]
async fn an_upload_in_parts_goes_on_after_a_restart_at_s3() -> Outcome {
    resume(Store::S3).await
}

async fn swapped(store: Store) -> Outcome {
    let world = World::start(store).await?;
    let bytes = large()?;
    let ticket = world.announced("large", &bytes, "private").await?;
    let signed = tickets(&world, &ticket, &[1, 2, 3]).await?;
    let mut other = bytes.clone();
    other[PART + 5] ^= 1;
    for (ticket, number) in signed.iter().zip(1..) {
        ensure!(world.send(&ticket["request"], part(&other, number)).await?.status() == StatusCode::OK);
    }
    let problem = refused(world.confirm(&ticket).await?, 409, "conflict").await?;
    ensure!(problem["expected"].is_string() && problem["actual"].is_string(), "{problem}");
    ensure!(world.keys()?.is_empty(), "{:?}", world.keys()?);
    ensure!(missing(&world, &ticket).await? == json!([1, 2, 3]), "all is to be sent again");
    Ok(())
}

#[tokio::test]
async fn parts_of_another_file_are_found_out_on_the_folder() -> Outcome {
    swapped(Store::Folder).await
}

#[tokio::test]
async fn parts_of_another_file_are_found_out_at_s3() -> Outcome {
    swapped(Store::S3).await
}

async fn given_up(store: Store) -> Outcome {
    let world = World::start(store).await?;
    let bytes = large()?;
    let ticket = world.announced("large", &bytes, "private").await?;
    let signed = tickets(&world, &ticket, &[1]).await?;
    ensure!(world.send(&signed[0]["request"], part(&bytes, 1)).await?.status() == StatusCode::OK);
    let path = format!("/assets/{}", id_of(&ticket)?);
    for _ in 0..2 {
        let request = world.facade.client.request(reqwest::Method::DELETE, &path, Some(&world.player));
        let status = request.send().await?.status();
        // The second finds it deleted, or already forgotten.
        ensure!(status == StatusCode::OK || status == StatusCode::NOT_FOUND, "{status}");
    }
    worldloom_tests::eventually("the parts to go", || async {
        let open = match &world.s3 {
            Some(s3) => s3.open_uploads(),
            None => std::fs::read_dir(world.facade.objects().join(".parts")).ok()?.count(),
        };
        (open == 0).then_some(())
    })
    .await
}

#[tokio::test]
async fn a_deleted_upload_leaves_no_parts_on_the_folder() -> Outcome {
    given_up(Store::Folder).await
}

#[tokio::test]
async fn a_deleted_upload_leaves_no_parts_at_s3() -> Outcome {
    given_up(Store::S3).await
}

#[tokio::test]
async fn numbers_of_no_part_are_refused() -> Outcome {
    let world = World::start(Store::Folder).await?;
    let large = world.announced("large", &large()?, "private").await?;
    let small = world.announced("small", &picture(1)?, "private").await?;
    let numbers = [
        (&large, json!([0])),
        (&large, json!([4])),
        (&large, json!([])),
        (&large, json!(vec![1; 101])),
        (&small, json!([1])),
    ];
    for (ticket, numbers) in numbers {
        let path = format!("/assets/{}/upload/parts", id_of(ticket)?);
        let answer = world.post(&world.player, &path, &json!({ "numbers": numbers })).await?;
        refused(answer, 422, "invalid_argument").await?;
    }
    Ok(())
}
