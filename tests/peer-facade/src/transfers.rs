//! The route, and the connection that its calls go over.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Json;
use serde::{Deserialize, Serialize};
use spacetimedb_sdk::Compression;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use worldloom_facade::auth::Player;
use worldloom_facade::config::NodeConfig;
use worldloom_facade::metrics::Metrics;
use worldloom_facade::node_client::CallError;
use worldloom_facade::problem::{Problem, ProblemCode};
use worldloom_facade::routes::extract;

use crate::module_bindings::{DbConnection, transfer as _};

/// What the call is named in the facade's figures.
const CALL: &str = "transfer";
/// How long the node may take to greet.
const GREETING: Duration = Duration::from_secs(10);

/// The connection. Clones share it.
#[derive(Clone)]
pub struct Transfers {
    connection: Arc<DbConnection>,
    call_timeout: Duration,
    metrics: Metrics,
}

/// Who pays whom, and how much.
#[derive(Deserialize)]
pub struct Transfer {
    from: u32,
    to: u32,
    amount: u32,
}

/// What came of it.
#[derive(Serialize)]
pub struct Outcome {
    outcome: &'static str,
}

impl Transfers {
    /// Connects as the facade does.
    pub async fn connect(config: &NodeConfig, is_confirmed: bool, metrics: Metrics) -> anyhow::Result<Self> {
        let (greeted, greeting) = oneshot::channel();
        let builder = DbConnection::builder()
            .with_uri(config.url.as_str())
            .with_database_name(config.database.as_str())
            .with_compression(Compression::None)
            .with_confirmed_reads(is_confirmed)
            // Nobody waits any more if the greeting comes too late.
            .on_connect(move |_, _, _| {
                let _ = greeted.send(());
            });
        // Building blocks its thread until the WebSocket stands.
        let connection = Arc::new(tokio::task::spawn_blocking(move || builder.build()).await??);
        let running = connection.clone();
        tokio::spawn(async move {
            if let Err(error) = running.run_async().await {
                eprintln!("the connection to the node failed: {error}");
            }
        });
        timeout(GREETING, greeting).await.context("the node does not greet")??;
        Ok(Self { connection, call_timeout: config.call_timeout(), metrics })
    }

    async fn make(&self, transfer: &Transfer) -> Result<Result<(), String>, CallError> {
        let (sender, answer) = oneshot::channel();
        let Transfer { from, to, amount } = *transfer;
        // The caller may have given up waiting.
        let sent = self.connection.reducers.transfer_then(from, to, amount, move |_, outcome| {
            drop(sender.send(outcome));
        });
        sent.map_err(|_| CallError::Unavailable)?;
        match timeout(self.call_timeout, answer).await {
            Ok(Ok(Ok(outcome))) => Ok(outcome),
            Ok(Ok(Err(error))) => Err(CallError::Failed { procedure: CALL, cause: error.to_string() }),
            _ => Err(CallError::OutcomeUnknown { procedure: CALL }),
        }
    }

    /// Makes a transfer in the name of whoever proves to be somebody; answers when the node has.
    pub async fn answer(
        &self,
        _player: Player,
        extract::Json(transfer): extract::Json<Transfer>,
    ) -> Result<Json<Outcome>, Problem> {
        let started = Instant::now();
        let outcome = self.make(&transfer).await;
        let label = if outcome.is_ok() { "ok" } else { "failed" };
        self.metrics.node_called(CALL, label, started.elapsed());
        outcome?.map_err(|refusal| Problem::new(ProblemCode::Conflict, refusal))?;
        Ok(Json(Outcome { outcome: "done" }))
    }
}
