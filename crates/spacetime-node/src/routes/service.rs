//! Health, metrics and the small routes that tools of the official server ask for.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use prometheus::{Encoder, Registry, TextEncoder};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use spacetimedb_core::metrics::ENGINE_METRICS;
use spacetimedb_core::worker_metrics::WORKER_METRICS;
use spacetimedb_datastore::db_metrics::DB_METRICS;
use spacetimedb_datastore::db_metrics::data_size::DATA_SIZE_METRICS;
use spacetimedb_lib::Timestamp;
use spacetimedb_lib::ser::Serialize;
use spacetimedb_lib::ser::serde::SerializeWrapper;

use super::identity::parse_identity;
use crate::error::ApiError;
use crate::node::Node;

/// The process answers: liveness.
pub(super) async fn ping() {}

#[derive(serde::Serialize)]
pub(super) struct Health {
    version: &'static str,
    ready: bool,
    databases: usize,
    failed_databases: usize,
}

/// The node can take work: readiness. A database that cannot start is counted, but does not
/// make the others unreachable.
pub(super) async fn health(State(node): State<Arc<Node>>) -> (StatusCode, Json<Health>) {
    let health = Health {
        version: env!("CARGO_PKG_VERSION"),
        ready: node.is_ready(),
        databases: node.control.databases().len(),
        failed_databases: node.failures.read().len(),
    };
    let status = if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health))
}

/// Prometheus text of the engine's metrics.
pub(super) async fn metrics() -> Result<impl IntoResponse, ApiError> {
    let registry = Registry::new();
    for group in collectors() {
        registry.register(group).map_err(ApiError::internal)?;
    }
    let mut text = Vec::new();
    TextEncoder::new().encode(&registry.gather(), &mut text).map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text))
}

fn collectors() -> [Box<dyn prometheus::core::Collector>; 4] {
    [Box::new(&*WORKER_METRICS), Box::new(&*ENGINE_METRICS), Box::new(&*DB_METRICS), Box::new(&*DATA_SIZE_METRICS)]
}

/// The node itself as a Prometheus scrape target, at the address that the caller used.
pub(super) async fn scrape_targets(headers: HeaderMap) -> Json<Value> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    Json(json!([{ "targets": [host], "labels": { "__metrics_path__": "/v1/metrics" } }]))
}

/// This node does not meter energy; everybody has as much as can be written down.
pub(super) async fn energy(Path(identity): Path<String>) -> Result<Json<Value>, ApiError> {
    parse_identity(&identity)?;
    Ok(Json(json!({ "balance": i64::MAX.to_string() })))
}

pub(super) async fn refuse_energy() -> ApiError {
    let sentence = "This node does not meter energy, so that there is no balance to set.";
    ApiError::new(StatusCode::NOT_IMPLEMENTED, "energy_disabled", sentence)
}

pub(super) async fn timestamp() -> Result<SatsJson, ApiError> {
    sats_json(&Timestamp::now()).map(Json)
}

/// A value in the engine's JSON encoding, as text.
pub(super) type SatsJson = Json<Box<RawValue>>;

/// Encodes a value in the engine's JSON encoding, where sums are objects with a single key. It
/// stays text from then on: a JSON tree could not hold integers of 128 bits.
pub(super) fn sats_json<T: Serialize + ?Sized>(value: &T) -> Result<Box<RawValue>, ApiError> {
    serde_json::value::to_raw_value(SerializeWrapper::from_ref(value)).map_err(ApiError::internal)
}
