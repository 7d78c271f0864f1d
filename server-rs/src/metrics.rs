//! The facade's own figures, in a registry of its own so that several facades can run in one process.

use std::time::Duration;

use axum::http::StatusCode;
use prometheus::core::{AtomicI64, GenericGauge};
use prometheus::{HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

/// Handle on all figures. Clones share them.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    requests_in_flight: IntGauge,
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    limited: IntCounterVec,
    node_connected: IntGauge,
    node_connections: IntCounter,
    node_calls: IntCounterVec,
    node_call_seconds: HistogramVec,
    upload_bytes: IntCounter,
    swept: IntCounterVec,
    ai_tasks: IntCounterVec,
    ai_requests: IntCounterVec,
    ai_repairs: IntCounterVec,
}

/// Counts one request as in flight until it is dropped.
pub struct InFlight(GenericGauge<AtomicI64>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Registers all figures. Errors only if two of them had one name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let counters = |name: &str, help: &str, labels: &[&str]| IntCounterVec::new(Opts::new(name, help), labels);
        let seconds =
            |name: &str, help: &str, labels: &[&str]| HistogramVec::new(HistogramOpts::new(name, help), labels);
        let metrics = Self {
            registry: Registry::new(),
            requests_in_flight: IntGauge::new("worldloom_http_requests_in_flight", "Requests being answered.")?,
            requests: counters("worldloom_http_requests_total", "Answered requests.", &["method", "route", "status"])?,
            request_seconds: seconds(
                "worldloom_http_request_seconds",
                "Time from request head to response head.",
                &["method", "route"],
            )?,
            limited: counters(
                "worldloom_http_limited_total",
                "Requests refused because they came too often, by what was counted: address, player, login, streams.",
                &["scope"],
            )?,
            node_connected: IntGauge::new("worldloom_node_connected", "Connections to the node that stand.")?,
            node_connections: IntCounter::new(
                "worldloom_node_connections_total",
                "Connections made to the node since the start.",
            )?,
            node_calls: counters(
                "worldloom_node_calls_total",
                "Procedure calls by outcome: ok, refused, failed, unavailable, outcome_unknown.",
                &["procedure", "outcome"],
            )?,
            node_call_seconds: seconds(
                "worldloom_node_call_seconds",
                "Time of a procedure call, the wait for a connection included.",
                &["procedure"],
            )?,
            upload_bytes: IntCounter::new("worldloom_upload_bytes_total", "Bytes of finished uploads.")?,
            swept: counters(
                "worldloom_swept_total",
                "What the sweeper removed: staged files, objects of deleted assets.",
                &["kind"],
            )?,
            ai_tasks: counters(
                "worldloom_ai_tasks_total",
                "Tasks worked on here by outcome: completed, failed, lost.",
                &["kind", "outcome"],
            )?,
            ai_requests: counters(
                "worldloom_ai_requests_total",
                "Requests to providers by outcome: answered, busy, unavailable, garbage, broken, refused.",
                &["provider", "outcome"],
            )?,
            ai_repairs: counters(
                "worldloom_ai_repairs_total",
                "Answers that were not what was asked for, so that another was asked for.",
                &["kind"],
            )?,
        };
        metrics.register()?;
        Ok(metrics)
    }

    fn register(&self) -> Result<(), prometheus::Error> {
        self.registry.register(Box::new(self.requests_in_flight.clone()))?;
        self.registry.register(Box::new(self.requests.clone()))?;
        self.registry.register(Box::new(self.request_seconds.clone()))?;
        self.registry.register(Box::new(self.limited.clone()))?;
        self.registry.register(Box::new(self.node_connected.clone()))?;
        self.registry.register(Box::new(self.node_connections.clone()))?;
        self.registry.register(Box::new(self.node_calls.clone()))?;
        self.registry.register(Box::new(self.node_call_seconds.clone()))?;
        self.registry.register(Box::new(self.upload_bytes.clone()))?;
        self.registry.register(Box::new(self.swept.clone()))?;
        self.registry.register(Box::new(self.ai_tasks.clone()))?;
        self.registry.register(Box::new(self.ai_requests.clone()))?;
        self.registry.register(Box::new(self.ai_repairs.clone()))
    }

    /// Work on a generation task ended here.
    pub fn task_ended(&self, kind: &str, outcome: &str) {
        self.ai_tasks.with_label_values(&[kind, outcome]).inc();
    }

    /// A provider was asked.
    pub fn model_asked(&self, provider: &str, outcome: &str) {
        self.ai_requests.with_label_values(&[provider, outcome]).inc();
    }

    /// An answer was asked for again.
    pub fn answer_repaired(&self, kind: &str) {
        self.ai_repairs.with_label_values(&[kind]).inc();
    }

    /// All figures in Prometheus' text format.
    pub fn render(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// A request arrived; it is in flight while the value lives.
    pub fn request_started(&self) -> InFlight {
        self.requests_in_flight.inc();
        InFlight(self.requests_in_flight.clone())
    }

    /// A request was answered.
    pub fn request_answered(&self, method: &str, route: &str, status: StatusCode, elapsed: Duration) {
        self.requests.with_label_values(&[method, route, status.as_str()]).inc();
        self.request_seconds.with_label_values(&[method, route]).observe(elapsed.as_secs_f64());
    }

    /// A request came too often.
    pub fn limited(&self, scope: &str) {
        self.limited.with_label_values(&[scope]).inc();
    }

    /// The node connection was made.
    pub fn node_connected(&self) {
        self.node_connected.inc();
        self.node_connections.inc();
    }

    /// The node connection was lost.
    pub fn node_disconnected(&self) {
        self.node_connected.dec();
    }

    /// A procedure call ended.
    pub fn node_called(&self, procedure: &str, outcome: &str, elapsed: Duration) {
        self.node_calls.with_label_values(&[procedure, outcome]).inc();
        self.node_call_seconds.with_label_values(&[procedure]).observe(elapsed.as_secs_f64());
    }

    /// An upload of this size was answered with success.
    pub fn uploaded(&self, bytes: u64) {
        self.upload_bytes.inc_by(bytes);
    }

    /// The sweeper removed something of this kind.
    pub fn swept(&self, kind: &str, count: usize) {
        self.swept.with_label_values(&[kind]).inc_by(count as u64);
    }
}
