//! Who somebody is: anonymous callers, the node's tokens, tokens of others, and bad ones.

use std::collections::BTreeSet;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use worldloom_tests::{Account, NodeOptions, Outcome, TestNode};

use crate::answers::{self, refused};
use crate::issuer::{Issuer, now, unsigned};
use crate::socket::V2;

#[tokio::test]
async fn everybody_without_a_token_is_somebody_new() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let mut identities = BTreeSet::from([database.owner.identity.clone()]);
    for _ in 0..2 {
        let answer = node.request(Method::GET, "/v1/database/tally").send().await?;
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let account = Account { identity: header("spacetime-identity"), token: header("spacetime-identity-token") };
        let verified = verify(&node, &account.identity, &account.token).send().await?;
        assert_eq!(verified.status(), 204);
        identities.insert(account.identity);
    }
    assert_eq!(identities.len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_token_proves_one_identity_and_survives_a_restart() -> Outcome {
    let mut node = TestNode::start().await?;
    let (one, two) = (node.account().await?, node.account().await?);
    node.kill()?;
    node.restart().await?;
    assert_eq!(verify(&node, &one.identity, &one.token).send().await?.status(), 204);
    refused(verify(&node, &two.identity, &one.token), 400, "identity_mismatch").await?;
    refused(verify(&node, "somebody", &one.token), 400, "invalid_identity").await?;
    let path = format!("/v1/identity/{}/verify", one.identity);
    refused(node.request(Method::GET, &path), 401, "token_required").await?;
    refused(node.request(Method::POST, "/v1/identity/websocket-token"), 401, "token_required").await?;
    let key = answers::text(node.request(Method::GET, "/v1/identity/public-key")).await?;
    assert!(key.starts_with("-----BEGIN PUBLIC KEY-----"), "{key}");
    Ok(())
}

#[tokio::test]
async fn a_websocket_token_opens_a_socket_from_a_query() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let request = node.request(Method::POST, "/v1/identity/websocket-token").bearer_auth(&database.owner.token);
    let token = answers::json(request).await?["token"].as_str().unwrap().to_owned();
    assert_ne!(token, database.owner.token);
    let url = format!("{}/v1/database/tally/subscribe?token={token}", node.url.replacen("http", "ws", 1));
    let mut request = url.into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", V2.parse()?);
    let (_socket, response) = connect_async(request).await?;
    assert_eq!(response.headers()["spacetime-identity"], database.owner.identity.as_str());
    Ok(())
}

#[tokio::test]
async fn a_trusted_issuers_token_makes_an_identity_and_its_claims_reach_the_module() -> Outcome {
    let issuer = Issuer::start().await?;
    let node = trusting(&issuer).await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let token = issuer.token(json!({ "sub": "player-1", "role": "pilot" }))?;
    let player = Account { identity: String::new(), token: token.clone() };
    let call = || database.call(&player, "caller_claims", json!([]));
    let (first, again) = (call().await?, call().await?);
    assert_eq!(first.headers()["spacetime-identity"], again.headers()["spacetime-identity"]);
    let claims: Value = first.json().await?;
    let claims: Value = serde_json::from_str(claims[1].as_str().unwrap())?;
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!(issuer.url), &json!("player-1")));
    assert_eq!(claims["role"], "pilot");

    // The identity stays the same in a token of the node's own.
    let request = node.request(Method::POST, "/v1/identity/websocket-token").bearer_auth(&token);
    let own = answers::json(request).await?["token"].as_str().unwrap().to_owned();
    let identity = again.headers()["spacetime-identity"].to_str()?;
    assert_eq!(verify(&node, identity, &own).send().await?.status(), 204);
    Ok(())
}

#[tokio::test]
async fn an_rs256_token_of_a_trusted_issuer_is_accepted() -> Outcome {
    let issuer = Issuer::start_with_rsa().await?;
    let node = trusting(&issuer).await?;
    let token = issuer.token(json!({ "sub": "player-1" }))?;
    let answer = with_token(&node, &token).send().await?;
    assert_eq!(answer.status(), 200);
    let identity = answer.headers()["spacetime-identity"].to_str()?;
    assert_eq!(verify(&node, identity, &token).send().await?.status(), 204);

    // Not by a signature over other claims, nor by one that anybody can make.
    let other = issuer.token(json!({ "sub": "player-2" }))?;
    let forged = format!("{}.{}", token.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1);
    let sentence = refused(with_token(&node, &forged), 401, "invalid_token").await?;
    assert!(sentence.contains("signature does not match"), "{sentence}");
    let confused = issuer.token_keyed_with_the_public_key(json!({ "sub": "player-1" }))?;
    let sentence = refused(with_token(&node, &confused), 401, "invalid_token").await?;
    assert!(sentence.contains("only ES256 and RS256"), "{sentence}");
    Ok(())
}

