//! Requests that go no further than the facade, and what it says when the node is away.

use serde_json::{Value, json};
use worldloom_facade::identity::config::{OidcConfig, SmsConfig, SmsSenderConfig};

use crate::support::{Answer, World};

async fn post(world: &World, path: &str, body: impl Into<String>) -> Answer {
    let request = world.http.post(world.at(path)).header("content-type", "application/json").body(body.into());
    Answer::of(request.send().await.unwrap()).await
}

async fn get(world: &World, path: &str) -> Answer {
    Answer::of(world.http.get(world.at(path)).send().await.unwrap()).await
}

fn login(proof: Value) -> String {
    json!({ "provider": "device", "proof": proof, "client": "app" }).to_string()
}

#[tokio::test]
async fn keys_and_providers_are_told_without_the_node() {
    let world = World::start().await;
    let configuration = get(&world, "/.well-known/openid-configuration").await;
    assert_eq!((configuration.status, configuration.body["issuer"].as_str()), (200, Some(world.url.as_str())));
    let keys = get(&world, "/.well-known/jwks.json").await;
    assert_eq!(keys.body["keys"].as_array().map(Vec::len), Some(1));
    assert_eq!(keys.header("cache-control"), "public, max-age=300");
    let providers = get(&world, "/auth/providers").await;
    assert_eq!(providers.body, json!([{ "name": "device", "in_browser": false }]));
}

#[tokio::test]
async fn a_login_without_the_node_can_be_repeated() {
    let world = World::start().await;
    let proof = json!({ "device_secret": "a".repeat(43) });
    let answer = post(&world, "/auth/login", login(proof)).await;
    answer.is_problem(503, "node_unavailable");
    assert!(!answer.header("retry-after").is_empty());
    assert!(!answer.body.to_string().contains(&"a".repeat(43)), "the secret is not repeated");
}

#[tokio::test]
async fn bodies_that_are_no_logins_are_refused() {
    let world = World::start().await;
    for body in ["", "{", "null", "[]", "\u{0}", &"[".repeat(10_000), &format!("{{\"proof\":{}", "[".repeat(10_000))] {
        let answer = post(&world, "/auth/login", body).await;
        assert!(matches!(answer.status, 400 | 422), "{answer:?}");
        answer.is_problem(answer.status, if answer.status == 400 { "malformed_request" } else { "invalid_argument" });
    }
    for body in [
        json!({}),
        json!({ "provider": "device", "proof": {} }),
        json!({ "provider": "device", "proof": {}, "client": "toaster" }),
        json!({ "provider": "device", "proof": {}, "client": "app", "more": 1 }),
        json!({ "provider": 1, "proof": {}, "client": "app" }),
    ] {
        post(&world, "/auth/login", body.to_string()).await.is_problem(422, "invalid_argument");
    }
    let large = login(json!({ "device_secret": "a".repeat(100_000) }));
    post(&world, "/auth/login", large).await.is_problem(413, "payload_too_large");
}

#[tokio::test]
async fn pages_of_other_sites_cannot_log_a_browser_in() {
    let world = World::start().await;
    let body = json!({ "provider": "device", "proof": { "device_secret": "a".repeat(43) }, "client": "browser" });
    let request = |origin: Option<&str>| {
        let request = world.http.post(world.at("/auth/login")).json(&body);
        match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        }
    };
    for origin in [None, Some("null"), Some("https://evil.example")] {
        Answer::of(request(origin).send().await.unwrap()).await.is_problem(403, "forbidden");
    }
    // A form of another site can send no JSON; what it can send is not read.
    let form = world.http.post(world.at("/auth/login")).header("content-type", "text/plain").body(body.to_string());
    Answer::of(form.send().await.unwrap()).await.is_problem(415, "unsupported_media_type");
    Answer::of(request(Some(&world.url)).send().await.unwrap()).await.is_problem(503, "node_unavailable");
}

/// A code by SMS logs in once, so a name that will be refused must not cost the player another one.
#[tokio::test]
async fn a_device_name_that_cannot_be_is_refused_before_the_proof_is_used_up() {
    let world = World::start_with(|config| {
        let key_file = config.objects.root.with_extension("key");
        std::fs::write(&key_file, "key").unwrap();
        let sender = SmsSenderConfig::Webhook { url: "http://127.0.0.1:9".to_owned(), key_file };
        config.identity.sms = Some(SmsConfig {
            code_life_s: 300,
            per_number_hour: 5,
            per_address_hour: 5,
            number_prefixes: Vec::new(),
            sender,
        });
    })
    .await;
    let named = |name: &str| {
        let proof = json!({ "challenge": "a".repeat(43), "code": "493021" });
        json!({ "provider": "sms", "proof": proof, "client": "app", "device_name": name }).to_string()
    };
    let answer = post(&world, "/auth/login", named("a\nb")).await;
    assert_eq!(answer.is_problem(422, "invalid_argument").body["field"], "device_name");
    let answer = post(&world, "/auth/login", named(&"a".repeat(129))).await;
    assert_eq!(answer.is_problem(422, "limit_exceeded").body["limit"], 128);
    // What takes the ticket needs the node; nothing was taken yet, so this one can be repeated.
    let answer = post(&world, "/auth/login", named("Ada's phone")).await;
    assert_eq!(answer.is_problem(503, "node_unavailable").body.get("proof_spent"), None);
}

#[tokio::test]
async fn a_browser_that_comes_back_while_the_provider_is_away_may_come_again() {
    let world = World::start_with(|config| {
        let provider = OidcConfig {
            issuer: "http://127.0.0.1:9".to_owned(),
            client_id: "worldloom".to_owned(),
            client_secret_file: None,
            scopes: Vec::new(),
        };
        config.identity.oidc.insert("acme".to_owned(), provider);
    })
    .await;
    let request = world.http.get(world.at("/auth/callback/acme?code=x&state=y"));
    let request = request.header("cookie", format!("worldloom-login={}", "a".repeat(43)));
    // Its ticket lies behind the node, which is away as well, and has not been asked for.
    Answer::of(request.send().await.unwrap()).await.is_problem(503, "provider_unavailable");
}

#[tokio::test]
async fn logins_that_are_not_set_up_do_not_exist() {
    let world = World::start_with(|config| config.identity.device.enabled = false).await;
    let proof = json!({ "device_secret": "a".repeat(43) });
    post(&world, "/auth/login", login(proof)).await.is_problem(404, "not_found");
    post(&world, "/auth/sms/codes", r#"{"phone_number":"+8613800138000"}"#).await.is_problem(404, "not_found");
    let query = "provider=acme&redirect_uri=x&code_challenge=x&code_challenge_method=S256";
    get(&world, &format!("/auth/authorize?{query}")).await.is_problem(404, "not_found");
    get(&world, "/auth/callback/acme?code=x&state=y").await.is_problem(404, "not_found");
    get(&world, "/auth/authorize").await.is_problem(400, "malformed_request");
}

#[tokio::test]
async fn lists_are_for_players() {
    let world = World::start().await;
    for path in ["/auth/devices", "/auth/logins"] {
        get(&world, path).await.is_problem(401, "unauthenticated");
    }
    let forged = world.http.get(world.at("/auth/devices")).bearer_auth("a.b.c");
    Answer::of(forged.send().await.unwrap()).await.is_problem(401, "unauthenticated");
}
