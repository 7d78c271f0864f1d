//! Which pages of other origins may read answers (CORS). Without configuration, none.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{
    ACCEPT_RANGES, AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE,
    LOCATION, RANGE, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowCredentials, CorsLayer};

use crate::request_context::REQUEST_ID;

/// How long a browser remembers what it was told.
const REMEMBERED: Duration = Duration::from_secs(600);

/// `None` where there is nothing to open. Only pages of `cookie_origins` may send cookies along, and whether a cookie
/// counts the routes that take one decide once more.
pub fn layer(allowed_origins: &[String], cookie_origins: &[String]) -> Option<CorsLayer> {
    let all: Vec<_> = allowed_origins.iter().chain(cookie_origins).filter_map(|origin| origin.parse().ok()).collect();
    if all.is_empty() {
        return None;
    }
    let with_cookies: Arc<[HeaderValue]> = cookie_origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    let layer = CorsLayer::new()
        .allow_origin(all)
        .allow_credentials(AllowCredentials::predicate(move |origin, _| with_cookies.contains(origin)))
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            IF_NONE_MATCH,
            IF_RANGE,
            RANGE,
            REQUEST_ID,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("traceparent"),
            HeaderName::from_static("tracestate"),
        ])
        .expose_headers([
            ACCEPT_RANGES,
            CONTENT_DISPOSITION,
            CONTENT_RANGE,
            ETAG,
            LOCATION,
            RETRY_AFTER,
            WWW_AUTHENTICATE,
            REQUEST_ID,
        ])
        .max_age(REMEMBERED);
    Some(layer)
}
