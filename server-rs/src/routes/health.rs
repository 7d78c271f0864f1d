//! Whether the facade lives, whether it can do its work, and its figures.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::app::App;
use crate::node_client::{CallError, NodeClient};
use crate::objects::ObjectStore;
use crate::problem::{Problem, ProblemCode};

/// Anybody may ask for readiness; the node is asked this often at most.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// The facade lives.
#[derive(Serialize, ToSchema)]
pub struct Alive {
    #[schema(example = "alive")]
    status: &'static str,
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// The facade can do its work.
#[derive(Clone, Serialize, ToSchema)]
pub struct Ready {
    #[schema(example = "ready")]
    status: &'static str,
    /// Name of the database that the node answers for.
    #[schema(example = "worldloom")]
    database: String,
    /// Time of the procedure call that proved it, there and back, in microseconds.
    #[schema(example = 840)]
    node_round_trip_us: u64,
}

/// What was found, and when.
type Judgement = (Instant, Result<Ready, Problem>);

/// Asks node and store, and remembers the answer for a moment. Clones share it.
#[derive(Clone)]
pub struct Readiness {
    node: NodeClient,
    store: ObjectStore,
    database: Arc<str>,
    last: Arc<Mutex<Option<Judgement>>>,
}

impl Readiness {
    /// Judges this node connection and this store.
    pub fn new(node: NodeClient, store: ObjectStore, database: &str) -> Self {
        Self { node, store, database: database.into(), last: Arc::default() }
    }

    async fn probe(&self) -> Result<Ready, Problem> {
        let mut last = self.last.lock().await;
        if let Some((at, outcome)) = &*last
            && at.elapsed() < PROBE_INTERVAL
        {
            return outcome.clone();
        }
        let outcome = self.probe_now().await;
        *last = Some((Instant::now(), outcome.clone()));
        outcome
    }

    async fn probe_now(&self) -> Result<Ready, Problem> {
        self.store.check().await?;
        let started = Instant::now();
        let answer = tokio::time::timeout(PROBE_TIMEOUT, self.node.probe()).await;
        match answer.unwrap_or(Err(CallError::Unavailable)) {
            Ok(()) => Ok(Ready {
                status: "ready",
                database: self.database.to_string(),
                node_round_trip_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
            }),
            Err(CallError::Refused(refusal)) => {
                tracing::warn!(%refusal.message, "The node refuses the facade's own calls");
                let problem = Problem::new(
                    ProblemCode::NodeUnavailable,
                    "The node answers, but the facade's identity lacks the Service role. An Admin grants it with \
                     the reducer grant_role.",
                );
                let identity = self.node.identity().map(|identity| json!(identity.to_hex().to_string()));
                Err(problem.with("facade_identity", identity.unwrap_or_default()))
            }
            Err(_) => {
                let problem = Problem::new(
                    ProblemCode::NodeUnavailable,
                    "The node does not answer. Check that it runs and has the database.",
                );
                let silent = self.node.silent_for().map(|silent| json!(silent.as_secs()));
                Err(problem.with("node_silent_for_s", silent.unwrap_or_default()))
            }
        }
    }
}

/// Says that the process runs; nothing else is looked at.
#[utoipa::path(get, path = "/health/live", tag = "service", operation_id = "read_liveness", security(()), responses((status = 200, body = Alive)))]
pub async fn live() -> Json<Alive> {
    Json(Alive { status: "alive", version: env!("CARGO_PKG_VERSION") })
}

/// Says whether requests can be served: the store answers, and the node answers a procedure call.
#[utoipa::path(
    get, path = "/health/ready", tag = "service", operation_id = "read_readiness",
    security(()),
    responses(
        (status = 200, body = Ready),
        (status = 503),
    )
)]
pub async fn ready(State(app): State<App>) -> Result<Json<Ready>, Problem> {
    app.readiness.probe().await.map(Json)
}

/// The facade's figures in Prometheus' text format.
#[utoipa::path(
    get, path = "/metrics", tag = "service", operation_id = "read_metrics",
    security(()),
    responses((status = 200, description = "The figures", body = String, content_type = "text/plain",
         example = "worldloom_node_connected 1\n"))
)]
pub async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let text = app.metrics.render().map_err(|error| {
        tracing::error!(%error, "The figures cannot be written");
        Problem::internal()
    })?;
    Ok(([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response())
}
