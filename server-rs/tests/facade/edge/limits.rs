//! Clients that ask too often are told when to come back.

use serde_json::json;
use worldloom_facade::edge::config::RateConfig;

use crate::support::{ASSET, Answer, DEADLINE, World, claims};

/// One a minute comes back, which is long for a test.
fn rate(burst: u32) -> RateConfig {
    RateConfig { per_minute: 1, burst }
}

async fn get(world: &World, path: &str, address: &str) -> Answer {
    let request = world.http.get(world.at(path)).header("x-forwarded-for", address);
    Answer::of(request.send().await.unwrap()).await
}

async fn ask(world: &World, subject: &str, address: &str) -> Answer {
    let request = world.http.get(world.at(ASSET)).bearer_auth(world.key.sign(&claims(subject)));
    Answer::of(request.header("x-forwarded-for", address).send().await.unwrap()).await
}

async fn log_in(world: &World, path: &str, body: serde_json::Value) -> Answer {
    Answer::of(world.http.post(world.at(path)).json(&body).send().await.unwrap()).await
}

#[track_caller]
fn is_limited(answer: &Answer, scope: &str) {
    answer.is_problem(429, "too_many_requests");
    assert_eq!(answer.body["scope"], scope, "{answer:?}");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
}

#[tokio::test]
async fn an_address_has_a_bucket_of_its_own() {
    let world = World::start_with(|config| {
        config.identity.trusted_proxies = 1;
        config.http.limits.address = rate(3);
    })
    .await;
    for _ in 0..3 {
        get(&world, "/nowhere", "203.0.113.1").await.is_problem(404, "not_found");
    }
    // Whatever is asked for, and whatever the client claims to be forwarded from.
    is_limited(&get(&world, "/auth/providers", "203.0.113.1").await, "address");
    is_limited(&get(&world, "/nowhere", "198.51.100.7, 203.0.113.1").await, "address");
    assert_eq!(get(&world, "/health/live", "203.0.113.1").await.status, 200, "probes are let through");
    get(&world, "/nowhere", "203.0.113.2").await.is_problem(404, "not_found");
    let figures = get(&world, "/metrics", "203.0.113.3").await;
    assert!(figures.body.as_str().unwrap().contains("worldloom_http_limited_total{scope=\"address\"} 2"));
}

#[tokio::test]
async fn without_trusted_proxies_nobody_chooses_an_address() {
    let world = World::start_with(|config| config.http.limits.address = rate(2)).await;
    for number in 1..=2 {
        get(&world, "/nowhere", &format!("203.0.113.{number}")).await.is_problem(404, "not_found");
    }
    is_limited(&get(&world, "/nowhere", "203.0.113.3").await, "address");
}

#[tokio::test]
async fn a_player_has_one_bucket_wherever_it_comes_from() {
    let world = World::start_with(|config| {
        config.identity.trusted_proxies = 1;
        config.http.limits.player = rate(2);
    })
    .await;
    for number in 1..=2 {
        ask(&world, "player-1", &format!("203.0.113.{number}")).await.is_problem(503, "node_unavailable");
    }
    is_limited(&ask(&world, "player-1", "203.0.113.3").await, "player");
    ask(&world, "player-2", "203.0.113.3").await.is_problem(503, "node_unavailable");
    // A forged token of the same player takes nothing from the bucket.
    let forged = crate::support::KeyPair::generate().sign(&claims("player-2"));
    for _ in 0..5 {
        world.ask(&format!("Bearer {forged}")).await.is_problem(401, "unauthenticated");
    }
    ask(&world, "player-2", "203.0.113.3").await.is_problem(503, "node_unavailable");
}

#[tokio::test]
async fn attempts_to_log_in_are_held_to_less() {
    let world = World::start_with(|config| config.http.limits.login = rate(4)).await;
    let login = || json!({ "provider": "device", "proof": { "device_secret": "a".repeat(43) }, "client": "app" });
    log_in(&world, "/auth/login", login()).await.is_problem(503, "node_unavailable");
    log_in(&world, "/auth/login", json!({ "provider": "wechat" })).await.is_problem(422, "invalid_argument");
    log_in(&world, "/auth/refresh", json!({ "refresh_token": "x" })).await;
    log_in(&world, "/auth/sms/codes", json!({ "phone_number": "+8613800138000" })).await.is_problem(404, "not_found");
    for path in ["/auth/login", "/auth/refresh", "/auth/sms/codes", "/auth/logins"] {
        is_limited(&log_in(&world, path, login()).await, "login");
    }
    is_limited(&get(&world, "/auth/authorize?provider=acme", "-").await, "login");
    assert_eq!(get(&world, "/auth/providers", "-").await.status, 200, "reading is no attempt");
    world.ask("Bearer a.b.c").await.is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn whoever_waits_as_told_is_let_in() {
    let world = World::start_with(|config| {
        config.http.limits.address = RateConfig { per_minute: 60, burst: 1 };
    })
    .await;
    get(&world, "/nowhere", "-").await.is_problem(404, "not_found");
    let refused = get(&world, "/nowhere", "-").await;
    is_limited(&refused, "address");
    assert_eq!(refused.header("retry-after"), "1");
    let let_in = async {
        while get(&world, "/nowhere", "-").await.status == 429 {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(DEADLINE, let_in).await.expect("the bucket fills");
}
