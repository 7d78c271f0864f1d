//! A provider that lies: about its issuer, its keys, and whom its tokens are for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::ensure;
use axum::extract::{Form, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::ecdsa::SigningKey;
use p256::pkcs8::{EncodePrivateKey, LineEnding};
use reqwest::Url;
use serde_json::{Value, json};
use worldloom_tests::{Outcome, eventually};

use crate::browser::{Browser, Page};
use crate::oidc::authorize_url;
use crate::world::{World, secret};

const CLIENT: &str = "http://127.0.0.1:45998/back";

/// How the provider lies, changed from login to login.
#[derive(Default)]
struct Lies {
    /// Replaces members of the description.
    description: Value,
    /// Replaces claims of the token.
    claims: Value,
    /// Signs with a key that is not published.
    foreign_key: bool,
    /// Signs with the client's secret.
    shared_secret: bool,
    /// Does not sign.
    unsigned: bool,
}

#[derive(Clone)]
struct Liar {
    issuer: String,
    key: SigningKey,
    lies: Arc<Mutex<Lies>>,
    nonce: Arc<Mutex<String>>,
    /// How often somebody asked for the description.
    asked: Arc<AtomicUsize>,
}

impl Liar {
    async fn start() -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let issuer = format!("http://{}", listener.local_addr()?);
        let key = SigningKey::random(&mut rand::rngs::OsRng);
        let liar = Self { issuer, key, lies: Arc::default(), nonce: Arc::default(), asked: Arc::default() };
        let routes = Router::new()
            .route(
                "/.well-known/openid-configuration",
                get(|State(liar): State<Liar>| async move { Json(liar.description()) }),
            )
            .route("/keys", get(|State(liar): State<Liar>| async move { Json(liar.keys()) }))
            .route("/token", post(|State(liar): State<Liar>, Form(_): Form<Value>| async move { Json(liar.answer()) }))
            .with_state(liar.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(liar)
    }

    fn tell(&self, lies: Lies) {
        *self.lies.lock().unwrap() = lies;
    }

    fn description(&self) -> Value {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let issuer = &self.issuer;
        let truth = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        });
        changed(truth, &self.lies.lock().unwrap().description)
    }

    fn keys(&self) -> Value {
        let point = self.key.verifying_key().to_encoded_point(false);
        let [x, y] = [point.x(), point.y()].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate.unwrap()));
        json!({ "keys": [{ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "k", "x": x, "y": y }] })
    }

    fn answer(&self) -> Value {
        let now = jsonwebtoken::get_current_timestamp();
        let truth = json!({
            "iss": self.issuer, "sub": "ada", "aud": "worldloom", "iat": now, "exp": now + 60,
            "nonce": *self.nonce.lock().unwrap(),
        });
        let lies = self.lies.lock().unwrap();
        let claims = changed(truth, &lies.claims);
        let header = |alg| Header { kid: Some("k".to_owned()), ..Header::new(alg) };
        let pem =
            |key: &SigningKey| EncodingKey::from_ec_pem(key.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes()).unwrap();
        let sign = |alg, key: &EncodingKey| jsonwebtoken::encode(&header(alg), &claims, key).unwrap();
        let id_token = if lies.unsigned {
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims))
        } else if lies.shared_secret {
            sign(Algorithm::HS256, &EncodingKey::from_secret(b"client-secret"))
        } else if lies.foreign_key {
            sign(Algorithm::ES256, &pem(&SigningKey::random(&mut rand::rngs::OsRng)))
        } else {
            sign(Algorithm::ES256, &pem(&self.key))
        };
        json!({ "access_token": "a", "token_type": "Bearer", "id_token": id_token })
    }
}

fn changed(mut truth: Value, lies: &Value) -> Value {
    if let (Some(truth), Some(lies)) = (truth.as_object_mut(), lies.as_object()) {
        truth.extend(lies.clone());
        truth.retain(|_, value| !value.is_null());
    }
    truth
}

async fn world_with(liar: &Liar) -> anyhow::Result<(World, tempfile::TempDir)> {
    let folder = tempfile::tempdir()?;
    let secret_file = folder.path().join("secret");
    std::fs::write(&secret_file, "client-secret")?;
    let secret_file = secret_file.display().to_string();
    let settings = [
        ("IDENTITY__OIDC__LIAR__ISSUER", liar.issuer.as_str()),
        ("IDENTITY__OIDC__LIAR__CLIENT_ID", "worldloom"),
        ("IDENTITY__OIDC__LIAR__CLIENT_SECRET_FILE", &secret_file),
        ("IDENTITY__REDIRECT_URIS", "[\"http://127.0.0.1/back\"]"),
    ];
    Ok((World::start_with(&settings).await?, folder))
}

