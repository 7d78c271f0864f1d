//! The addresses that the node listens on.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;

use futures::stream::{self, BoxStream, SelectAll, StreamExt};
use tokio::net::{TcpListener, TcpStream, lookup_host};

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another process has the port.
    #[error("Port {0} is in use by another process; stop that one or choose another --listen-addr.")]
    InUse(SocketAddr),
    /// The text is no address.
    #[error("`{0}` is not an address to listen on; use a form such as 127.0.0.1:3000.")]
    NotAnAddress(String),
    /// The system refused.
    #[error("The node cannot listen on {address} ({cause}); choose another --listen-addr.")]
    Refused {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        cause: io::Error,
    },
}

/// How often the system may choose a port that another program has on a loopback address.
const CHOICES_MAX: usize = 16;

/// What `localhost` may mean.
const LOOPBACKS: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Connections as they come in.
pub(super) type Incoming = SelectAll<BoxStream<'static, io::Result<TcpStream>>>;

/// Bound listeners: the one that was asked for, and those on loopback addresses that it does not
/// have. The engine connects to `localhost`, which may mean either of these.
pub(super) struct Listeners {
    main: TcpListener,
    address: SocketAddr,
    loopbacks: Vec<TcpListener>,
}

impl Listeners {
    pub(super) async fn bind(text: &str) -> Result<Self, ListenError> {
        let not_an_address = || ListenError::NotAnAddress(text.to_owned());
        let wanted = lookup_host(text).await.map_err(|_| not_an_address())?.next().ok_or_else(not_an_address)?;
        for _ in 1..CHOICES_MAX {
            match Self::bind_all(wanted).await {
                // Any free port is wanted, and this one is not free everywhere.
                Err(ListenError::InUse(_)) if wanted.port() == 0 => {}
                bound => return bound,
            }
        }
        Self::bind_all(wanted).await
    }

    /// Another program at a loopback address would receive what the engine sends to `localhost`, tokens included.
    async fn bind_all(wanted: SocketAddr) -> Result<Self, ListenError> {
        let main = listen(wanted).await?;
        let address = main.local_addr().map_err(|cause| refused(wanted, cause))?;
        let mut loopbacks = Vec::new();
        for ip in missing_loopbacks(address.ip(), takes_both_families(&main)) {
            match listen(SocketAddr::new(ip, address.port())).await {
                // A machine without that family has no such address, and `localhost` does not mean it.
                Err(ListenError::Refused { .. }) => {}
                bound => loopbacks.push(bound?),
            }
        }
        Ok(Self { main, address, loopbacks })
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Says where the node is to be found, for people and for programs that start it.
    pub(super) fn announce(&self) {
        println!("spacetime-node listening on {}", self.address);
    }

    /// Accepts connections, from all listeners in turn. Dropping it closes them.
    pub(super) fn incoming(self) -> Incoming {
        let listeners = std::iter::once(self.main).chain(self.loopbacks);
        stream::select_all(listeners.map(|listener| stream::unfold(listener, accept).boxed()))
    }
}

async fn accept(listener: TcpListener) -> Option<(io::Result<TcpStream>, TcpListener)> {
    let accepted = listener.accept().await;
    Some((accepted.map(|(stream, _)| stream), listener))
}

async fn listen(address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|cause| refused(address, cause))
}

fn refused(address: SocketAddr, cause: io::Error) -> ListenError {
    match cause.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse(address),
        _ => ListenError::Refused { address, cause },
    }
}

/// The loopback addresses that a listener on `ip` does not have. `is_dual` says whether all addresses of IPv6 include
/// those of IPv4.
fn missing_loopbacks(ip: IpAddr, is_dual: bool) -> Vec<IpAddr> {
    let has = |loopback: &IpAddr| match ip.to_canonical() {
        ip if ip == *loopback => true,
        IpAddr::V4(ip) => ip.is_unspecified() && loopback.is_ipv4(),
        IpAddr::V6(ip) => ip.is_unspecified() && (loopback.is_ipv6() || is_dual),
    };
    LOOPBACKS.into_iter().filter(|loopback| !has(loopback)).collect()
}

/// Whether a listener on all addresses of IPv6 has those of IPv4 as well. Where the system does not tell, it has.
#[expect(deprecated, reason = "only setting this makes no sense once a listener is bound; asking does")]
fn takes_both_families(listener: &TcpListener) -> bool {
    let copy = listener.as_fd().try_clone_to_owned().map(std::net::TcpListener::from);
    !copy.and_then(|copy| copy.only_v6()).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_is_the_node_whatever_it_listens_on() {
        for (listens, is_dual, missing) in [
            ("127.0.0.1", true, &["::1"][..]),
            ("::ffff:127.0.0.1", true, &["::1"]),
            ("::1", true, &["127.0.0.1"]),
            ("0.0.0.0", true, &["::1"]),
            ("::", true, &[]),
            ("::", false, &["127.0.0.1"]),
            ("127.0.0.2", true, &["127.0.0.1", "::1"]),
            ("192.0.2.1", true, &["127.0.0.1", "::1"]),
            ("2001:db8::1", true, &["127.0.0.1", "::1"]),
        ] {
            let found = missing_loopbacks(listens.parse().unwrap(), is_dual);
            assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), missing, "{listens}, {is_dual}");
        }
    }

    #[tokio::test]
    async fn every_listener_takes_connections() {
        let listeners = Listeners::bind("127.0.0.1:0").await.unwrap();
        let addresses: Vec<_> =
            std::iter::once(&listeners.main).chain(&listeners.loopbacks).map(|l| l.local_addr().unwrap()).collect();
        let mut incoming = listeners.incoming();
        for address in addresses {
            let (connected, accepted) = tokio::join!(TcpStream::connect(address), incoming.next());
            assert_eq!(accepted.unwrap().unwrap().peer_addr().unwrap(), connected.unwrap().local_addr().unwrap());
        }
    }
}
