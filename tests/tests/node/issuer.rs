//! An outside issuer of tokens, with OIDC discovery, on a port of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use worldloom_tests::TestNode;

/// The id of the issuer's only key.
const KEY_ID: &str = "first";
/// An RSA key of 2,048 bits, made for these tests alone: making one takes a second. Nobody trusts it.
const RSA_PRIVATE: &str = include_str!("issuer/rs256.pem");
const RSA_PUBLIC: &str = include_str!("issuer/rs256.pub.pem");

/// A running issuer.
pub struct Issuer {
    /// Its base URL, which is the `iss` of its tokens.
    pub url: String,
    algorithm: Algorithm,
    key: EncodingKey,
    /// What everybody may know of the key, in PEM.
    public_key: String,
    asked: Arc<AtomicUsize>,
    is_down: Arc<AtomicBool>,
}

impl Issuer {
    /// Starts an issuer with keys of its own, which signs with ES256.
    pub async fn start() -> anyhow::Result<Self> {
        // Another node made these; they are as foreign to the node under test as any.
        let stranger = TestNode::start().await?;
        let keys = stranger.data_dir().join("node/keys");
        let key = EncodingKey::from_ec_pem(&std::fs::read(keys.join("id_ecdsa"))?)?;
        Self::serve(Algorithm::ES256, key, std::fs::read_to_string(keys.join("id_ecdsa.pub"))?).await
    }

    /// Starts an issuer that signs with RS256, as most login providers do.
    pub async fn start_with_rsa() -> anyhow::Result<Self> {
        let key = EncodingKey::from_rsa_pem(RSA_PRIVATE.as_bytes())?;
        Self::serve(Algorithm::RS256, key, RSA_PUBLIC.to_owned()).await
    }

    async fn serve(algorithm: Algorithm, key: EncodingKey, public_key: String) -> anyhow::Result<Self> {
        let mut public = Jwk::from_encoding_key(&key, algorithm)?;
        public.common.key_id = Some(KEY_ID.to_owned());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let asked = Arc::new(AtomicUsize::new(0));
        let discovery = json!({ "issuer": url, "jwks_uri": format!("{url}/keys") });
        let is_down = Arc::new(AtomicBool::new(false));
        let (counted, fails) = (asked.clone(), is_down.clone());
        let discover = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            let answer = Json(discovery.clone());
            let fails = fails.load(Ordering::Relaxed);
            std::future::ready(if fails { Err(StatusCode::SERVICE_UNAVAILABLE) } else { Ok(answer) })
        };
        let keys = json!({ "keys": [public] });
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discover))
            .route("/keys", get(move || std::future::ready(Json(keys.clone()))));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { url, algorithm, key, public_key, asked, is_down })
    }

    /// How often somebody asked for the issuer's keys.
    pub fn times_asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// From now on whoever asks for its keys gets an error, or gets them again.
    pub fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::Relaxed);
    }

    /// A token with these claims beside the required ones, which they may replace.
    pub fn token(&self, claims: Value) -> anyhow::Result<String> {
        self.sign(claims, self.algorithm, &self.key)
    }

    /// The same by somebody who takes the public key for a secret that signer and verifier share.
    pub fn token_keyed_with_the_public_key(&self, claims: Value) -> anyhow::Result<String> {
        self.sign(claims, Algorithm::HS256, &EncodingKey::from_secret(self.public_key.as_bytes()))
    }

    fn sign(&self, claims: Value, algorithm: Algorithm, key: &EncodingKey) -> anyhow::Result<String> {
        let mut all = json!({ "iss": self.url, "sub": "somebody", "aud": "game", "iat": now(), "exp": now() + 600 });
        let (all_claims, claims) = (all.as_object_mut().context("claims")?, claims.as_object().context("claims")?);
        all_claims.extend(claims.clone());
        all_claims.retain(|_, value| !value.is_null());
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(algorithm) };
        Ok(jsonwebtoken::encode(&header, &all, key)?)
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
