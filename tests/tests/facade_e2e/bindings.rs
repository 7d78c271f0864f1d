//! Binding assets to entities and taking them out again.

use anyhow::ensure;
use reqwest::StatusCode;
use serde_json::Value;
use worldloom_tests::Outcome;
use worldloom_tests::facade::Upload;
use worldloom_tests::pictures::picture;

use crate::world::{World, expect, expect_problem};

#[tokio::test]
async fn a_slot_is_filled_replaced_and_emptied() -> Outcome {
    let world = World::start().await?;
    let (player, stranger) = (world.node.account().await?, world.node.account().await?);
    let old = world.uploaded(&player, &Upload::private("old", picture(1)?)).await?;
    let new = world.uploaded(&player, &Upload::private("new", picture(2)?)).await?;

    let first = expect(world.bind(&player, &old, "w").await?, StatusCode::CREATED).await?;
    ensure!(first["replaced_asset_id"] == Value::Null && first["binding"]["asset_id"] == old["asset_id"], "{first}");
    ensure!(first["binding"]["owner"] == player.identity.as_str(), "{first}");
    ensure!(first["binding"]["bound_by"] == player.identity.as_str(), "the player is named, not the facade: {first}");
    let again = expect(world.bind(&player, &old, "w").await?, StatusCode::CREATED).await?;
    ensure!(again == first, "binding again changes nothing");
    let second = expect(world.bind(&player, &new, "w").await?, StatusCode::CREATED).await?;
    ensure!(second["replaced_asset_id"] == old["asset_id"], "{second}");

    let refusal = expect_problem(world.unbind(&player, &old, "w").await?, 409, "conflict").await?;
    ensure!(refusal["expected"] == new["asset_id"] && refusal["actual"] == old["asset_id"], "{refusal}");
    expect_problem(world.unbind(&stranger, &new, "w").await?, 404, "not_found").await?;
    let removed = expect(world.unbind(&player, &new, "w").await?, StatusCode::OK).await?;
    ensure!(removed == second["binding"], "{removed}");
    expect_problem(world.unbind(&player, &new, "w").await?, 404, "not_found").await?;
    Ok(())
}

#[tokio::test]
async fn bad_slots_are_named() -> Outcome {
    let world = World::start().await?;
    let player = world.node.account().await?;
    let asset = world.uploaded(&player, &Upload::private("a", picture(1)?)).await?;
    let problem = expect_problem(world.bind(&player, &asset, "no spaces").await?, 422, "invalid_argument").await?;
    ensure!(problem["field"] == "entity_id", "{problem}");
    let problem = expect_problem(world.bind(&player, &asset, &"w".repeat(129)).await?, 422, "limit_exceeded").await?;
    ensure!(problem["limit"] == 128, "{problem}");
    Ok(())
}
