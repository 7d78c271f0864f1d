//! What the facade says and does while the node is away.

use anyhow::ensure;
use reqwest::header::RETRY_AFTER;
use reqwest::{Method, StatusCode};
use serde_json::json;
use worldloom_tests::facade::Upload;
use worldloom_tests::pictures::picture;
use worldloom_tests::{Outcome, eventually};

use crate::world::{World, expect, expect_problem};

#[tokio::test]
async fn the_facade_is_ready_exactly_while_the_node_is_there() -> Outcome {
    let mut world = World::start_with(&[("NODE__CONNECT_WAIT_MS", "200")]).await?;
    let player = world.node.account().await?;
    let upload = Upload::private("before", picture(1)?);
    let asset = world.uploaded(&player, &upload).await?;

    world.node.kill()?;
    let ready = || world.facade.client.request(Method::GET, "/health/ready", None).send();
    let answer = eventually("readiness to notice", || async {
        let answer = ready().await.ok()?;
        (answer.status() != StatusCode::OK).then_some(answer)
    })
    .await?;
    expect_problem(answer, 503, "node_unavailable").await?;
    let live = world.facade.client.request(Method::GET, "/health/live", None).send().await?;
    expect(live, StatusCode::OK).await?;
    let late = Upload::private("late", picture(2)?);
    let answer = world.facade.client.upload(&player, &late)?.send().await?;
    ensure!(answer.headers().contains_key(RETRY_AFTER));
    expect_problem(answer, 503, "node_unavailable").await?;
    let answer = world.about(Method::GET, &asset, "/content", Some(&player)).await?;
    expect_problem(answer, 503, "node_unavailable").await?;

    world.node.restart().await?;
    world.facade.wait_until_ready().await?;
    ensure!(world.content(&asset, Some(&player)).await? == upload.bytes);
    world.uploaded(&player, &late).await?;
    Ok(())
}

#[tokio::test]
async fn a_facade_that_lost_its_role_says_whom_to_give_it_back_to() -> Outcome {
    let world = World::start().await?;
    let identity = &world.facade.service.identity;
    let role = json!([[format!("0x{identity}")], { "service": {} }]);
    world.database.call_ok(&world.database.owner, "revoke_role", role.clone()).await?;

    let answer = eventually("readiness to notice", || async {
        let answer = world.facade.client.request(Method::GET, "/health/ready", None).send().await.ok()?;
        (answer.status() != StatusCode::OK).then_some(answer)
    })
    .await?;
    let problem = expect_problem(answer, 503, "node_unavailable").await?;
    ensure!(problem["facade_identity"] == *identity, "{problem}");
    ensure!(problem["detail"].as_str().is_some_and(|detail| detail.contains("grant_role")), "{problem}");

    world.database.call_ok(&world.database.owner, "grant_role", role).await?;
    world.facade.wait_until_ready().await
}

/// Calls take turns on them, so that one task on either side does not have to carry all messages.
#[tokio::test]
async fn calls_have_as_many_connections_as_are_configured() -> Outcome {
    let world = World::start_with(&[("NODE__CONNECTIONS", "3")]).await?;
    let figures = || world.facade.client.request(Method::GET, "/metrics", None).send();
    eventually("three connections", || async {
        let text = figures().await.ok()?.text().await.ok()?;
        text.lines().any(|line| line == "worldloom_node_connected 3").then_some(())
    })
    .await
}
