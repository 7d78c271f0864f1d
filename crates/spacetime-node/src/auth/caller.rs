//! The caller of an HTTP request.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{AuthError, VerifiedToken};
use crate::error::ApiError;
use crate::node::Node;

const IDENTITY: HeaderName = HeaderName::from_static("spacetime-identity");
const IDENTITY_TOKEN: HeaderName = HeaderName::from_static("spacetime-identity-token");

/// Who sent a request. Everybody is somebody: a request without a token gets a new identity.
#[derive(Clone)]
pub struct Caller {
    /// The token and what it says.
    pub token: Arc<VerifiedToken>,
    /// Whether the request brought the token itself.
    pub authenticated: bool,
}

impl std::ops::Deref for Caller {
    type Target = VerifiedToken;
    fn deref(&self) -> &VerifiedToken {
        &self.token
    }
}

/// Middleware: finds out who is calling, and tells the caller in the response's headers.
pub async fn identify(State(node): State<Arc<Node>>, mut request: Request, next: Next) -> Response {
    // Read before the first await: a request's body may not be shared between threads.
    let token = presented_token(&request);
    let caller = match caller_of(&node, token).await {
        Ok(caller) => caller,
        Err(refused) => return refused.into_response(),
    };
    let headers = caller.headers.clone();
    request.extensions_mut().insert(caller);
    let mut response = next.run(request).await;
    if let Some((identity, token)) = headers {
        response.headers_mut().insert(IDENTITY, identity);
        response.headers_mut().insert(IDENTITY_TOKEN, token);
    }
    response
}

async fn caller_of(node: &Node, token: Result<Option<String>, ApiError>) -> Result<Caller, ApiError> {
    match token? {
        Some(token) => {
            let token = node.tokens.verify(&token).await.map_err(refusal)?;
            Ok(Caller { token, authenticated: true })
        }
        None => {
            let token = node.tokens.mint().map_err(ApiError::internal)?;
            Ok(Caller { token: Arc::new(token), authenticated: false })
        }
    }
}

fn refusal(cause: AuthError) -> ApiError {
    let (status, code) = match cause {
        AuthError::IssuerUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "issuer_unavailable"),
        _ => (StatusCode::UNAUTHORIZED, "invalid_token"),
    };
    ApiError::new(status, code, cause.to_string())
}

/// The bearer token, or the one in the query, which is where browsers must put it.
fn presented_token(request: &Request) -> Result<Option<String>, ApiError> {
    let Some(value) = request.headers().get(header::AUTHORIZATION) else {
        return query_token(request.uri());
    };
    let malformed =
        || ApiError::bad_request("malformed_authorization", "The Authorization header must read `Bearer <token>`.");
    let value = value.to_str().map_err(|_| malformed())?;
    let (scheme, token) = value.split_once(' ').ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(malformed());
    }
    Ok(Some(token.trim().to_owned()))
}

/// Errors: there are several, so that nobody can say who calls.
fn query_token(uri: &Uri) -> Result<Option<String>, ApiError> {
    #[derive(serde::Deserialize)]
    struct Query {
        token: Option<String>,
    }
    let malformed = |_| ApiError::bad_request("malformed_authorization", "The query must have `token` once at most.");
    axum::extract::Query::<Query>::try_from_uri(uri).map(|query| query.0.token).map_err(malformed)
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let missing = || ApiError::internal("a route that needs its caller is outside the middleware");
        parts.extensions.get::<Caller>().cloned().ok_or_else(missing)
    }
}

impl Caller {
    /// 401 unless the request brought a token.
    pub fn require_token(&self) -> Result<(), ApiError> {
        if self.authenticated {
            return Ok(());
        }
        let sentence = "This call needs a token; get one with POST /v1/identity.";
        Err(ApiError::new(StatusCode::UNAUTHORIZED, "token_required", sentence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_in(query: &str) -> Result<Option<String>, (StatusCode, &'static str)> {
        let uri: Uri = format!("/v1/database/game/subscribe{query}").parse().unwrap();
        query_token(&uri).map_err(|refused| (refused.status, refused.code))
    }

    #[test]
    fn a_query_names_one_token_or_none() {
        for (query, token) in [
            ("", None),
            ("?light=true", None),
            ("?confirmed=true&confirmed=false", None),
            ("?token=", Some("")),
            ("?token=a.b.c&light=true", Some("a.b.c")),
            ("?token=%61", Some("a")),
        ] {
            assert_eq!(token_in(query), Ok(token.map(str::to_owned)), "{query}");
        }
        for query in ["?token=a&token=b", "?token=a&light=true&token=a", "?token&token=a"] {
            assert_eq!(token_in(query), Err((StatusCode::BAD_REQUEST, "malformed_authorization")), "{query}");
        }
    }
}