/// One login; the provider's page is skipped, since it confirms whomever it likes.
async fn log_in(world: &World, liar: &Liar, extra: &str) -> anyhow::Result<Page> {
    let mut browser = Browser::new()?;
    let start = authorize_url(&world.facade.client.url, "liar", CLIENT, &secret());
    let page = browser.visit(&start, &liar.issuer).await?;
    if !page.url.as_str().starts_with(&liar.issuer) {
        return Ok(page);
    }
    *liar.nonce.lock().unwrap() = page.parameter("nonce").unwrap_or_default();
    let state = page.parameter("state").unwrap_or_default();
    let back = Url::parse(&page.parameter("redirect_uri").unwrap_or_default())?;
    browser.visit(&format!("{back}?code=c&state={state}{extra}"), CLIENT).await
}

#[tokio::test]
async fn tokens_that_are_not_for_this_login_are_refused() -> Outcome {
    let liar = Liar::start().await?;
    let (world, _secrets) = world_with(&liar).await?;
    let page = log_in(&world, &liar, "").await?;
    ensure!(page.code().is_some(), "the truth is taken: {} {}", page.url, page.text);
    let now = jsonwebtoken::get_current_timestamp();
    let claims = |claims| Lies { claims, ..Lies::default() };
    let lies = [
        ("issuer", claims(json!({ "iss": "https://accounts.example.com" }))),
        ("audience", claims(json!({ "aud": "another-client" }))),
        ("more audiences", claims(json!({ "aud": ["worldloom", "another-client"] }))),
        ("nonce", claims(json!({ "nonce": "of another login" }))),
        ("no nonce", claims(json!({ "nonce": null }))),
        ("expired", claims(json!({ "exp": now - 61 }))),
        ("from the future", claims(json!({ "iat": now + 120, "exp": now + 600 }))),
        ("foreign key", Lies { foreign_key: true, ..Lies::default() }),
        ("shared secret", Lies { shared_secret: true, ..Lies::default() }),
        ("unsigned", Lies { unsigned: true, ..Lies::default() }),
    ];
    for (what, lie) in lies {
        liar.tell(lie);
        let page = log_in(&world, &liar, "").await?;
        page.is_problem(401, "login_refused").map_err(|error| error.context(what))?;
    }
    liar.tell(claims(json!({ "iss": null })));
    log_in(&world, &liar, "").await?.is_problem(503, "login_interrupted")?;
    liar.tell(claims(json!({ "iat": now + 30, "exp": now - 30 })));
    let page = log_in(&world, &liar, "").await?;
    ensure!(page.code().is_some(), "clocks may differ by half a minute: {}", page.text);
    let logins = world.database.sql("SELECT * FROM player_login").await?;
    ensure!(logins.is_empty(), "nobody has an account by this: {logins:?}");
    Ok(())
}

#[tokio::test]
async fn an_answer_that_names_another_issuer_is_refused() -> Outcome {
    let liar = Liar::start().await?;
    let (world, _secrets) = world_with(&liar).await?;
    log_in(&world, &liar, "&iss=https://accounts.example.com").await?.is_problem(401, "login_refused")?;
    let page = log_in(&world, &liar, &format!("&iss={}", liar.issuer)).await?;
    ensure!(page.code().is_some(), "{}", page.text);
    Ok(())
}

#[tokio::test]
async fn a_description_that_lies_is_not_believed() -> Outcome {
    let descriptions = [
        json!({ "issuer": "https://accounts.example.com" }),
        json!({ "issuer": null }),
        json!({ "jwks_uri": "http://192.0.2.1/keys" }),
        json!({ "token_endpoint": "http://192.0.2.1/token" }),
        json!({ "authorization_endpoint": "javascript:alert(1)" }),
    ];
    let liar = Liar::start().await?;
    let (world, _secrets) = world_with(&liar).await?;
    for description in descriptions {
        liar.tell(Lies { description: description.clone(), ..Lies::default() });
        let asked = liar.asked.load(Ordering::SeqCst);
        // A failure is remembered for a moment, and the provider is not asked meanwhile.
        let page = eventually("the facade to ask", async || {
            let page = log_in(&world, &liar, "").await.ok()?;
            (liar.asked.load(Ordering::SeqCst) > asked).then_some(page)
        });
        let page = page.await?;
        page.is_problem(503, "provider_unavailable").map_err(|error| error.context(description.to_string()))?;
    }
    liar.tell(Lies::default());
    eventually("the truth to be taken", async || log_in(&world, &liar, "").await.ok()?.code()).await?;
    Ok(())
}

#[tokio::test]
async fn a_provider_that_has_just_failed_is_not_asked_by_the_next_login() -> Outcome {
    let liar = Liar::start().await?;
    let (world, _secrets) = world_with(&liar).await?;
    liar.tell(Lies { description: json!({ "issuer": null }), ..Lies::default() });
    // Between the two, a busy machine may let more time pass than a failure counts.
    eventually("the second of two logins to fail by what the first one has found", async || {
        let before = liar.asked.load(Ordering::SeqCst);
        let answers = [log_in(&world, &liar, "").await.ok()?, log_in(&world, &liar, "").await.ok()?];
        let asked = liar.asked.load(Ordering::SeqCst) - before;
        let both_failed = answers.iter().all(|page| page.is_problem(503, "provider_unavailable").is_ok());
        (both_failed && asked == 1).then_some(())
    })
    .await
}
