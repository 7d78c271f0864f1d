//! Several logins for one account.

use anyhow::ensure;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use worldloom_tests::Outcome;

use crate::world::{World, expect, refused, secret, text};

fn proof(secret: &str) -> Value {
    json!({ "provider": "device", "proof": { "device_secret": secret } })
}

#[tokio::test]
async fn logins_are_linked_and_unlinked_but_never_the_last() -> Outcome {
    let world = World::start().await?;
    let (old, new) = (secret(), secret());
    let (ada, bob) = (world.guest(&old).await?, world.guest(&secret()).await?);
    let link = |tokens: &Value, secret: &str| {
        world.request_as(tokens, Method::POST, "/auth/logins").json(&proof(secret)).send()
    };
    let list = async |tokens: &Value| -> anyhow::Result<Vec<Value>> {
        let listed = world.request_as(tokens, Method::GET, "/auth/logins").send().await?;
        Ok(expect(listed, StatusCode::OK).await?.as_array().cloned().unwrap_or_default())
    };
    let first = list(&ada).await?[0]["login_id"].clone();
    let unlink = |tokens: &Value, login_id: &Value| {
        world.request_as(tokens, Method::DELETE, &format!("/auth/logins/{login_id}")).send()
    };
    refused(unlink(&ada, &first).await?, 409, "conflict", &[]).await?;
    refused(unlink(&bob, &first).await?, 404, "not_found", &[]).await?;

    expect(link(&ada, &new).await?, StatusCode::CREATED).await?;
    expect(link(&ada, &new).await?, StatusCode::CREATED).await?;
    ensure!(list(&ada).await?.len() == 2, "linking twice is linking once");
    refused(link(&bob, &new).await?, 409, "conflict", &[&new]).await?;
    ensure!(world.guest(&new).await?["player"] == ada["player"]);

    expect(unlink(&ada, &first).await?, StatusCode::NO_CONTENT).await?;
    refused(world.refresh(text(&ada, "refresh_token")).await?, 401, "login_refused", &[]).await?;
    ensure!(world.guest(&old).await?["player"] != ada["player"], "the login is nobody's again");
    ensure!(world.guest(&new).await?["player"] == ada["player"]);
    Ok(())
}

#[tokio::test]
async fn linking_needs_a_token_and_an_account() -> Outcome {
    let world = World::start().await?;
    let nobody = world.request(Method::POST, "/auth/logins").json(&proof(&secret())).send().await?;
    refused(nobody, 401, "unauthenticated", &[]).await?;
    // A player of the node alone has an identity, but no account at the facade.
    let stranger = world.node.account().await?;
    let request = world.request(Method::POST, "/auth/logins").bearer_auth(&stranger.token);
    refused(request.json(&proof(&secret())).send().await?, 404, "not_found", &[&stranger.token]).await
}
