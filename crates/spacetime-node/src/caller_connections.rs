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
use tokio::sync::{OnceCell, watch};
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
    /// Never locked while a database is waited for, since callers of others would wait with it.
    list: parking_lot::Mutex<List>,
    /// Counts for as long as somebody may call, and until what was kept is closed.
    under_way: TaskTrackerToken,
}

#[derive(Default)]
struct List {
    kept: Vec<Arc<Kept>>,
    /// Whether a task closes what nobody uses.
    is_looked_after: bool,
}

/// The place of a connection, which its first caller opens. It is in use while somebody beside the list holds it.
struct Kept {
    replica_id: u64,
    token: Arc<str>,
    opened: OnceCell<Opened>,
    last_used: parking_lot::Mutex<Instant>,
}

/// An open connection.
struct Opened {
    identity: Identity,
    connection_id: ConnectionId,
    controller: HostController,
    /// Ends when the database forgets its connections: when it stops, or its new module disconnects everybody.
    forgotten: JoinHandle<()>,
}

impl CallerConnections {
    /// No connections yet; unused ones will be closed after `idle_timeout`. `under_way` waits for
    /// calls within them, also when the caller has gone meanwhile, and until all are closed.
    pub fn new(idle_timeout: Duration, under_way: &TaskTracker) -> Self {
        Self(Arc::new(Shared { idle_timeout, list: parking_lot::Mutex::default(), under_way: under_way.token() }))
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
        if keeps
            && let Some(kept) = self.0.place(hosted.record.replica_id, &caller.token.token)
            && let Some(opened) = kept.opened(node, hosted, caller).await?
        {
            return call(opened.connection_id).await;
        }
        let connection_id = open(&hosted.module, caller).await?;
        let outcome = call(connection_id).await;
        close(&hosted.module, caller.identity, connection_id).await;
        outcome
    }
}

impl Shared {
    /// The place of a caller's connection to a database; none when there are too many already.
    fn place(self: &Arc<Self>, replica_id: u64, token: &Arc<str>) -> Option<Arc<Kept>> {
        let mut list = self.list.lock();
        list.kept.retain(|kept| kept.is_of_use());
        if let Some(kept) = list.kept.iter().find(|kept| kept.replica_id == replica_id && kept.token == *token) {
            *kept.last_used.lock() = Instant::now();
            return Some(kept.clone());
        }
        if list.kept.len() >= KEPT_MAX {
            return None;
        }
        let last_used = parking_lot::Mutex::new(Instant::now());
        let kept = Arc::new(Kept { replica_id, token: token.clone(), opened: OnceCell::new(), last_used });
        list.kept.push(kept.clone());
        if !std::mem::replace(&mut list.is_looked_after, true) {
            tokio::spawn(close_idle(Arc::downgrade(self)));
        }
        Some(kept)
    }

    /// Takes what nobody uses off the list; nothing once the list is empty and not looked after any more.
    fn take_idle(&self) -> Option<Vec<Arc<Kept>>> {
        let mut list = self.list.lock();
        list.is_looked_after = !list.kept.is_empty();
        list.is_looked_after.then(|| list.kept.extract_if(.., |kept| kept.is_idle(self.idle_timeout)).collect())
    }
}

impl Kept {
    /// The connection, opened if need be. Callers with the same token wait for the one that opens it. None when the
    /// database has stopped.
    async fn opened(&self, node: &Node, hosted: &Hosted, caller: &Caller) -> Result<Option<&Opened>, ApiError> {
        let open = || Opened::open(node, hosted, caller);
        let opened = self.opened.get_or_try_init(open).await;
        opened.map(Some).or_else(|refused| refused.map_or(Ok(None), Err))
    }

    /// Not once the database has forgotten the connection, nor when whoever was to open it could not.
    fn is_of_use(self: &Arc<Self>) -> bool {
        self.opened.get().map_or_else(|| Arc::strong_count(self) > 1, Opened::is_known)
    }

    fn is_idle(self: &Arc<Self>, timeout: Duration) -> bool {
        Arc::strong_count(self) == 1 && self.last_used.lock().elapsed() >= timeout
    }

    async fn close(&self) {
        if let Some(opened) = self.opened.get()
            && opened.is_known()
            && let Ok(module) = opened.controller.get_module_host(self.replica_id).await
        {
            close(&module, opened.identity, opened.connection_id).await;
        }
    }
}

impl Opened {
    /// Errors: the module's refusal, or nothing when the database has stopped.
    async fn open(node: &Node, hosted: &Hosted, caller: &Caller) -> Result<Self, Option<ApiError>> {
        let module = node.controller.watch_module_host(hosted.record.replica_id).await;
        let module = module.map_err(|_| None::<ApiError>)?;
        Ok(Self {
            identity: caller.identity,
            connection_id: open(&hosted.module, caller).await.map_err(Some)?,
            controller: node.controller.clone(),
            forgotten: tokio::spawn(watch_to_the_end(module)),
        })
    }

    fn is_known(&self) -> bool {
        !self.forgotten.is_finished()
    }
}

impl Drop for Opened {
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
        let kept = std::mem::take(&mut self.list.get_mut().kept);
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
        let Some(idle) = shared.take_idle() else { return };
        for kept in idle {
            kept.close().await;
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
