//! Two facades for the same players: nothing that one knows is needed by the other.

use anyhow::ensure;
use reqwest::{Method, StatusCode};
use serde_json::json;
use worldloom_tests::{Outcome, TestFacade};

use crate::world::{World, expect, secret, text};

#[tokio::test]
async fn a_login_at_one_goes_on_at_the_other() -> Outcome {
    let world = World::start().await?;
    let keys = world.facade.identity_keys().display().to_string();
    let settings =
        [("IDENTITY__PUBLIC_URL", world.facade.client.url.as_str()), ("IDENTITY__KEY_FOLDER", keys.as_str())];
    let second = TestFacade::start_with(&world.node, &world.database, &settings).await?;

    let tokens = world.guest(&secret()).await?;
    let devices = second.client.request(Method::GET, "/auth/devices", None).bearer_auth(text(&tokens, "access_token"));
    ensure!(expect(devices.send().await?, StatusCode::OK).await?.as_array().is_some_and(|devices| devices.len() == 1));
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    let refresh = second.client.request(Method::POST, "/auth/refresh", None).json(&refresh);
    let next = expect(refresh.send().await?, StatusCode::OK).await?;
    ensure!(next["player"] == tokens["player"]);
    ensure!(world.at_node(text(&next, "access_token")).await?.is_ok(), "the node knows one issuer");
    // The lost answer of one is given again by the other.
    let again = expect(world.refresh(text(&tokens, "refresh_token")).await?, StatusCode::OK).await?;
    ensure!(again["refresh_token"] == next["refresh_token"]);
    Ok(())
}
