//! Deleting assets.

use anyhow::ensure;
use reqwest::{Method, StatusCode};
use worldloom_tests::facade::Upload;
use worldloom_tests::pictures::picture;
use worldloom_tests::{Outcome, eventually};

use crate::world::{World, expect, expect_problem};

#[tokio::test]
async fn a_bound_asset_is_not_deleted_and_a_deleted_one_leaves_nothing() -> Outcome {
    let world = World::start().await?;
    let player = world.node.account().await?;
    let upload = Upload::private("a", picture(1)?);
    let asset = world.uploaded(&player, &upload).await?;
    expect(world.bind(&player, &asset, "w").await?, StatusCode::CREATED).await?;
    expect_problem(world.about(Method::DELETE, &asset, "", Some(&player)).await?, 409, "conflict").await?;
    ensure!(world.content(&asset, Some(&player)).await? == upload.bytes);

    expect(world.unbind(&player, &asset, "w").await?, StatusCode::OK).await?;
    let deleted = world.about(Method::DELETE, &asset, "", Some(&player)).await?;
    ensure!(expect(deleted, StatusCode::OK).await?["status"] == "deleted");
    for rest in ["", "/content"] {
        let refusal = world.about(Method::GET, &asset, rest, Some(&player)).await?;
        expect_problem(refusal, 404, "not_found").await?;
    }
    eventually("the sweeper to remove object and row", || async {
        let rows = world.database.sql("SELECT * FROM asset_object").await.ok()?;
        (rows.is_empty() && world.facade.stored().ok()?.is_empty()).then_some(())
    })
    .await
}
