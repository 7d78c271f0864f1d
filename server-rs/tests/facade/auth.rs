//! Tokens that are not the node's are refused, each for its own reason.

use std::sync::atomic::Ordering;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

use crate::support::{Answer, DEADLINE, KeyPair, World, claims};

/// A token whose signature part is empty, as `alg: none` has it.
fn unsigned(header: &str, claims: &serde_json::Value) -> String {
    let signed = KeyPair::generate().sign(claims);
    let payload = signed.split('.').nth(1).unwrap();
    format!("{header}.{payload}.")
}

#[track_caller]
fn refused(answer: &Answer, part_of_detail: &str) {
    answer.is_problem(401, "unauthenticated");
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains(part_of_detail), "{detail}");
    assert!(answer.header("www-authenticate").starts_with("Bearer realm=\"worldloom\""));
}

#[tokio::test]
async fn a_token_of_the_node_is_taken() {
    let world = World::start().await;
    let mut no_end = claims("player-1");
    no_end["exp"] = json!(null);
    let mut soon = claims("player-1");
    soon["exp"] = json!(jsonwebtoken::get_current_timestamp() + 60);
    for token in [world.token(), world.key.sign(&no_end), world.key.sign(&soon)] {
        // Past the check, the request fails only because the node has no game module here.
        world.ask(&format!("Bearer {token}")).await.is_problem(503, "node_unavailable");
        world.ask(&format!("bearer  {token}")).await.is_problem(503, "node_unavailable");
    }
}

#[tokio::test]
async fn tokens_of_others_are_refused() {
    let world = World::start().await;
    let mut foreign = claims("player-1");
    foreign["iss"] = json!("https://elsewhere.example");
    let mut many_issuers = claims("player-1");
    many_issuers["iss"] = json!(["localhost", "https://elsewhere.example"]);
    let mut expired = claims("player-1");
    expired["exp"] = json!(jsonwebtoken::get_current_timestamp() - 61);
    let mut other_identity = claims("player-1");
    other_identity["hex_identity"] = claims("player-2")["hex_identity"].clone();
    let mut long_subject = claims(&"x".repeat(129));
    long_subject["hex_identity"].take();

    let sign = |claims| format!("Bearer {}", world.key.sign(claims));
    refused(&world.ask(&sign(&foreign)).await, "another issuer");
    refused(&world.ask(&sign(&many_issuers)).await, "not one that the node issues");
    refused(&world.ask(&sign(&expired)).await, "expired");
    refused(&world.ask(&sign(&other_identity)).await, "not one that the node issues");
    refused(&world.ask(&sign(&long_subject)).await, "not one that the node issues");
    refused(&world.ask(&sign(&json!({}))).await, "not one that the node issues");

    let forged = KeyPair::generate().sign(&claims("player-1"));
    refused(&world.ask(&format!("Bearer {forged}")).await, "does not fit");
}

#[tokio::test]
async fn tokens_with_another_algorithm_are_refused() {
    let world = World::start().await;
    // {"alg":"none","typ":"JWT"} and {"alg":"NONE"}
    for header in ["eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0", "eyJhbGciOiJOT05FIn0"] {
        let token = unsigned(header, &claims("player-1"));
        refused(&world.ask(&format!("Bearer {token}")).await, "not one that the node issues");
    }
    // The public key is no secret, so it must not pass as one.
    let secret = EncodingKey::from_secret(world.key.public_pem.as_bytes());
    let confused = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims("player-1"), &secret).unwrap();
    refused(&world.ask(&format!("Bearer {confused}")).await, "not one that the node issues");
}

#[tokio::test]
async fn headers_that_hold_no_token_are_refused() {
    let world = World::start().await;
    let long = format!("Bearer {}.e30.c2ln", "a".repeat(9_000));
    for header in ["Bearer", "Bearer ", "Basic cGxheWVyOjE=", "Bearer a.b.c", "Bearer ééé", &long] {
        let answer = world.ask(header).await;
        refused(&answer, "");
    }
    assert_eq!(world.keys.asked.load(Ordering::SeqCst), 0, "rubbish must not reach the node");

    let request = world.http.get(world.at(crate::support::ASSET));
    let twice = request.header("authorization", "Bearer a").header("authorization", "Bearer b");
    refused(&Answer::of(twice.send().await.unwrap()).await, "several");
}

#[tokio::test]
async fn a_token_is_not_repeated_in_an_answer() {
    let world = World::start().await;
    let forged = KeyPair::generate().sign(&claims("player-1"));
    let answer = world.ask(&format!("Bearer {forged}")).await;
    let text = format!("{answer:?}");
    assert!(forged.split('.').all(|part| !text.contains(part)), "{text}");
}

#[tokio::test]
async fn a_request_without_a_token_is_told_so() {
    let world = World::start().await;
    let delete = world.http.delete(world.at(crate::support::ASSET));
    let answer = Answer::of(delete.send().await.unwrap()).await;
    refused(&answer, "Authorization: Bearer");
    assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"worldloom\"");
}

#[tokio::test]
async fn forged_tokens_do_not_make_the_facade_ask_the_node_each_time() {
    let world = World::start().await;
    for _ in 0..20 {
        let forged = KeyPair::generate().sign(&claims("player-1"));
        refused(&world.ask(&format!("Bearer {forged}")).await, "does not fit");
    }
    // Once for the first key. The first key was asked for just now, so it is not asked for again.
    assert_eq!(world.keys.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn without_the_nodes_key_the_answer_is_503() {
    let world = World::start_with(|config| {
        // Port 9 takes no connection on loopback.
        config.node.url = "http://127.0.0.1:9".into();
    })
    .await;
    let answer = world.ask(&format!("Bearer {}", world.token())).await;
    answer.is_problem(503, "node_unavailable");
}

#[tokio::test]
async fn a_new_key_of_the_node_is_noticed() {
    let world = World::start_with(|config| config.node.key_refetch_interval_ms = 1).await;
    world.ask(&format!("Bearer {}", world.token())).await.is_problem(503, "node_unavailable");
    let next = KeyPair::generate();
    world.keys.publish(&next);
    let token = format!("Bearer {}", next.sign(&claims("player-1")));
    let taken = async {
        while world.ask(&token).await.status != 503 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, taken).await.expect("tokens of the new key are taken");
    refused(&world.ask(&format!("Bearer {}", world.token())).await, "does not fit");
}