#[tokio::test]
async fn an_issuer_that_is_not_listed_is_not_even_asked() -> Outcome {
    let issuer = Issuer::start().await?;
    let node = TestNode::start().await?;
    let sentence = refused(with_token(&node, &issuer.token(json!({}))?), 401, "invalid_token").await?;
    assert!(sentence.contains("trusted-issuers"), "{sentence}");
    assert_eq!(issuer.times_asked(), 0);
    Ok(())
}

#[tokio::test]
async fn a_token_whose_issuer_cannot_be_asked_is_not_said_to_be_wrong() -> Outcome {
    let issuer = Issuer::start().await?;
    let node = trusting(&issuer).await?;
    let token = issuer.token(json!({}))?;
    issuer.set_down(true);
    let sentence = refused(with_token(&node, &token), 503, "issuer_unavailable").await?;
    assert!(sentence.contains("try again"), "{sentence}");
    issuer.set_down(false);
    answers::text(with_token(&node, &token)).await?;
    // Keys that are there already are good without their issuer.
    issuer.set_down(true);
    answers::text(with_token(&node, &issuer.token(json!({ "sub": "somebody else" }))?)).await?;
    Ok(())
}

#[tokio::test]
async fn any_issuer_is_accepted_when_the_configuration_says_so() -> Outcome {
    let issuer = Issuer::start().await?;
    let config = Some("[auth]\ntrust-any-issuer = true".to_owned());
    let node = TestNode::start_with(NodeOptions { config, ..NodeOptions::default() }).await?;
    answers::text(with_token(&node, &issuer.token(json!({}))?)).await?;
    assert!(issuer.times_asked() > 0);
    Ok(())
}

#[tokio::test]
async fn bad_tokens_are_refused_without_a_word_of_them() -> Outcome {
    let issuer = Issuer::start().await?;
    let node = trusting(&issuer).await?;
    answers::text(with_token(&node, &issuer.token(json!({}))?)).await?;
    let claims = json!({ "iss": issuer.url, "sub": "somebody", "aud": "game", "iat": now() });
    for (what, token, hint) in [
        ("expired", issuer.token(json!({ "exp": now() - 3600 }))?, "expired"),
        ("for another audience", issuer.token(json!({ "aud": "shop" }))?, "audience"),
        ("for no audience", issuer.token(json!({ "aud": null }))?, "audience"),
        ("claiming to be the node's", issuer.token(json!({ "iss": "localhost" }))?, "signature"),
        ("without a subject", issuer.token(json!({ "sub": null }))?, "not valid"),
        ("with a long subject", issuer.token(json!({ "sub": "x".repeat(200) }))?, "not valid"),
        ("with a stolen identity", issuer.token(json!({ "hex_identity": "c2".repeat(32) }))?, "not valid"),
        ("keyed with the public key", issuer.token_keyed_with_the_public_key(json!({}))?, "only ES256 and RS256"),
        ("unsigned", unsigned(&claims), "not valid"),
        (
            "unsigned, claiming to be the node's",
            unsigned(&json!({ "iss": "localhost", "sub": "x", "iat": now() })),
            "not valid",
        ),
        ("cut short", issuer.token(json!({}))?.rsplit_once('.').unwrap().0.to_owned(), "not valid"),
        ("garbage", "garbage".to_owned(), "not valid"),
        ("huge", "x".repeat(20_000), "not valid"),
    ] {
        let refusal = refused(with_token(&node, &token), 401, "invalid_token").await;
        let sentence = refusal.map_err(|cause| cause.context(what))?;
        assert!(sentence.contains(hint), "a token {what}: {sentence}");
        assert!(!sentence.contains(&token), "a token {what} is told again");
    }
    for header in ["Basic dXNlcjpwYXNz", "Bearer", "nonsense"] {
        let request = node.request(Method::GET, "/v1/database/tally").header("authorization", header);
        refused(request, 400, "malformed_authorization").await?;
    }
    // Nor does a second token make somebody new out of whoever has the first.
    let token = issuer.token(json!({}))?;
    let twice = node.request(Method::GET, &format!("/v1/database/tally?token={token}&token={token}"));
    let sentence = refused(twice, 400, "malformed_authorization").await?;
    assert!(!sentence.contains(&token), "{sentence}");
    Ok(())
}

async fn trusting(issuer: &Issuer) -> anyhow::Result<TestNode> {
    let config = format!("[auth]\ntrusted-issuers = [{{ issuer = \"{}\", audiences = [\"game\"] }}]", issuer.url);
    TestNode::start_with(NodeOptions { config: Some(config), ..NodeOptions::default() }).await
}

fn verify(node: &TestNode, identity: &str, token: &str) -> RequestBuilder {
    node.request(Method::GET, &format!("/v1/identity/{identity}/verify")).bearer_auth(token)
}

/// A harmless request that needs a valid token.
fn with_token(node: &TestNode, token: &str) -> RequestBuilder {
    node.request(Method::POST, "/v1/identity/websocket-token").bearer_auth(token)
}
