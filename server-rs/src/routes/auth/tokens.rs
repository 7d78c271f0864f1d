//! Tokens as clients get them.

use axum::Json;
use axum::http::header::CACHE_CONTROL;
use axum::response::{AppendHeaders, IntoResponse, Response};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::identity::IdentityService;
use crate::identity::access_tokens::{ACCESS_TOKEN_LIFE_S, role_name};
use crate::identity::sessions::Tokens;

/// What kind of client it is, which decides where its refresh token goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// A web page: the refresh token goes into a cookie that no script can read.
    Browser,
    /// Anything that can keep a secret itself: the refresh token is in the answer.
    App,
}

/// Proof of who a player is, for a quarter of an hour, and the means to get the next one.
#[derive(Serialize, ToSchema)]
pub struct TokenRecord {
    /// For `Authorization: Bearer`, here and at the node; also opens the SDK's WebSocket.
    #[schema(example = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIwMTk0In0.c2ln")]
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token runs out.
    #[schema(example = 900)]
    expires_in: u64,
    /// For apps: gets the next access token, once. Browsers have it in a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "cmVmcmVzaC10b2tlbi1vZi10aGlzLWRldmljZQ")]
    refresh_token: Option<String>,
    /// The player's identity in the game, 64 hex digits.
    #[schema(example = "c2007b6e1f4d5a0b3c8e9f102132435465768798a9bacbdcedfe0f1021324354")]
    player: String,
    /// The subject of the access token.
    account_id: Uuid,
    /// This device, in the list of devices.
    session_id: Uuid,
    /// Roles beyond those of a player.
    #[schema(example = json!(["moderator"]))]
    roles: Vec<&'static str>,
    /// Whether this login has made the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = true)]
    is_new_account: Option<bool>,
}

/// The answer with tokens. No cache may keep it.
pub fn answer(
    identity: &IdentityService,
    client: ClientKind,
    tokens: Tokens,
    is_new_account: Option<bool>,
) -> Response {
    let cookie = (client == ClientKind::Browser).then(|| identity.cookies.set_refresh(&tokens.refresh_token));
    let refresh_token = (client == ClientKind::App).then(|| tokens.refresh_token.expose_secret().to_owned());
    let record = TokenRecord {
        access_token: tokens.access_token,
        token_type: "Bearer",
        expires_in: ACCESS_TOKEN_LIFE_S,
        refresh_token,
        player: tokens.player.to_hex().to_string(),
        account_id: tokens.account_id,
        session_id: tokens.session_id,
        roles: tokens.roles.into_iter().map(role_name).collect(),
        is_new_account,
    };
    ([(CACHE_CONTROL, "no-store")], AppendHeaders(cookie), Json(record)).into_response()
}
