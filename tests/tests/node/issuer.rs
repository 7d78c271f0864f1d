//! An outside issuer of tokens, with OIDC discovery, on a port of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use worldloom_tests::TestNode;

/// The id of the issuer's only key.
const KEY_ID: &str = "first";

/// A running issuer.
pub struct Issuer {
    /// Its base URL, which is the `iss` of its tokens.
    pub url: String,
    key: EncodingKey,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    /// Starts an issuer with keys of its own.
    pub async fn start() -> anyhow::Result<Self> {
        // Another node made these; they are as foreign to the node under test as any.
        let stranger = TestNode::start().await?;
        let keys = stranger.data_dir().join("node/keys");
        let key = EncodingKey::from_ec_pem(&std::fs::read(keys.join("id_ecdsa"))?)?;
        let public = public_jwk(&std::fs::read_to_string(keys.join("id_ecdsa.pub"))?)?;

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let asked = Arc::new(AtomicUsize::new(0));
        let discovery = json!({ "issuer": url, "jwks_uri": format!("{url}/keys") });
        let counted = asked.clone();
        let discover = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Json(discovery.clone()))
        };
        let keys = json!({ "keys": [public] });
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discover))
            .route("/keys", get(move || std::future::ready(Json(keys.clone()))));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { url, key, asked })
    }

    /// How often somebody asked for the issuer's keys.
    pub fn times_asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// A token with these claims beside the required ones, which they may replace.
    pub fn token(&self, claims: Value) -> anyhow::Result<String> {
        let mut all = json!({ "iss": self.url, "sub": "somebody", "aud": "game", "iat": now(), "exp": now() + 600 });
        let (all_claims, claims) = (all.as_object_mut().context("claims")?, claims.as_object().context("claims")?);
        all_claims.extend(claims.clone());
        all_claims.retain(|_, value| !value.is_null());
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::ES256) };
        Ok(jsonwebtoken::encode(&header, &all, &self.key)?)
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A token that nobody signed.
pub fn unsigned(claims: &Value) -> String {
    let header = json!({ "typ": "JWT", "alg": "none" });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(&header), part(claims))
}

/// The key in JSON: a P-256 key in PEM ends in its two coordinates of 32 bytes.
fn public_jwk(pem: &str) -> anyhow::Result<Value> {
    let der = STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>())?;
    let (rest, y) = der.split_last_chunk::<32>().context("too short a key")?;
    let (_, x) = rest.split_last_chunk::<32>().context("too short a key")?;
    let [x, y] = [x, y].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate));
    Ok(json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY_ID, "x": x, "y": y }))
}
