//! The way of a browser to a provider and back. The parameters are those of OAuth 2.0 with PKCE.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use reqwest::Url;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::identity::client_address::throttle_key;
use crate::identity::error::LoginError;
use crate::identity::providers::oidc::{Arrival, Departure};
use crate::identity::secrets::{challenge_digest, fresh};
use crate::problem::Problem;
use crate::routes::extract::{Path, Query};

const STATE_BYTES_MAX: usize = 512;

/// Where the login begins and leads back to.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuthorizeQuery {
    /// Name of the provider.
    #[param(example = "acme")]
    provider: String,
    /// Address of the client, on the facade's list.
    #[param(example = "https://play.example.com/back")]
    redirect_uri: String,
    /// Anything of the client's, given back to it.
    #[serde(default)]
    #[param(max_length = 512, example = "af0ifjsldkj")]
    state: String,
    /// SHA-256 of the client's verifier in base64url (RFC 7636).
    #[param(example = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]
    code_challenge: String,
    /// `S256`, the only method.
    #[param(example = "S256")]
    code_challenge_method: String,
}

/// Leads a browser to a provider.
///
/// It comes back to `redirect_uri` with `code` and `state`, or with `error` and `state`.
#[utoipa::path(
    get, path = "/auth/authorize", tag = "identity", operation_id = "begin_browser_login",
    params(AuthorizeQuery),
    security(()),
    responses(
        (status = 303, description = "To the provider", headers(("Location" = String, description = "The provider's page"))),
        (status = 404, description = "No such provider"),
        (status = 422),
        (status = 503),
    )
)]
pub async fn authorize(
    State(app): State<App>,
    extensions: Extensions,
    headers: HeaderMap,
    Query(query): Query<AuthorizeQuery>,
) -> Result<Response, Problem> {
    let identity = &app.identity;
    let provider = identity.providers.oidc(&query.provider)?;
    let redirect_uri = identity.redirects.allowed(&query.redirect_uri).ok_or(LoginError::Invalid {
        field: "redirect_uri",
        problem: "This redirect_uri is not on the facade's list. Its operator can add it to identity.redirect_uris.",
    })?;
    let challenge = challenge_digest(&query.code_challenge).filter(|_| query.code_challenge_method == "S256");
    let challenge_digest = challenge.ok_or(LoginError::Invalid {
        field: "code_challenge",
        problem: "Send code_challenge_method=S256 and the challenge of your verifier (RFC 7636).",
    })?;
    if query.state.len() > STATE_BYTES_MAX || !query.state.bytes().all(|byte| byte.is_ascii_graphic()) {
        let problem = "state may hold up to 512 visible ASCII characters.";
        return Err(LoginError::Invalid { field: "state", problem }.into());
    }
    // Kept if it is there, so that logins in several windows do not disturb each other.
    let browser = identity.cookies.browser_secret(&headers).unwrap_or_else(fresh);
    let departure = Departure {
        redirect_uri: &redirect_uri,
        client_state: &query.state,
        challenge_digest,
        browser: &browser,
        address_key: &throttle_key(&extensions, &headers, identity.trusted_proxies),
    };
    let target = provider.begin(departure).await?;
    Ok(see_other(&target, Some(identity.cookies.set_browser(&browser))))
}

/// Takes a browser back from a provider, and leads it on to its client.
#[utoipa::path(
    get, path = "/auth/callback/{provider}", tag = "identity", operation_id = "finish_browser_login",
    params(("provider" = String, Path, description = "Name of the provider", example = "acme"), Arrival),
    security(()),
    responses(
        (status = 303, description = "To the client", headers(("Location" = String, description = "The client's redirect_uri"))),
        (status = 401, description = "Not begun in this browser, or not confirmed"),
        (status = 404, description = "No such provider"),
        (status = 503),
    )
)]
pub async fn callback(
    State(app): State<App>,
    headers: HeaderMap,
    Path(provider): Path<String>,
    Query(arrival): Query<Arrival>,
) -> Result<Response, Problem> {
    let identity = &app.identity;
    let provider = identity.providers.oidc(&provider)?;
    let browser = identity.cookies.browser_secret(&headers).ok_or(LoginError::Refused(
        "This login was not begun in this browser, or its cookies are switched off. Begin again.",
    ))?;
    let target = provider.finish(arrival, &browser).await?;
    Ok(see_other(&target, None))
}

/// Sends a browser on. Neither a cache nor the next page learns the address that it came from.
fn see_other(target: &Url, cookie: Option<(HeaderName, HeaderValue)>) -> Response {
    let Ok(location) = HeaderValue::try_from(target.as_str()) else { return Problem::internal().into_response() };
    let headers = [
        (LOCATION, location),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (StatusCode::SEE_OTHER, headers, AppendHeaders(cookie)).into_response()
}
