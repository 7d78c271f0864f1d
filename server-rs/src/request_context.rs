//! Around every request: an id, a log line, figures, and a problem document for every error.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;
use uuid::Uuid;

use crate::metrics::Metrics;
use crate::problem;

/// Header that carries the request's id in both directions.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Runs one request within its context.
pub async fn around(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let request_id = request_id(&request);
    let method = request.method().clone();
    // The template, never the path: paths hold ids, and figures need few labels.
    let route = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", request_id, %method, route);
    let started = Instant::now();
    let in_flight = metrics.request_started();
    let response = next.run(request).instrument(span.clone()).await;
    drop(in_flight);

    let mut response = span.in_scope(|| problem::render(response, &request_id));
    let status = response.status();
    metrics.request_answered(known_method(&method), &route, status, started.elapsed());
    span.in_scope(|| tracing::info!(status = status.as_u16(), elapsed_ms = started.elapsed().as_millis(), "Answered"));
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The caller's id if it is harmless in a log line, else a new one.
fn request_id(request: &Request) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    match given {
        Some(id) if is_harmless(id) => id.to_owned(),
        _ => Uuid::now_v7().to_string(),
    }
}

fn is_harmless(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// Methods are free text on the wire; a label must not be.
fn known_method(method: &Method) -> &str {
    match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
        _ => "(other)",
    }
}

#[cfg(test)]
mod tests {
    use super::is_harmless;

    #[test]
    fn ids_that_could_forge_a_log_line_are_replaced() {
        assert!(is_harmless("0194f0c5-trace.7_a"));
        for hostile in ["", "a b", "a\nb", "\u{1b}[31m", &"x".repeat(65)] {
            assert!(!is_harmless(hostile), "{hostile:?}");
        }
    }
}
