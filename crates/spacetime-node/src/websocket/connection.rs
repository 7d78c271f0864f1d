//! One client's connection, from the finished handshake to its last trace in the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use spacetimedb_client_api_messages::websocket::{v1, v2};
use spacetimedb_core::client::messages::SerializableMessage;
use spacetimedb_core::client::{
    ClientActorId, ClientConnection, ClientConnectionReceiver, OutboundMessage, SessionReservation, WsVersion,
};
use spacetimedb_core::host::ModuleHost;
use spacetimedb_core::host::module_host::ClientConnectedError;
use spacetimedb_core::worker_metrics::{ClientRejectCause, record_client_rejection};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig as TungsteniteConfig};

use super::ending::Ending;
use super::queries::Queries;
use super::{Negotiated, inbound, outbound};
use crate::auth::Caller;
use crate::config::WebSocketConfig;
use crate::control::DatabaseRecord;
use crate::node::Node;
use crate::unwatched_views::Watcher;

/// A client's socket.
pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Tungstenite allocates this much for reading, for every connection and for good. Most
/// messages are smaller; larger ones take more reads, not more memory.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// A request for a subscription that the node has agreed to.
pub struct Accepted {
    /// The node.
    pub node: Arc<Node>,
    /// The database to subscribe to.
    pub record: DatabaseRecord,
    /// Its module, through hot swaps.
    pub module: watch::Receiver<ModuleHost>,
    /// Who subscribes.
    pub caller: Caller,
    /// How.
    pub negotiated: Negotiated,
}

/// Serves a connection to its end. Runs in a task of its own.
pub async fn serve(accepted: Accepted, upgrade: OnUpgrade) {
    let database = accepted.record.database.database_identity;
    let upgraded = match upgrade.await {
        Ok(upgraded) => upgraded,
        Err(cause) => {
            tracing::debug!("A connection broke before its first message: {cause}");
            record_client_rejection(database, ClientRejectCause::WebsocketUpgradeError);
            return;
        }
    };
    let limits = accepted.node.config.websocket.clone();
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(framing(&limits))).await;
    open(accepted, socket, limits).await;
}

fn framing(limits: &WebSocketConfig) -> TungsteniteConfig {
    TungsteniteConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(outbound::WRITE_BUFFER_BYTES)
        .max_message_size(Some(limits.max_message_bytes))
        .max_frame_size(Some(limits.max_message_bytes))
}

async fn open(accepted: Accepted, mut socket: Socket, limits: WebSocketConfig) {
    let Accepted { node, record, mut module, caller, negotiated } = accepted;
    let database = record.database.database_identity;
    let id = ClientActorId {
        identity: caller.identity,
        connection_id: negotiated.connection_id,
        name: node.clients.next_client_name(),
    };
    let session = match negotiated.session.map(|session| node.clients.sessions().try_reserve(database, id, session)) {
        Some(Err(_)) => return close(&mut socket, &Ending::SessionBusy, &limits).await,
        Some(Ok(reservation)) => Some(reservation),
        None => None,
    };
    let welcome = ClientConnection::call_client_connected_maybe_reject(&mut module, id, caller.auth.clone()).await;
    let connected = match welcome {
        Ok(connected) => connected,
        Err(cause) => {
            record_client_rejection(database, rejection(&cause));
            return close(&mut socket, &Ending::Rejected(cause.to_string()), &limits).await;
        }
    };
    let sql_auth = Node::sql_permissions(&record, caller.identity);
    let watcher = Arc::new(node.unwatched_views.watcher(module.borrow().relational_db(), caller.identity));
    let queries = Queries::new(sql_auth.clone(), limits.max_queries.get(), watcher.clone());
    let (session_sender, session_receiver) = tokio::sync::oneshot::channel();
    let client = ClientConnection::spawn(
        id,
        caller.auth.clone(),
        sql_auth,
        negotiated.config,
        record.replica_id,
        module,
        |client, receiver| async move {
            // Disconnecting must also happen when the engine aborts this task to drop a client.
            let mut farewell = Farewell { client: Some(client), session: None, watcher };
            farewell.session = session_receiver.await.ok().flatten();
            if let Some(client) = &farewell.client {
                run(client, receiver, socket, queries, &limits).await;
            }
        },
        connected,
    )
    .await;
    if let Some(session) = &session {
        session.establish(&client.sender());
    }
    greet(&client, &caller);
    // The actor waits for this, so that its session is on record before it can end, and no answer comes before the
    // greeting. One that is gone already needs neither.
    let _ = session_sender.send(session);
}

fn rejection(cause: &ClientConnectedError) -> ClientRejectCause {
    match cause {
        ClientConnectedError::Rejected(_) => ClientRejectCause::ClientConnectedRejected,
        ClientConnectedError::OutOfEnergy => ClientRejectCause::OutOfEnergy,
        _ => ClientRejectCause::ClientConnectedError,
    }
}

/// The first message of every protocol: who the client is.
fn greet(client: &ClientConnection, caller: &Caller) {
    let (identity, connection_id) = (client.id.identity, client.id.connection_id);
    let token: Box<str> = (*caller.token.token).into();
    let greeting: OutboundMessage = match client.config.version {
        WsVersion::V1 => SerializableMessage::Identity(v1::IdentityToken { identity, token, connection_id }).into(),
        WsVersion::V2 | WsVersion::V3 => {
            v2::ServerMessage::InitialConnection(v2::InitialConnection { identity, connection_id, token }).into()
        }
    };
    if let Err(cause) = client.send_message(None, greeting) {
        tracing::debug!("A client left before it was greeted: {cause}");
    }
}

