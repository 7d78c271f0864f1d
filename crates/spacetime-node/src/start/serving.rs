//! Accepting connections, and stopping without losing anything.
//!
//! The accept loop is written out because axum's own server has no time limit for request
//! heads and does not speak HTTP/2 without TLS, which the engine's outboxes need.
//!
//! Connections and the files of databases are descriptors of one process, which may have so many. Where connections
//! took the last one, a database could not go on to a new file of its log, and would be given up. So there are only so
//! many connections; further ones wait in the system's queue until there is a place for them.

use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::extract::Request;
use futures::{FutureExt, StreamExt};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use tower::Service;

use super::listener::{Incoming as Accepted, Listeners};
use crate::caller_connections::CallerConnections;
use crate::config::HttpConfig;
use crate::node::Node;
use crate::routes;

/// Pause after a failed accept, such as when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What this process may have, among it how many files may be open. Linux has this file.
const LIMITS: &str = "/proc/self/limits";
/// How many files may be open where the system does not tell: the least that one gives by default.
const FILES_IF_UNTOLD: usize = 256;
/// What databases have at least, of the files that may be open.
const RESERVE_MIN: usize = 64;
/// How often the log says that connections wait.
const COMPLAINT_PAUSE: Duration = Duration::from_secs(60);

/// Serves until the process is told to stop, and then until all that is under way has ended.
pub(super) async fn serve(node: Arc<Node>, listeners: Listeners) {
    let launching = tokio::spawn({
        let node = node.clone();
        async move {
            node.launch_all().await;
            tracing::info!("All databases are launched.");
        }
    });
    let app = routes::router(node.clone());
    let server = http_server(&node);
    let requests = Requests::default();
    let mut incoming = listeners.incoming();
    let mut places = Places::new(connections_max(files_max()));
    let stop = stop_requested();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            Some(accepted) = accept(&mut incoming, &mut places) => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok(connection) => serve_connection(connection, &server, &requests, app.clone(), &node.config.http),
            Err(cause) => {
                tracing::warn!("A connection could not be accepted: {cause}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    tracing::info!("Stopping.");
    drop(incoming);
    launching.abort();
    end(&node, requests).await;
    tracing::info!("Stopped.");
}

/// The next connection, once there is a place for it.
async fn accept(incoming: &mut Accepted, places: &mut Places) -> Option<io::Result<Connection>> {
    let place = places.take().await?;
    let accepted = incoming.next().await?;
    Some(accepted.map(|stream| Connection { stream, _place: place }))
}

/// Places for connections.
struct Places {
    free: Arc<Semaphore>,
    complained: Option<Instant>,
}

impl Places {
    fn new(count: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(count)), complained: None }
    }

    async fn take(&mut self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = self.free.clone().try_acquire_owned() {
            return Some(place);
        }
        if self.complained.is_none_or(|complained| complained.elapsed() >= COMPLAINT_PAUSE) {
            tracing::warn!("New connections wait, as there are as many as may be; allow the node more open files.");
            self.complained = Some(Instant::now());
        }
        self.free.clone().acquire_owned().await.ok()
    }
}

/// How many files this process may have open, where the system tells.
fn files_max() -> Option<usize> {
    let limits = std::fs::read_to_string(LIMITS).ok()?;
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    files.split_whitespace().next()?.parse().ok()
}

/// How many connections may be open beside the files of databases.
fn connections_max(files_max: Option<usize>) -> usize {
    let files = files_max.unwrap_or(FILES_IF_UNTOLD);
    let reserve = (files / 4).max(RESERVE_MIN);
    files.saturating_sub(reserve).clamp(1, Semaphore::MAX_PERMITS)
}

