//! `/v1/identity`: new identities, WebSocket tokens and the node's public key.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use spacetimedb_lib::Identity;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::node::Node;

#[derive(Serialize)]
pub(super) struct NewIdentity {
    identity: String,
    token: String,
}

pub(super) async fn create(State(node): State<Arc<Node>>) -> Result<Json<NewIdentity>, ApiError> {
    let minted = node.tokens.mint().map_err(ApiError::internal)?;
    Ok(Json(NewIdentity { identity: minted.identity.to_hex().to_string(), token: minted.token.to_string() }))
}

#[derive(Serialize)]
pub(super) struct Token {
    token: String,
}

pub(super) async fn websocket_token(State(node): State<Arc<Node>>, caller: Caller) -> Result<Json<Token>, ApiError> {
    caller.require_token()?;
    let token = node.tokens.websocket_token(&caller).map_err(ApiError::internal)?;
    Ok(Json(Token { token }))
}

pub(super) async fn public_key(State(node): State<Arc<Node>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/pem-certificate-chain")], node.tokens.keys().public_pem.to_vec())
}

pub(super) async fn verify(Path(identity): Path<String>, caller: Caller) -> Result<StatusCode, ApiError> {
    caller.require_token()?;
    if parse_identity(&identity)? == caller.identity {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::bad_request("identity_mismatch", "The token belongs to another identity."))
}

#[derive(Serialize)]
pub(super) struct Databases {
    identities: Vec<String>,
}

pub(super) async fn databases(
    State(node): State<Arc<Node>>,
    Path(identity): Path<String>,
) -> Result<Json<Databases>, ApiError> {
    let owned = node.control.databases_of(parse_identity(&identity)?);
    Ok(Json(Databases { identities: owned.iter().map(|i| i.to_hex().to_string()).collect() }))
}

/// An identity out of a path.
pub(super) fn parse_identity(text: &str) -> Result<Identity, ApiError> {
    let sentence = "An identity is 64 hexadecimal digits.";
    Identity::from_hex(text).map_err(|_| ApiError::bad_request("invalid_identity", sentence))
}
