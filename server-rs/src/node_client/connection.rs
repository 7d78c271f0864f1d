//! Keeps one SDK connection to the node up: connects, notices a loss, connects again with growing delays.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use backon::{ExponentialBuilder, Retryable};
use secrecy::{ExposeSecret, SecretString};
use spacetimedb_sdk::{Compression, DbContext, Identity};
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;
use worldloom_client::DbConnection;

use crate::config::NodeConfig;
use crate::metrics::Metrics;

/// Longest that one step of connecting may take.
const STEP_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that the node has greeted.
pub(super) struct Connection {
    pub db: Arc<DbConnection>,
    pub identity: Identity,
    /// Cancelled when the connection is no more.
    pub lost: CancellationToken,
}

/// The task that owns the connection.
pub(super) struct Keeper {
    /// Counts the connections from 0. They are made together, so the log says so of the first only.
    number: usize,
    url: String,
    database: String,
    token: SecretString,
    http: reqwest::Client,
    delays: ExponentialBuilder,
    delay_min: Duration,
    current: watch::Sender<Option<Arc<Connection>>>,
    metrics: Metrics,
}

impl Keeper {
    pub fn new(
        number: usize,
        config: &NodeConfig,
        token: SecretString,
        http: reqwest::Client,
        metrics: Metrics,
    ) -> (Self, watch::Receiver<Option<Arc<Connection>>>) {
        let (current, connection) = watch::channel(None);
        let delay_min = Duration::from_millis(config.reconnect_delay_min_ms);
        let delays = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(delay_min)
            .with_max_delay(Duration::from_millis(config.reconnect_delay_max_ms))
            .without_max_times();
        let keeper = Self {
            number,
            url: config.url.clone(),
            database: config.database.clone(),
            token,
            http,
            delays,
            delay_min,
            current,
            metrics,
        };
        (keeper, connection)
    }

    /// Keeps the connection up until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let connecting = (|| self.connect()).retry(self.delays).notify(|error, delay| {
                if self.number == 0 {
                    let delay_ms = delay.as_millis();
                    tracing::warn!(error = format!("{error:#}"), delay_ms, "The node cannot be reached; trying again");
                }
            });
            let connection = tokio::select! {
                connection = connecting => connection,
                () = stop.cancelled() => return,
            };
            if let Ok(connection) = connection {
                self.hold(connection, &stop).await;
            }
            // A node that greets and hangs up at once must not be asked again without pause.
            tokio::time::sleep(self.delay_min).await;
        }
    }

    /// Lends the connection out until it is lost or no longer wanted.
    async fn hold(&self, connection: Connection, stop: &CancellationToken) {
        if self.number == 0 {
            tracing::info!(identity = %connection.identity, database = self.database, "Connected to the node");
        }
        self.metrics.node_connected();
        let connection = Arc::new(connection);
        self.current.send_replace(Some(connection.clone()));
        tokio::select! {
            () = connection.lost.cancelled() => tracing::warn!(number = self.number, "The connection to the node was lost"),
            () = stop.cancelled() => {
                // An error only says that the connection has ended already.
                let _ = connection.db.disconnect();
                let _ = tokio::time::timeout(STEP_TIMEOUT, connection.lost.cancelled()).await;
            }
        }
        self.current.send_replace(None);
        self.metrics.node_disconnected();
    }

    async fn connect(&self) -> anyhow::Result<Connection> {
        self.ping().await.context("the node does not answer")?;
        let (greeted, greeting) = oneshot::channel();
        let builder = DbConnection::builder()
            .with_uri(self.url.as_str())
            .with_database_name(self.database.as_str())
            .with_token(Some(self.token.expose_secret()))
            .with_compression(Compression::None)
            .with_confirmed_reads(true)
            .on_connect(move |_, identity, _| {
                // Nobody waits any more if the greeting came too late.
                let _ = greeted.send(identity);
            });
        // Building blocks its thread until the WebSocket stands.
        let building = tokio::task::spawn_blocking(move || builder.build());
        let db = tokio::time::timeout(STEP_TIMEOUT, building).await.context("no WebSocket in time")???;
        let lost = CancellationToken::new();
        let db = Arc::new(db);
        let running = run(db.clone(), lost.clone());
        match tokio::time::timeout(STEP_TIMEOUT, greeting).await {
            Ok(Ok(identity)) => Ok(Connection { db, identity, lost }),
            _ => {
                running.abort();
                anyhow::bail!("the node did not greet the connection: is the database there, and the token its own?")
            }
        }
    }

    /// Asks for a sign of life first, with a time-out, because the SDK's connecting has none of its own.
    async fn ping(&self) -> anyhow::Result<()> {
        let url = format!("{}/v1/ping", self.url.trim_end_matches('/'));
        self.http.get(url).timeout(STEP_TIMEOUT).send().await?.error_for_status()?;
        Ok(())
    }
}

/// Drives the connection in a task; `lost` is cancelled when the task ends in whatever way, because the SDK panics
/// when it must answer a request on a socket that has just gone.
fn run(db: Arc<DbConnection>, lost: CancellationToken) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let _lost_at_end = lost.drop_guard();
        if let Err(error) = db.run_async().await {
            tracing::warn!(%error, "The connection to the node failed");
        }
    })
}
