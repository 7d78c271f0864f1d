//! The route, and the connections on which its calls take turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context;
use axum::Json;
use futures::future::try_join_all;
use secrecy::ExposeSecret;
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

use crate::module_bindings::{DbConnection, transfer_and_return as _};

/// What the call is named in the facade's figures.
const CALL: &str = "transfer_and_return";
/// How long the node may take to greet.
const GREETING: Duration = Duration::from_secs(10);

/// The connections. Clones share them.
#[derive(Clone)]
pub struct Transfers {
    connections: Arc<[Arc<DbConnection>]>,
    turn: Arc<AtomicUsize>,
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
    /// Connects as the facade does: as often as it is configured to, and with the service's token.
    pub async fn connect(config: &NodeConfig, is_confirmed: bool, metrics: Metrics) -> anyhow::Result<Self> {
        let connections = (0..config.connections).map(|_| connect(config, is_confirmed));
        let connections = try_join_all(connections).await?.into();
        Ok(Self { connections, turn: Arc::default(), call_timeout: config.call_timeout(), metrics })
    }

    async fn make(&self, transfer: &Transfer) -> Result<Result<(), String>, CallError> {
        let (sender, answer) = oneshot::channel();
        let Transfer { from, to, amount } = *transfer;
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.connections.len();
        // The caller may have given up waiting.
        self.connections[turn].procedures.transfer_and_return_then(from, to, amount, move |_, outcome| {
            drop(sender.send(outcome));
        });
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

/// A connection that calls nothing but procedures, whose results the node hands out without its worker for rows.
async fn connect(config: &NodeConfig, is_confirmed: bool) -> anyhow::Result<Arc<DbConnection>> {
    let (greeted, greeting) = oneshot::channel();
    let token = config.read_service_token()?;
    let builder = DbConnection::builder()
        .with_uri(config.url.as_str())
        .with_database_name(config.database.as_str())
        .with_token(Some(token.expose_secret()))
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
    Ok(connection)
}
