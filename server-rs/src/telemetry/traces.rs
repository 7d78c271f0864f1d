//! The spans that traces are made of. Their names and fields are those of OpenTelemetry's conventions for HTTP.
//!
//! As in the log: templates of routes and no paths, no addresses, no players.

use axum::http::{HeaderMap, StatusCode};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Target of these spans, by which the log leaves them out and traces take them in.
pub const TARGET: &str = "worldloom_trace";

/// One request, within the trace that its `traceparent` (W3C) names. Without traces it is nothing and costs nothing.
pub fn request(headers: &HeaderMap, method: &str, route: &str, request_id: &str) -> Span {
    let span = tracing::info_span!(
        target: TARGET,
        "request",
        otel.kind = "server",
        otel.name = Empty,
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        worldloom.request_id = request_id,
        worldloom.problem = Empty,
    );
    if !span.is_disabled() {
        span.record("otel.name", format!("{method} {route}"));
        let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        if parent.span().span_context().is_valid() {
            // The error says that the span has begun already, which it has not.
            let _ = span.set_parent(parent);
        }
    }
    span
}

/// How a request was answered.
pub fn answered(span: &Span, status: StatusCode, problem: Option<&str>) {
    span.record("http.response.status_code", status.as_u16());
    if let Some(problem) = problem {
        span.record("worldloom.problem", problem);
    }
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// The id of a span's trace, for the log; `None` without traces.
pub fn trace_id(span: &Span) -> Option<String> {
    if span.is_disabled() {
        return None;
    }
    Some(span.context().span().span_context().trace_id().to_string())
}

/// One call of a procedure of the game module.
pub fn node_call(procedure: &'static str) -> Span {
    tracing::info_span!(
        target: TARGET,
        "node call",
        otel.kind = "client",
        otel.name = procedure,
        otel.status_code = Empty,
        rpc.method = procedure,
        worldloom.outcome = Empty,
    )
}

/// How a call ended. What the module refuses is an answer like any other.
pub fn node_called(span: &Span, outcome: &'static str) {
    span.record("worldloom.outcome", outcome);
    if !matches!(outcome, "ok" | "refused") {
        span.record("otel.status_code", "ERROR");
    }
}