/// Tells the module that a client is gone, however its connection ended. Only then does it free the session for the
/// client's next connection, and end the connection's count as a watcher of views.
struct Farewell {
    client: Option<ClientConnection>,
    session: Option<SessionReservation>,
    watcher: Arc<Watcher>,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        let kept = (self.session.take(), self.watcher.clone());
        if let Some(client) = self.client.take() {
            tokio::spawn(async move {
                client.disconnect().await;
                drop(kept);
            });
        }
    }
}

/// Looks after which silence is too long.
const SILENT_LOOKS: u32 = 4;

/// Signs of life from the client, shared by the loops of one connection.
pub(super) struct Liveness {
    heard: AtomicBool,
    paused: AtomicBool,
}

impl Liveness {
    fn new() -> Self {
        Self { heard: AtomicBool::new(true), paused: AtomicBool::new(false) }
    }

    /// Something arrived.
    pub(super) fn heard(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    /// The node is not listening at the moment, so that silence means nothing.
    pub(super) fn set_paused(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
        self.heard();
    }

    /// Returns once nothing has been heard for the whole time-out, or up to a quarter of it longer.
    ///
    /// Looks count, and not the clock: a node that was frozen, or whose machine stood still, has asked nobody for a sign
    /// of life meanwhile, and must not take its own silence for that of its clients.
    async fn idle(&self, limit: Duration) -> Ending {
        let mut silent_looks = 0;
        while silent_looks < SILENT_LOOKS {
            sleep(limit / SILENT_LOOKS).await;
            let is_alive = self.heard.swap(false, Ordering::Relaxed) || self.paused.load(Ordering::Relaxed);
            silent_looks = if is_alive { 0 } else { silent_looks + 1 };
        }
        Ending::Idle
    }
}

/// What a connection does at the same time. Each part is polled when something has come for it, and not when something
/// has come for another one, as `select!` would: most of what comes is for one part alone.
type Parts<'a> = FuturesUnordered<BoxFuture<'a, Ending>>;

/// Serves a connection until the first of its parts ends.
async fn run(
    client: &ClientConnection,
    receiver: ClientConnectionReceiver,
    socket: Socket,
    queries: Queries,
    limits: &WebSocketConfig,
) {
    let liveness = Liveness::new();
    let (mut sink, mut stream) = socket.split();
    let queue = inbound::Queue::new(limits);
    let (notices, notice_queue) = mpsc::channel(outbound::NOTICES_MAX);
    let mut watched = client.clone();
    let module_exits = async {
        let _ = watched.watch_module_host().await;
        Ending::ModuleExited
    };
    let mut parts = Parts::new();
    parts.push(Box::pin(inbound::evaluate(client, &queue, notices, &queries, limits)));
    parts.push(Box::pin(inbound::read(&mut stream, &queue, &liveness)));
    parts.push(Box::pin(outbound::write(client, receiver, notice_queue, &mut sink, &queries, limits)));
    parts.push(Box::pin(liveness.idle(limits.idle_timeout)));
    parts.push(Box::pin(module_exits));
    let ending = parts.next().await.unwrap_or(Ending::ModuleExited);
    drop(parts);
    tracing::debug!(client = %client.id.identity, "A connection ends: {ending:?}");
    if let Some(recorder) = client.disconnect_recorder() {
        recorder.record(ending.cause());
    }
    match sink.reunite(stream) {
        Ok(mut socket) => close(&mut socket, &ending, limits).await,
        Err(_) => tracing::error!("The halves of a connection do not belong together."),
    }
}

/// Says goodbye and waits a moment for the client to do the same.
async fn close(socket: &mut Socket, ending: &Ending, limits: &WebSocketConfig) {
    let farewell = async {
        match ending.close_frame() {
            Some(frame) => socket.send(Message::Close(Some(frame))).await?,
            // Sends the answer to the client's own close frame.
            None if matches!(ending, Ending::ClientClosed) => return socket.flush().await,
            None => return Ok(()),
        }
        while let Some(message) = socket.next().await {
            message?;
        }
        Ok(())
    };
    if let Ok(Err(cause)) = timeout(limits.close_handshake_timeout, farewell).await {
        tracing::trace!("A connection was closed without a handshake: {cause}");
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::thread;

    use tokio::time::Instant;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(80);
    /// In this time there are two looks at most, however late timers are.
    const LITTLE: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_client_that_says_nothing_is_idle_after_the_whole_time_out() {
        let (liveness, begun) = (Liveness::new(), Instant::now());
        assert!(matches!(liveness.idle(LIMIT).await, Ending::Idle));
        assert!(begun.elapsed() >= LIMIT);
    }

    #[tokio::test]
    async fn a_client_that_says_something_now_and_then_is_never_idle() {
        let liveness = Liveness::new();
        let mut idle = pin!(liveness.idle(LIMIT));
        for _ in 0..20 {
            assert!(timeout(LITTLE, &mut idle).await.is_err());
            liveness.heard();
        }
        liveness.set_paused(true);
        assert!(timeout(LIMIT * 4, &mut idle).await.is_err(), "nobody listens");
    }

    #[tokio::test]
    async fn a_node_that_stood_still_does_not_take_that_for_silence() {
        let liveness = Liveness::new();
        let mut idle = pin!(liveness.idle(LIMIT));
        assert!(timeout(LITTLE, &mut idle).await.is_err());
        liveness.heard();
        // The runtime has this one thread.
        thread::sleep(LIMIT * 3);
        assert!(timeout(LITTLE, &mut idle).await.is_err());
    }
}
