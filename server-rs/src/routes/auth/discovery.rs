//! What verifiers need to check the facade's tokens, and what clients need to choose a login.

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::app::App;

/// Verifiers that keep the keys for this long know each key before it signs.
const CACHE: [(axum::http::HeaderName, &str); 1] = [(CACHE_CONTROL, "public, max-age=300")];

/// The facade as an OpenID issuer (OpenID Connect Discovery 1.0).
#[utoipa::path(
    get, path = "/.well-known/openid-configuration", tag = "identity",
    responses((status = 200, body = Object))
)]
pub async fn configuration(State(app): State<App>) -> ([(axum::http::HeaderName, &'static str); 1], Json<Value>) {
    let issuer = app.identity.tokens.issuer();
    let document = json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "authorization_endpoint": format!("{issuer}/auth/authorize"),
        "token_endpoint": format!("{issuer}/auth/login"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "claims_supported": ["iss", "sub", "aud", "iat", "exp", "jti", "sid", "roles"],
    });
    (CACHE, Json(document))
}

/// The public keys of the facade's tokens (RFC 7517).
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "identity", responses((status = 200, body = Object)))]
pub async fn keys(State(app): State<App>) -> ([(axum::http::HeaderName, &'static str); 1], Json<Value>) {
    (CACHE, Json(app.identity.tokens.keys().published()))
}

/// A way to log in.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderRecord {
    /// Its name, for POST /auth/login.
    #[schema(example = "device")]
    name: String,
    /// Whether the login begins with GET /auth/authorize, in a browser.
    in_browser: bool,
}

/// The ways to log in.
#[utoipa::path(get, path = "/auth/providers", tag = "identity", responses((status = 200, body = Vec<ProviderRecord>)))]
pub async fn providers(State(app): State<App>) -> Json<Vec<ProviderRecord>> {
    let record = |(name, in_browser): (&str, bool)| ProviderRecord { name: name.to_owned(), in_browser };
    Json(app.identity.providers.names().map(record).collect())
}
