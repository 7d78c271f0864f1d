//! Accepting connections, and stopping without losing anything.
//!
//! The accept loop is written out because axum's own server has no time limit for request
//! heads and does not speak HTTP/2 without TLS, which the engine's outboxes need.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use futures::FutureExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tower::Service;

use super::listener::Listeners;
use crate::caller_connections::CallerConnections;
use crate::node::Node;
use crate::routes;

/// Pause after a failed accept, such as when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until the process is told to stop, then stops in this order: no new connections,
/// requests in progress end, databases write what they have and close.
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
    let graceful = GracefulShutdown::new();
    let (main, twin) = listeners.into_parts();
    let stop = stop_requested();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = main.accept() => accepted,
            accepted = accept_twin(&twin) => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let callers = CallerConnections::new(node.config.http.caller_idle_timeout);
                serve_connection(stream, &server, &graceful, app.clone(), callers);
            }
            Err(cause) => {
                tracing::warn!("A connection could not be accepted: {cause}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    tracing::info!("Stopping.");
    drop((main, twin));
    launching.abort();
    // Closing the databases ends their WebSockets, which do not count as requests.
    let requests = tokio::time::timeout(node.config.http.shutdown_grace, graceful.shutdown());
    let (requests, ()) = tokio::join!(requests, node.exit_all());
    if requests.is_err() {
        tracing::warn!("Some requests did not end in time and were dropped.");
    }
    // A request may have launched a database again while it ended.
    node.exit_all().await;
    tracing::info!("Stopped.");
}

async fn accept_twin(twin: &Option<TcpListener>) -> std::io::Result<(TcpStream, std::net::SocketAddr)> {
    match twin {
        Some(twin) => twin.accept().await,
        None => std::future::pending().await,
    }
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
    graceful: &GracefulShutdown,
    app: axum::Router,
    callers: CallerConnections,
) {
    // Answers are small and must not wait for more data to fill a packet.
    if let Err(cause) = stream.set_nodelay(true) {
        tracing::debug!("Cannot switch off packet coalescing: {cause}");
    }
    let service = service_fn(move |mut request: Request<Incoming>| {
        let mut app = app.clone();
        request.extensions_mut().insert(callers.clone());
        async move { Ok::<_, Infallible>(app.call(request).map(unwrap_infallible).await) }
    });
    let connection = server.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(cause) = connection.await {
            tracing::trace!("A connection ended early: {cause}");
        }
    });
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
