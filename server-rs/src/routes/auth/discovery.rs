//! What verifiers need to check the facade's tokens, and what clients need to choose a login.

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;

/// Verifiers that keep the keys for this long know each key before it signs.
const CACHE: [(axum::http::HeaderName, &str); 1] = [(CACHE_CONTROL, "public, max-age=300")];

/// What the facade is as an issuer of tokens.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssuerRecord {
    /// Its name in tokens.
    #[schema(example = "https://play.example.com")]
    issuer: String,
    /// Where its keys are.
    #[schema(example = "https://play.example.com/.well-known/jwks.json")]
    jwks_uri: String,
    /// Where browsers begin.
    #[schema(example = "https://play.example.com/auth/authorize")]
    authorization_endpoint: String,
    /// Where codes become tokens.
    #[schema(example = "https://play.example.com/auth/login")]
    token_endpoint: String,
    #[schema(example = json!(["code"]))]
    response_types_supported: Vec<&'static str>,
    #[schema(example = json!(["public"]))]
    subject_types_supported: Vec<&'static str>,
    #[schema(example = json!(["ES256"]))]
    id_token_signing_alg_values_supported: Vec<&'static str>,
    #[schema(example = json!(["S256"]))]
    code_challenge_methods_supported: Vec<&'static str>,
    #[schema(example = json!(["none"]))]
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    /// What its tokens say.
    #[schema(example = json!(["iss", "sub", "roles"]))]
    claims_supported: Vec<&'static str>,
}

/// Public keys.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the set, which the key ring writes")]
pub struct KeySet {
    keys: Vec<PublicKey>,
}

/// A public key on the curve P-256.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a key of the set")]
pub struct PublicKey {
    #[schema(example = "EC")]
    kty: String,
    #[schema(example = "P-256")]
    crv: String,
    #[schema(example = "sig")]
    r#use: String,
    #[schema(example = "ES256")]
    alg: String,
    /// Which key it is, as in the head of tokens.
    #[schema(example = "20260131-1")]
    kid: String,
    /// The point, in base64url.
    #[schema(example = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")]
    x: String,
    /// The point, in base64url.
    #[schema(example = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")]
    y: String,
}

/// The facade as an OpenID issuer (OpenID Connect Discovery 1.0).
#[utoipa::path(
    get, path = "/.well-known/openid-configuration", tag = "identity", operation_id = "read_issuer",
    security(()),
    responses((status = 200, body = IssuerRecord))
)]
pub async fn configuration(
    State(app): State<App>,
) -> ([(axum::http::HeaderName, &'static str); 1], Json<IssuerRecord>) {
    let issuer = app.identity.tokens.issuer();
    let record = IssuerRecord {
        issuer: issuer.to_owned(),
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        authorization_endpoint: format!("{issuer}/auth/authorize"),
        token_endpoint: format!("{issuer}/auth/login"),
        response_types_supported: vec!["code"],
        subject_types_supported: vec!["public"],
        id_token_signing_alg_values_supported: vec!["ES256"],
        code_challenge_methods_supported: vec!["S256"],
        token_endpoint_auth_methods_supported: vec!["none"],
        claims_supported: vec!["iss", "sub", "aud", "iat", "exp", "jti", "sid", "roles"],
    };
    (CACHE, Json(record))
}

/// The public keys of the facade's tokens (RFC 7517).
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "identity", operation_id = "list_keys",
    security(()),
    responses((status = 200, body = KeySet))
)]
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
#[utoipa::path(
    get, path = "/auth/providers", tag = "identity", operation_id = "list_providers",
    security(()),
    responses((status = 200, body = Vec<ProviderRecord>))
)]
pub async fn providers(State(app): State<App>) -> Json<Vec<ProviderRecord>> {
    let record = |(name, in_browser): (&str, bool)| ProviderRecord { name: name.to_owned(), in_browser };
    Json(app.identity.providers.names().map(record).collect())
}
