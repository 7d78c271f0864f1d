//! The game module as the facade sees it: procedures over a few long-lived connections, on which calls take turns. The
//! first also has the subscriptions.
//!
//! One connection would do, since the node has many of its calls under way at a time. With several, it is not one task
//! here and one at the node that carry all messages; results beside no subscriptions need not wait for the engine's
//! worker that keeps rows in order; and while one connection is lost, calls go over the others.
//!
//! A call waits a bounded time for a connection, and a bounded time for its answer. When the connection is lost in
//! between, the call fails as [`CallError::OutcomeUnknown`]; it is never sent twice from here, because only the
//! caller knows whether it may be repeated.

mod connection;
mod creation;
mod generation;
mod live;
mod logins;
mod procedures;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use secrecy::SecretString;
use spacetimedb_sdk::__codegen::InternalError;
use spacetimedb_sdk::Identity;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use worldloom_client::{DomainError, DomainErrorCode, RemoteProcedures};

use crate::config::NodeConfig;
use crate::metrics::Metrics;
use crate::telemetry::traces;
use connection::{Connection, Keeper};

pub use live::{Live, WorkNews};
pub use procedures::sdk_uuid;

/// Why a procedure call gave no record.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The module refused; nothing changed.
    #[error("{}", .0.message)]
    Refused(DomainError),
    /// There was no connection to send the call on; nothing changed.
    #[error("the node cannot be reached")]
    Unavailable,
    /// The call was sent and no answer came. It may or may not have had its effect.
    #[error("no answer came from the node to {procedure}")]
    OutcomeUnknown {
        /// Name of the procedure.
        procedure: &'static str,
    },
    /// The engine reports that the procedure broke down. What it had committed stays.
    #[error("{procedure} broke down in the node: {cause}")]
    Failed {
        /// Name of the procedure.
        procedure: &'static str,
        /// The engine's message, for the log.
        cause: String,
    },
}

impl CallError {
    /// Whether the call may have had its effect, so that only repeating it tells.
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self, Self::OutcomeUnknown { .. } | Self::Failed { .. })
    }

    /// Whether the module has refused because there is no such thing.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(DomainError { code: DomainErrorCode::NotFound, .. }))
    }

    fn label(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Unavailable => "unavailable",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
            Self::Failed { .. } => "failed",
        }
    }
}

/// What a procedure sends back: the engine's failure, or the module's record or refusal.
type Answer<T> = Result<Result<T, DomainError>, InternalError>;

/// The connections to the game module, kept up in the background. Clones share them.
#[derive(Clone)]
pub struct NodeClient {
    connections: Arc<[watch::Receiver<Option<Arc<Connection>>>]>,
    turn: Arc<AtomicUsize>,
    last_answer: Arc<watch::Sender<Option<Instant>>>,
    call_timeout: Duration,
    connect_wait: Duration,
    metrics: Metrics,
}

impl NodeClient {
    /// Begins to connect, and stays connected until `stop`. Returns at once, whether or not the node is there.
    pub fn start(
        config: &NodeConfig,
        token: SecretString,
        http: reqwest::Client,
        metrics: Metrics,
        stop: CancellationToken,
    ) -> Self {
        let keep_one = |number| {
            let (keeper, connection) = Keeper::new(number, config, token.clone(), http.clone(), metrics.clone());
            tokio::spawn(keeper.run(stop.clone()));
            connection
        };
        Self {
            connections: (0..config.connections).map(keep_one).collect(),
            turn: Arc::default(),
            last_answer: Arc::new(watch::Sender::new(None)),
            call_timeout: config.call_timeout(),
            connect_wait: config.connect_wait(),
            metrics,
        }
    }

    /// The identity that the node knows the facade by, while connected.
    pub fn identity(&self) -> Option<Identity> {
        self.connections.iter().find_map(standing).map(|connection| connection.identity)
    }

    /// How long ago the node last answered a call; `None` if it never has.
    pub fn silent_for(&self) -> Option<Duration> {
        self.last_answer.borrow().map(|at| at.elapsed())
    }

    /// Sends one call and waits for its answer.
    async fn call<T, S>(&self, procedure: &'static str, send: S) -> Result<T, CallError>
    where
        S: FnOnce(&RemoteProcedures, oneshot::Sender<Answer<T>>),
    {
        let started = Instant::now();
        let span = traces::node_call(procedure);
        let outcome = self.call_once(procedure, send).instrument(span.clone()).await;
        let label = outcome.as_ref().map_or_else(CallError::label, |_| "ok");
        traces::node_called(&span, label);
        self.metrics.node_called(procedure, label, started.elapsed());
        outcome
    }

    async fn call_once<T, S>(&self, procedure: &'static str, send: S) -> Result<T, CallError>
    where
        S: FnOnce(&RemoteProcedures, oneshot::Sender<Answer<T>>),
    {
        let connection = self.connected().await.ok_or(CallError::Unavailable)?;
        let (sender, answer) = oneshot::channel();
        send(&connection.db.procedures, sender);
        let answer = tokio::select! {
            biased;
            answer = answer => answer.ok(),
            () = connection.lost.cancelled() => None,
            () = tokio::time::sleep(self.call_timeout) => None,
        };
        let answer = answer.ok_or(CallError::OutcomeUnknown { procedure })?;
        self.last_answer.send_replace(Some(Instant::now()));
        match answer {
            Ok(record) => record.map_err(CallError::Refused),
            Err(error) => Err(CallError::Failed { procedure, cause: error.to_string() }),
        }
    }

    /// The next connection that stands, or the next to stand.
    async fn connected(&self) -> Option<Arc<Connection>> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.connections.len();
        let (before, from) = self.connections.split_at(turn);
        if let Some(connection) = from.iter().chain(before).find_map(standing) {
            return Some(connection);
        }
        tokio::time::timeout(self.connect_wait, stands(self.connections[turn].clone())).await.ok()?
    }
}

fn standing(connection: &watch::Receiver<Option<Arc<Connection>>>) -> Option<Arc<Connection>> {
    connection.borrow().as_ref().filter(|connection| !connection.lost.is_cancelled()).cloned()
}

/// Waits until the connection stands; `None` if it is no longer kept up.
async fn stands(mut connection: watch::Receiver<Option<Arc<Connection>>>) -> Option<Arc<Connection>> {
    let is_standing = |now: &Option<Arc<Connection>>| now.as_ref().is_some_and(|now| !now.lost.is_cancelled());
    connection.wait_for(is_standing).await.ok()?.clone()
}
