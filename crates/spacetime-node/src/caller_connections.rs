//! Connections, as modules see them, of callers over HTTP.
//!
//! A module learns who calls from the connection that the call comes in by, so a call over HTTP
//! needs one too. Opening and closing it costs a transaction each, twice as much as a small
//! reducer. Therefore a caller's connection is kept while its TCP connection lives and is in use,
//! and serves all calls with the same token to the same database.
//!
//! A module with a reducer for connecting or disconnecting clients would notice, and might want
//! to refuse the next call of a caller whom it has just banned. There, each call has a connection
//! of its own, as on the official server.

use std::convert::Infallible;
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use spacetimedb_core::host::module_host::ClientConnectedError;
use spacetimedb_core::host::{HostController, ModuleHost};
use spacetimedb_lib::db::raw_def::v9::Lifecycle;
use spacetimedb_lib::{ConnectionId, Identity};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::node::{Hosted, Node};
use crate::websocket::fresh_connection_id;

/// Connections kept for one TCP connection. Only proxies carry more callers over one; theirs
/// beyond this number get a connection for each call.
const KEPT_MAX: usize = 64;

/// The connections that belong to one TCP connection.
#[derive(Clone)]
pub struct CallerConnections(Arc<Shared>);

struct Shared {
    /// Unused connections are closed after this time; zero keeps none at all.
    idle_timeout: Duration,
    kept: Mutex<Vec<Arc<Kept>>>,
    /// Counts for as long as somebody may call, and until what was kept is closed.
    under_way: TaskTrackerToken,
}

/// An open connection. It is in use while somebody beside the list holds it.
struct Kept {
    replica_id: u64,
    token: Arc<str>,
    identity: Identity,
    connection_id: ConnectionId,
    controller: HostController,
    /// Ends when the database forgets its connections: when it stops, or its new module disconnects everybody.
    forgotten: JoinHandle<()>,
    last_used: parking_lot::Mutex<Instant>,
}

impl CallerConnections {
    /// No connections yet; unused ones will be closed after `idle_timeout`. `under_way` waits for
    /// calls within them, also when the caller has gone meanwhile, and until all are closed.
    pub fn new(idle_timeout: Duration, under_way: &TaskTracker) -> Self {
        Self(Arc::new(Shared { idle_timeout, kept: Mutex::default(), under_way: under_way.token() }))
    }

    /// Runs a call within the caller's connection. Not to be cancelled, since a connection that
    /// is being opened would then stay open: run it in a task of its own.
    ///
    /// Errors: those of the call, and the module's refusal of the connection.
    pub async fn within<T>(
        &self,
        node: &Node,
        hosted: &Hosted,
        caller: &Caller,
        call: impl AsyncFnOnce(ConnectionId) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        // An anonymous caller is somebody new each time.
        let keeps = !self.0.idle_timeout.is_zero() && caller.authenticated && !notices_connections(&hosted.module);
        if keeps && let Some(kept) = self.kept(node, hosted, caller).await? {
            return call(kept.connection_id).await;
        }
        let connection_id = open(&hosted.module, caller).await?;
        let outcome = call(connection_id).await;
        close(&hosted.module, caller.identity, connection_id).await;
        outcome
    }

    /// The kept connection, opened if need be; none when there are too many already.
    async fn kept(&self, node: &Node, hosted: &Hosted, caller: &Caller) -> Result<Option<Arc<Kept>>, ApiError> {
        let replica_id = hosted.record.replica_id;
        let mut list = self.0.kept.lock().await;
        list.retain(|kept| kept.is_known());
        if let Some(kept) = list.iter().find(|kept| kept.replica_id == replica_id && kept.token == caller.token.token) {
            *kept.last_used.lock() = Instant::now();
            return Ok(Some(kept.clone()));
        }
        if list.len() >= KEPT_MAX {
            return Ok(None);
        }
        let Ok(module) = node.controller.watch_module_host(replica_id).await else { return Ok(None) };
        let kept = Arc::new(Kept {
            replica_id,
            token: caller.token.token.clone(),
            identity: caller.identity,
            connection_id: open(&hosted.module, caller).await?,
            controller: node.controller.clone(),
            forgotten: tokio::spawn(watch_to_the_end(module)),
            last_used: parking_lot::Mutex::new(Instant::now()),
        });
        if list.is_empty() {
            tokio::spawn(close_idle(Arc::downgrade(&self.0)));
        }
        list.push(kept.clone());
        Ok(Some(kept))
    }
}

impl Kept {
    fn is_known(&self) -> bool {
        !self.forgotten.is_finished()
    }

    fn is_idle(self: &Arc<Self>, timeout: Duration) -> bool {
        Arc::strong_count(self) == 1 && self.last_used.lock().elapsed() >= timeout
    }

    async fn close(&self) {
        if self.is_known()
            && let Ok(module) = self.controller.get_module_host(self.replica_id).await
        {
            close(&module, self.identity, self.connection_id).await;
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.forgotten.abort();
    }
}

/// Follows a database's module through hot swaps. It is held no longer than the engine holds it, because a database
/// that has failed cannot be opened anew while somebody has its module.
async fn watch_to_the_end(mut module: watch::Receiver<ModuleHost>) {
    while module.changed().await.is_ok() {}
}

impl Drop for Shared {
    /// The TCP connection is gone, and with it whoever could use these.
    fn drop(&mut self) {
        let kept = std::mem::take(self.kept.get_mut());
        if let (false, Ok(runtime)) = (kept.is_empty(), tokio::runtime::Handle::try_current()) {
            let under_way = self.under_way.clone();
            runtime.spawn(async move {
                for kept in kept {
                    kept.close().await;
                }
                drop(under_way);
            });
        }
    }
}

/// Closes what nobody uses, until nothing is left.
async fn close_idle(shared: Weak<Shared>) {
    while let Some(timeout) = shared.upgrade().map(|shared| shared.idle_timeout) {
        sleep(timeout).await;
        let Some(shared) = shared.upgrade() else { return };
        let mut list = shared.kept.lock().await;
        for idle in list.extract_if(.., |kept| kept.is_idle(timeout)) {
            idle.close().await;
        }
        if list.is_empty() {
            return;
        }
    }
}

fn notices_connections(module: &ModuleHost) -> bool {
    let has = |lifecycle| module.info().module_def.lifecycle_reducer(lifecycle).is_some();
    has(Lifecycle::OnConnect) || has(Lifecycle::OnDisconnect)
}

async fn open(module: &ModuleHost, caller: &Caller) -> Result<ConnectionId, ApiError> {
    let connection_id = fresh_connection_id();
    module.call_identity_connected(caller.auth.clone(), connection_id).await.map_err(refused)?;
    Ok(connection_id)
}

async fn close(module: &ModuleHost, identity: Identity, connection_id: ConnectionId) {
    if let Err(cause) = module.call_identity_disconnected(identity, connection_id).await {
        // The calls themselves are done; their outcomes stand.
        tracing::warn!("The connection of a caller over HTTP was not closed cleanly: {cause}");
    }
}

fn refused(cause: ClientConnectedError) -> ApiError {
    match cause {
        ClientConnectedError::Rejected(reason) => {
            ApiError::new(StatusCode::FORBIDDEN, "connection_rejected", reason.into_string())
        }
        ClientConnectedError::OutOfEnergy => ApiError::out_of_energy(),
        other => ApiError::internal(other),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CallerConnections {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let connections = parts.extensions.get::<Self>().cloned();
        Ok(connections.unwrap_or_else(|| Self::new(Duration::ZERO, &TaskTracker::new())))
    }
}
