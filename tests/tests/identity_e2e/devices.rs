//! Guests: a secret of the device logs in, the token opens the node's WebSocket, and devices can be logged out.

use anyhow::ensure;
use reqwest::{Method, StatusCode};
use serde_json::json;
use spacetimedb_sdk::Table;
use worldloom_client::{MyLoginSessionsTableAccess, MyLoginsTableAccess};
use worldloom_tests::{Outcome, Player};

use crate::world::{World, account, expect, refused, secret, text};

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_the_facade_opens_the_sdks_websocket_as_the_player() -> Outcome {
    let world = World::start().await?;
    let tokens = world.guest(&secret()).await?;
    ensure!(tokens["is_new_account"] == true && tokens["expires_in"] == 900, "{tokens}");
    let player = Player::join_as(&world.database, account(&tokens)).await?;
    // The view shows the sender's rows, so the module sees the connection as the player who logged in.
    let login = player.sees("the login", |rows| rows.my_logins().iter().next()).await?;
    ensure!(login.player == player.identity && login.provider == "device");
    let session = player.sees("the device", |rows| rows.my_login_sessions().iter().next()).await?;
    ensure!(session.session_id.to_string() == text(&tokens, "session_id") && session.device_name == "test");

    let guest_again = world.log_in("device", json!({ "device_secret": secret() })).await?;
    let stranger = expect(guest_again, StatusCode::OK).await?;
    let stranger = Player::join_as(&world.database, account(&stranger)).await?;
    ensure!(stranger.rows().my_logins().iter().all(|login| login.player == stranger.identity));
    Ok(())
}

#[tokio::test]
async fn a_device_is_the_same_player_each_time() -> Outcome {
    let world = World::start().await?;
    let (mine, yours) = (secret(), secret());
    let (first, second, other) = (world.guest(&mine).await?, world.guest(&mine).await?, world.guest(&yours).await?);
    ensure!(first["player"] == second["player"] && first["account_id"] == second["account_id"]);
    ensure!(second["is_new_account"] == false && first["session_id"] != second["session_id"]);
    ensure!(other["player"] != first["player"]);
    let identity = world.at_node(text(&first, "access_token")).await?;
    ensure!(identity.as_deref() == Ok(text(&first, "player")), "{identity:?}");
    Ok(())
}

#[tokio::test]
async fn weak_secrets_and_wrong_proofs_are_refused() -> Outcome {
    let world = World::start().await?;
    for weak in ["", "password", &"a".repeat(42), &"a".repeat(129), &"ä".repeat(50)] {
        let answer = world.log_in("device", json!({ "device_secret": weak })).await?;
        refused(answer, 422, "invalid_argument", &[]).await?;
    }
    for proof in [json!(null), json!([]), json!({}), json!({ "device_secret": 7 }), json!({ "code": "x" })] {
        refused(world.log_in("device", proof).await?, 422, "invalid_argument", &[]).await?;
    }
    for provider in ["", "sms", "nobody", "../device"] {
        let answer = world.log_in(provider, json!({ "device_secret": secret() })).await?;
        refused(answer, 404, "not_found", &[]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn devices_are_listed_and_logged_out_here_there_and_everywhere() -> Outcome {
    let world = World::start().await?;
    let mine = secret();
    let (phone, tablet) = (world.guest(&mine).await?, world.guest(&mine).await?);
    let stranger = world.guest(&secret()).await?;
    ensure!(world.devices(&phone).await?.len() == 2);

    let tablets_path = format!("/auth/devices/{}", text(&tablet, "session_id"));
    let theft = world.request_as(&stranger, Method::DELETE, &tablets_path).send().await?;
    refused(theft, 404, "not_found", &[]).await?;
    let there = world.request_as(&phone, Method::DELETE, &tablets_path).send().await?;
    expect(there, StatusCode::NO_CONTENT).await?;
    refused(world.refresh(text(&tablet, "refresh_token")).await?, 401, "login_refused", &[]).await?;

    let body = json!({ "refresh_token": phone["refresh_token"] });
    for _ in 0..2 {
        let here = world.request(Method::POST, "/auth/logout").json(&body).send().await?;
        expect(here, StatusCode::NO_CONTENT).await?;
    }
    refused(world.refresh(text(&phone, "refresh_token")).await?, 401, "login_refused", &[]).await?;

    let (phone, tablet) = (world.guest(&mine).await?, world.guest(&mine).await?);
    let everywhere = world.request_as(&phone, Method::DELETE, "/auth/devices").send().await?;
    ensure!(expect(everywhere, StatusCode::OK).await?.as_array().is_some_and(|devices| devices.len() == 2));
    for tokens in [phone, tablet] {
        refused(world.refresh(text(&tokens, "refresh_token")).await?, 401, "login_refused", &[]).await?;
    }
    ensure!(world.devices(&stranger).await?.len() == 1, "others stay logged in");
    Ok(())
}

#[tokio::test]
async fn a_closed_account_is_out_everywhere() -> Outcome {
    let world = World::start().await?;
    let mine = secret();
    let tokens = world.guest(&mine).await?;
    let closed = world.request_as(&tokens, Method::DELETE, "/auth/account").send().await?;
    expect(closed, StatusCode::NO_CONTENT).await?;
    refused(world.refresh(text(&tokens, "refresh_token")).await?, 401, "login_refused", &[]).await?;
    let again = world.log_in("device", json!({ "device_secret": mine })).await?;
    refused(again, 403, "account_closed", &[]).await?;
    let devices = world.request_as(&tokens, Method::GET, "/auth/devices").send().await?;
    refused(devices, 403, "account_closed", &[]).await
}
