//! The addresses that the node listens on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::{TcpListener, lookup_host};

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
        cause: std::io::Error,
    },
}

/// How often the system may choose a port that another program has in the twin's family.
const CHOICES_MAX: usize = 16;

/// Bound listeners: the one that was asked for and, when that is a loopback address, its twin
/// of the other family. The engine connects to `localhost`, which may mean either.
pub(super) struct Listeners {
    main: TcpListener,
    address: SocketAddr,
    twin: Option<TcpListener>,
}

impl Listeners {
    pub(super) async fn bind(text: &str) -> Result<Self, ListenError> {
        let not_an_address = || ListenError::NotAnAddress(text.to_owned());
        let wanted = lookup_host(text).await.map_err(|_| not_an_address())?.next().ok_or_else(not_an_address)?;
        for _ in 1..CHOICES_MAX {
            match Self::bind_both(wanted).await {
                // Any free port is wanted, and this one is free in one family only.
                Err(ListenError::InUse(_)) if wanted.port() == 0 => {}
                bound => return bound,
            }
        }
        Self::bind_both(wanted).await
    }

    /// Another program at the twin address would receive what the engine sends to `localhost`, tokens included.
    async fn bind_both(wanted: SocketAddr) -> Result<Self, ListenError> {
        let main = listen(wanted).await?;
        let address = main.local_addr().map_err(|cause| refused(wanted, cause))?;
        let twin = match loopback_twin(address) {
            None => None,
            Some(twin) => match listen(twin).await {
                // A machine without that family has no twin, and needs none.
                Err(ListenError::Refused { .. }) => None,
                bound => Some(bound?),
            },
        };
        Ok(Self { main, address, twin })
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Says where the node is to be found, for people and for programs that start it.
    pub(super) fn announce(&self) {
        println!("spacetime-node listening on {}", self.address);
    }

    pub(super) fn into_parts(self) -> (TcpListener, Option<TcpListener>) {
        (self.main, self.twin)
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|cause| refused(address, cause))
}

fn refused(address: SocketAddr, cause: std::io::Error) -> ListenError {
    match cause.kind() {
        std::io::ErrorKind::AddrInUse => ListenError::InUse(address),
        _ => ListenError::Refused { address, cause },
    }
}

fn loopback_twin(address: SocketAddr) -> Option<SocketAddr> {
    let ip = match address.ip() {
        ip if ip == IpAddr::from(Ipv4Addr::LOCALHOST) => IpAddr::from(Ipv6Addr::LOCALHOST),
        ip if ip == IpAddr::from(Ipv6Addr::LOCALHOST) => IpAddr::from(Ipv4Addr::LOCALHOST),
        _ => return None,
    };
    Some(SocketAddr::new(ip, address.port()))
}
