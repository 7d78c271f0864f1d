//! Around every request: an id, a log line, and figures.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};
use spacetimedb_sdk::Identity;
use tracing::{Instrument, field};
use uuid::Uuid;

use crate::identity::secrets::hex;
use crate::metrics::Metrics;
use crate::problem::AnswerCode;
use crate::telemetry::traces;

/// Header that carries the request's id in both directions.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request under way.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

/// Runs one request within its context.
///
/// The log line has no address, no path, no query and no header; whoever proves to be a player adds a short hash of
/// the identity to it, by which an operator finds what a player complains about.
pub async fn around(State(metrics): State<Metrics>, mut request: Request, next: Next) -> Response {
    let request_id = request_id(&request);
    let method = request.method().clone();
    // The template, never the path: paths hold ids, and figures need few labels.
    let route = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str).to_owned();
    let trace = traces::request(request.headers(), known_method(&method), &route, &request_id);
    let span = tracing::info_span!(parent: &trace, "request", request_id, method = known_method(&method), route, player = field::Empty, trace_id = field::Empty);
    if let Some(trace_id) = traces::trace_id(&trace) {
        span.record("trace_id", trace_id);
    }
    request.extensions_mut().insert(RequestId(request_id.as_str().into()));
    let started = Instant::now();
    let in_flight = metrics.request_started();
    // Both are entered: traces do not see the span of the log, so it leads them to no parent.
    let mut response = next.run(request).instrument(span.clone()).instrument(trace.clone()).await;
    drop(in_flight);

    let status = response.status();
    metrics.request_answered(known_method(&method), &route, status, started.elapsed());
    let code = response.extensions().get::<AnswerCode>().map(|code| code.0);
    traces::answered(&trace, status, code);
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(status = status.as_u16(), code, elapsed_ms, "Answered"));
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Notes in the request's log lines that a player has proved who it is.
pub fn note_player(player: Identity) {
    let hash = Sha256::digest(player.to_byte_array());
    tracing::Span::current().record("player", hex(&hash[..6]));
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
