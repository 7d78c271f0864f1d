//! Connections: how many, how long they may be silent, and what is said when one is refused.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::config::HttpConfig;
use crate::identity::client_address::{Peer, network};

/// Room for heads beyond `http.header_limit_bytes`, so that they are refused with a problem document. What is larger
/// still, the HTTP library refuses with a bare status.
const HEAD_ROOM_BYTES: usize = 128 * 1024;

/// Serves until `stop`, and then what is under way until `cut`. `per_address` is how many connections one address may
/// have open; 0 for as many as it likes.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    http: HttpConfig,
    per_address: usize,
    stop: CancellationToken,
    cut: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(http.connection_limit));
    let addresses = Addresses::new(per_address);
    let open = GracefulShutdown::new();
    let header_timeout = Duration::from_secs(http.header_timeout_s);
    let server = server(&http, header_timeout);
    while let Some((stream, peer, place)) = accept(&listener, &places, &stop).await {
        let Some(seat) = addresses.take(peer.ip()) else {
            tracing::debug!("Closed a connection: its address has as many as it may");
            continue;
        };
        let first_request = Arc::new(Notify::new());
        let heard = first_request.clone();
        let service = router.clone().map_request(move |mut request: Request<Incoming>| {
            heard.notify_one();
            request.extensions_mut().insert(Peer(peer));
            request
        });
        let connection = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let connection = open.watch(connection.into_owned());
        let cut = cut.clone();
        tokio::spawn(async move {
            let connection = pin!(cut.run_until_cancelled(connection));
            tokio::select! {
                ended = connection => if let Some(Err(error)) = ended { log_end(error.as_ref()) },
                // The library's own limit begins only once it knows which version of HTTP is spoken.
                () = silence(&first_request, header_timeout) => {
                    tracing::info!("Closed a connection: no request head came in time");
                }
            }
            drop((place, seat));
        });
    }
    drop(listener);
    open.shutdown().await;
}

fn server(http: &HttpConfig, header_timeout: Duration) -> auto::Builder<TokioExecutor> {
    let head_bytes_max = http.header_limit_bytes + HEAD_ROOM_BYTES;
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(header_timeout).max_buf_size(head_bytes_max);
    server
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(header_timeout)
        .max_header_list_size(u32::try_from(head_bytes_max).unwrap_or(u32::MAX));
    server
}

/// Ends when no request has come for so long; never, once one has.
async fn silence(first_request: &Notify, longest: Duration) {
    if tokio::time::timeout(longest, first_request.notified()).await.is_ok() {
        std::future::pending().await
    }
}

/// Clients break connections and let them lapse all the time. What cannot be read as HTTP is worth a line, because
/// the library has answered it and no request was there to be logged.
fn log_end(error: &(dyn std::error::Error + Send + Sync + 'static)) {
    match error.downcast_ref::<hyper::Error>() {
        Some(reason) if reason.is_parse() => tracing::info!(%reason, "Refused a request head"),
        _ => tracing::debug!(error, "A connection ended early"),
    }
}

/// The next connection and its place among the open ones; `None` once the facade stops.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let next = async {
        let place = places.clone().acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => return Some((stream, peer, place)),
                Err(error) => {
                    // Out of descriptors, or a client that left; a pause lets connections end.
                    tracing::warn!(%error, "A connection cannot be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    };
    tokio::select! {
        next = next => next,
        () = stop.cancelled() => None,
    }
}

/// How many connections each address has open. It holds no more addresses than there are connections.
struct Addresses {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    most: usize,
}

/// One connection's seat, which it leaves by being dropped.
struct Seat {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    address: IpAddr,
}

impl Addresses {
    fn new(most: usize) -> Self {
        Self { open: Arc::default(), most: if most == 0 { usize::MAX } else { most } }
    }

    fn take(&self, address: IpAddr) -> Option<Seat> {
        let address = network(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Seat { open: self.open.clone(), address })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_counted_by_address_and_given_back() {
        let addresses = Addresses::new(2);
        let (one, other): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let first = addresses.take(one);
        let second = addresses.take(one);
        assert!(first.is_some() && second.is_some() && addresses.take(one).is_none());
        assert!(addresses.take(other).is_some());
        drop(first);
        assert!(addresses.take(one).is_some());
        drop(second);
        assert!(addresses.open.lock().unwrap().is_empty());
    }
}
