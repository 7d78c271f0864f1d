//! Staying logged in, and logging out on this device. Both take the refresh token, from a browser's cookie or from an
//! app's body.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use bytes::Bytes;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::tokens::{ClientKind, TokenRecord, answer};
use crate::app::App;
use crate::identity::error::LoginError;
use crate::problem::Problem;

/// An app's refresh token. Browsers send no body.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshBody {
    #[schema(value_type = String, example = "cmVmcmVzaC10b2tlbi1vZi10aGlzLWRldmljZQ")]
    refresh_token: SecretString,
}

/// Gives the next access token, and the refresh token after this one.
///
/// The same request again within a minute gives the same refresh token, as long as that was not used. A token that
/// was used before ends the login: somebody else has it too.
#[utoipa::path(
    post, path = "/auth/refresh", tag = "identity", operation_id = "refresh_tokens",
    request_body(content = Option<RefreshBody>, description = "For apps; browsers send the cookie"),
    security((), ("refresh_cookie" = [])),
    responses(
        (status = 200, body = TokenRecord),
        (status = 401, description = "Log in again"),
        (status = 403, description = "A page of another origin"),
        (status = 503, description = "Repeat it unchanged"),
    )
)]
pub async fn refresh(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    let (client, token) = presented(&app, &headers, &body)?;
    let tokens = app.identity.sessions.refresh(&token).await?;
    Ok(answer(&app.identity, client, tokens, None))
}

/// Logs out on this device. Its access token lives on for the rest of its quarter of an hour.
#[utoipa::path(
    post, path = "/auth/logout", tag = "identity", operation_id = "log_out",
    request_body(content = Option<RefreshBody>, description = "For apps; browsers send the cookie"),
    security((), ("refresh_cookie" = [])),
    responses(
        (status = 204, description = "Logged out"),
        (status = 401, description = "No refresh token"),
        (status = 403, description = "A page of another origin"),
        (status = 503),
    )
)]
pub async fn logout(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    let (client, token) = presented(&app, &headers, &body)?;
    app.identity.sessions.log_out(&token).await?;
    let cookie = (client == ClientKind::Browser).then(|| app.identity.cookies.clear_refresh());
    Ok((StatusCode::NO_CONTENT, AppendHeaders(cookie)).into_response())
}

/// The refresh token of the body, else that of the cookie, and so what kind of client it is.
fn presented(app: &App, headers: &HeaderMap, body: &[u8]) -> Result<(ClientKind, SecretString), Problem> {
    if !body.is_empty() {
        let body: RefreshBody = serde_json::from_slice(body)
            .map_err(|_| Problem::malformed("The body must be {\"refresh_token\": \"…\"}, or empty with a cookie."))?;
        return Ok((ClientKind::App, body.refresh_token));
    }
    match app.identity.cookies.refresh_token(headers)? {
        Some(token) => Ok((ClientKind::Browser, token)),
        None => Err(LoginError::Refused("There is no refresh token in the request. Log in first.").into()),
    }
}