/// A connection with its place, which is free again once the connection is closed. That may be long after the last
/// request: a WebSocket takes the connection over.
struct Connection {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// What is under way.
#[derive(Default)]
struct Requests {
    connections: GracefulShutdown,
    calls: TaskTracker,
}

impl Requests {
    /// Closes connections as soon as their request is answered, and waits for calls whose caller has gone as well.
    async fn end(self) {
        self.calls.close();
        tokio::join!(self.connections.shutdown(), self.calls.wait());
    }
}

/// Ends what is under way, in this order: requests end, databases write what they have and close. A call that is in
/// progress needs its database, which the engine takes away at once when it closes it. WebSockets are no requests: they
/// are served until their database closes, and end with it.
async fn end(node: &Node, requests: Requests) {
    node.begin_to_stop();
    if tokio::time::timeout(node.config.http.shutdown_grace, requests.end()).await.is_err() {
        tracing::warn!("Some requests did not end in time and were dropped.");
    }
    node.exit_all().await;
    // One of these may have launched a database again.
    node.exit_all().await;
}

fn http_server(node: &Node) -> auto::Builder<TokioExecutor> {
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(node.config.http.header_timeout);
    server.http2().timer(TokioTimer::new()).keep_alive_interval(Duration::from_secs(20));
    server
}

fn serve_connection(
    connection: Connection,
    server: &auto::Builder<TokioExecutor>,
    requests: &Requests,
    app: axum::Router,
    limits: &HttpConfig,
) {
    // Answers are small and must not wait for more data to fill a packet.
    if let Err(cause) = connection.stream.set_nodelay(true) {
        tracing::debug!("Cannot switch off packet coalescing: {cause}");
    }
    let callers = CallerConnections::new(limits.caller_idle_timeout, &requests.calls);
    let first_request = Arc::new(Notify::new());
    let (heard, header_timeout) = (first_request.clone(), limits.header_timeout);
    let service = service_fn(move |mut request: Request<Incoming>| {
        heard.notify_one();
        let mut app = app.clone();
        request.extensions_mut().insert(callers.clone());
        async move { Ok::<_, Infallible>(app.call(request).map(unwrap_infallible).await) }
    });
    let connection = server.serve_connection_with_upgrades(TokioIo::new(connection), service).into_owned();
    let connection = requests.connections.watch(connection);
    tokio::spawn(async move {
        tokio::select! {
            ended = connection => if let Err(cause) = ended {
                tracing::trace!("A connection ended early: {cause}");
            },
            // The library's own limit begins only once it knows which version of HTTP is spoken.
            () = silence(&first_request, header_timeout) => {
                tracing::debug!("A connection was closed: no request head came in time.");
            }
        }
    });
}

/// Ends when no request has come for so long; never, once one has.
async fn silence(first_request: &Notify, longest: Duration) {
    if tokio::time::timeout(longest, first_request.notified()).await.is_ok() {
        std::future::pending().await
    }
}

fn unwrap_infallible<T>(result: Result<T, Infallible>) -> T {
    match result {
        Ok(value) => value,
    }
}

/// Ctrl-C, or what a service manager sends.
async fn stop_requested() {
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_to_the_databases() {
        for (files, connections) in [
            (Some(20_000), 15_000),
            (Some(1024), 768),
            (Some(256), 192),
            (Some(100), 36),
            (Some(10), 1),
            (Some(usize::MAX), Semaphore::MAX_PERMITS),
            (None, 192),
        ] {
            assert_eq!(connections_max(files), connections, "{files:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_tells_how_many_files_there_may_be() {
        assert!(files_max().is_some_and(|files| files > 0));
    }

    #[tokio::test]
    async fn a_connection_waits_until_another_has_ended() -> anyhow::Result<()> {
        let listeners = Listeners::bind("127.0.0.1:0").await?;
        let address = ("127.0.0.1", listeners.port());
        let (mut incoming, mut places) = (listeners.incoming(), Places::new(1));
        let _clients = (TcpStream::connect(address).await?, TcpStream::connect(address).await?);
        let first = accept(&mut incoming, &mut places).await.unwrap()?;
        assert!(accept(&mut incoming, &mut places).now_or_never().is_none());
        drop(first);
        accept(&mut incoming, &mut places).await.unwrap()?;
        Ok(())
    }
}
