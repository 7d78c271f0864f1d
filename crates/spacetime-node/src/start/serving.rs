//! Accepting connections, and stopping without losing anything.
//!
//! The accept loop is written out because axum's own server has no time limit for request
//! heads and does not speak HTTP/2 without TLS, which the engine's outboxes need.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use futures::{FutureExt, StreamExt};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use tower::Service;

use super::listener::Listeners;
use crate::caller_connections::CallerConnections;
use crate::config::HttpConfig;
use crate::node::Node;
use crate::routes;

/// Pause after a failed accept, such as when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
    let stop = stop_requested();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            Some(accepted) = incoming.next() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok(stream) => serve_connection(stream, &server, &requests, app.clone(), &node.config.http),
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
    stream: TcpStream,
    server: &auto::Builder<TokioExecutor>,
    requests: &Requests,
    app: axum::Router,
    limits: &HttpConfig,
) {
    // Answers are small and must not wait for more data to fill a packet.
    if let Err(cause) = stream.set_nodelay(true) {
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
    let connection = server.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
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
