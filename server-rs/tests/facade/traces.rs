//! Traces, as a collector receives them: OTLP over HTTP, decoded by the types that OpenTelemetry publishes.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span, status::StatusCode};
use prost::Message;
use worldloom_facade::Config;

use crate::edge::program::Program;
use crate::edge::raw::{request, send};
use crate::support::{ASSET, claims, wait_for};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT_ID: &str = "00f067aa0ba902b7";

/// What came in, with the headers that it came with.
#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<(HeaderMap, ExportTraceServiceRequest)>>>);

/// A collector that keeps everything.
struct Collector {
    endpoint: String,
    received: Received,
}

async fn take(State(received): State<Received>, headers: HeaderMap, body: Bytes) -> Vec<u8> {
    received.0.lock().unwrap().push((headers, ExportTraceServiceRequest::decode(body).unwrap()));
    Vec::new()
}

impl Collector {
    async fn start() -> Self {
        let received = Received::default();
        let router = Router::new().route("/v1/traces", post(take)).with_state(received.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { endpoint, received }
    }

    fn resources(&self) -> Vec<ResourceSpans> {
        self.received.0.lock().unwrap().iter().flat_map(|(_, batch)| batch.resource_spans.clone()).collect()
    }

    fn spans(&self) -> Vec<Span> {
        self.resources().into_iter().flat_map(|spans| spans.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    fn span(&self, request_id: &str) -> Option<Span> {
        self.spans().into_iter().find(|span| text(&span.attributes, "worldloom.request_id") == request_id)
    }

    async fn waited_for(&self, request_id: &str) -> Span {
        wait_for("the span", || self.span(request_id).is_some()).await;
        self.span(request_id).unwrap()
    }
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    match value(attributes, key) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn value(attributes: &[KeyValue], key: &str) -> Option<Value> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    found.value.as_ref().and_then(|AnyValue { value }| value.clone())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn traced(collector: &Collector, adjust: impl FnOnce(&mut Config)) -> Program {
    Program::start(|config| {
        config.traces.endpoint = collector.endpoint.clone();
        adjust(config);
    })
    .await
}

#[tokio::test]
async fn a_request_is_a_span_of_the_callers_trace_with_the_nodes_call_below_it() {
    let collector = Collector::start().await;
    let program = traced(&collector, |_| {}).await;
    let token = program.key.sign(&claims("player-1"));
    let fields = [
        ("x-request-id", "mine"),
        ("authorization", &format!("Bearer {token}")),
        // Not sampled by whoever asks, which is not for it to say.
        ("traceparent", &format!("00-{TRACE_ID}-{PARENT_ID}-00")),
    ];
    let answer = send(program.address, &request("GET", &format!("{ASSET}?secret=of-mine"), &fields, b"")).await;
    answer.is_problem(503, "node_unavailable");
    let span = collector.waited_for("mine").await;
    assert_eq!((hex(&span.trace_id), hex(&span.parent_span_id)), (TRACE_ID.to_owned(), PARENT_ID.to_owned()));
    assert_eq!((span.name.as_str(), span.kind()), ("GET /assets/{asset_id}", SpanKind::Server));
    assert_eq!(text(&span.attributes, "http.route"), "/assets/{asset_id}");
    assert_eq!(text(&span.attributes, "http.response.status_code"), "503");
    assert_eq!(text(&span.attributes, "worldloom.problem"), "node_unavailable");
    assert_eq!(span.status.as_ref().map(|status| status.code()), Some(StatusCode::Error));
    assert!(span.end_time_unix_nano > span.start_time_unix_nano);

    wait_for("the call", || collector.spans().iter().any(|call| call.parent_span_id == span.span_id)).await;
    let call = collector.spans().into_iter().find(|call| call.parent_span_id == span.span_id).unwrap();
    assert_eq!((call.name.as_str(), call.kind()), ("read_asset_object_and_return", SpanKind::Client));
    assert_eq!((&call.trace_id, text(&call.attributes, "worldloom.outcome").as_str()), (&span.trace_id, "unavailable"));

    let resource = collector.resources()[0].resource.clone().unwrap();
    assert_eq!(text(&resource.attributes, "service.name"), "worldloom-facade");
    assert_eq!(program.lines_of("mine")[0]["span"]["trace_id"], TRACE_ID, "the log leads to the trace");
    let everything = format!("{:?}", collector.resources());
    for personal in ["of-mine", "0194f0c5", "127.0.0.1", claims("player-1")["hex_identity"].as_str().unwrap()] {
        assert!(!everything.contains(personal), "{personal} is in {everything}");
    }
}

#[tokio::test]
async fn a_request_without_a_parent_begins_a_trace() {
    let collector = Collector::start().await;
    let folder = tempfile::tempdir().unwrap();
    let header = folder.path().join("header");
    std::fs::write(&header, "Bearer for-the-collector\n").unwrap();
    let program = traced(&collector, |config| {
        config.traces.authorization_file = header;
        config.traces.service_name = "facade-7".to_owned();
    })
    .await;
    for (id, parent) in
        [("none", ""), ("rubbish", "00-zz-yy-01"), ("zero", "00-00000000000000000000000000000000-0000000000000000-01")]
    {
        let fields = [("x-request-id", id), ("traceparent", parent)];
        send(program.address, &request("GET", "/health/live", &fields, b"")).await;
        let span = collector.waited_for(id).await;
        assert!(span.parent_span_id.is_empty() && span.trace_id.iter().any(|byte| *byte != 0), "{span:?}");
        assert_ne!(span.status.map(|status| status.code()), Some(StatusCode::Error));
    }
    let resource = collector.resources()[0].resource.clone().unwrap();
    assert_eq!(text(&resource.attributes, "service.name"), "facade-7");
    let (headers, _) = collector.received.0.lock().unwrap()[0].clone();
    assert_eq!(headers["content-type"], "application/x-protobuf");
    assert_eq!(headers["authorization"], "Bearer for-the-collector");
    assert!(!format!("{:?}", program.log()).contains("for-the-collector"));
}

#[tokio::test]
async fn of_traces_that_are_not_kept_nothing_is_sent() {
    let collector = Collector::start().await;
    let program = traced(&collector, |config| config.traces.sample_ratio = 0.0).await;
    let parent = format!("00-{TRACE_ID}-{PARENT_ID}-01");
    let fields = [("x-request-id", "mine"), ("traceparent", parent.as_str())];
    send(program.address, &request("GET", "/health/live", &fields, b"")).await;
    program.stop().await;
    assert_eq!(collector.spans(), []);
}

#[tokio::test]
async fn a_stop_sends_what_is_left() {
    let collector = Collector::start().await;
    let program = traced(&collector, |_| {}).await;
    send(program.address, &request("GET", "/health/live", &[("x-request-id", "last")], b"")).await;
    program.stop().await;
    assert!(collector.span("last").is_some());
}

#[tokio::test]
async fn a_collector_that_is_away_stops_nobody() {
    let collector = Collector { endpoint: "http://127.0.0.1:1/v1/traces".to_owned(), received: Received::default() };
    let program = traced(&collector, |_| {}).await;
    let answer = send(program.address, &request("GET", "/health/live", &[], b"")).await;
    assert_eq!(answer.status, Some(200));
    let is_told = || program.log().iter().any(|line| line["fields"]["message"] == "Traces could not be sent");
    wait_for("a line about it", is_told).await;
}
