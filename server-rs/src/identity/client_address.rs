//! Where a request comes from, for limits. Never logged, and told to the game module only as a hash.

use std::net::{IpAddr, SocketAddr};

use axum::http::{Extensions, HeaderMap};

use super::secrets::digest;

/// The other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// A key under which the uses of one client are counted.
///
/// Each of `trusted_proxies` has added one address to `X-Forwarded-For`; what stands further left is the client's
/// own word. A network of IPv6 addresses that one client has for itself (/64) counts as one address.
pub fn throttle_key(extensions: &Extensions, headers: &HeaderMap, trusted_proxies: usize) -> String {
    let address = client_network(extensions, headers, trusted_proxies);
    digest(&address.map_or_else(|| "unknown".to_owned(), |address| address.to_string()))
}

/// The same as an address, for limits that are kept in this process.
pub fn client_network(extensions: &Extensions, headers: &HeaderMap, trusted_proxies: usize) -> Option<IpAddr> {
    let peer = extensions.get::<Peer>().map(|peer| peer.0.ip());
    forwarded(headers, trusted_proxies).or(peer).map(network)
}

fn forwarded(headers: &HeaderMap, trusted_proxies: usize) -> Option<IpAddr> {
    let values = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let addresses: Vec<_> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let position = addresses.len().checked_sub(trusted_proxies)?;
    addresses.get(position)?.parse().ok()
}

/// What counts as one address.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(forwarded: &str, trusted_proxies: usize, expected: &str) {
        let mut extensions = Extensions::new();
        extensions.insert(Peer("192.0.2.1:4000".parse().unwrap()));
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        assert_eq!(throttle_key(&extensions, &headers, trusted_proxies), digest(expected), "{forwarded}");
    }

    #[test]
    fn only_what_trusted_proxies_added_counts() {
        check("203.0.113.9", 0, "192.0.2.1");
        check("203.0.113.9", 1, "203.0.113.9");
        check("10.9.8.7, 203.0.113.9", 1, "203.0.113.9");
        check("10.9.8.7, 203.0.113.9, 198.51.100.2", 2, "203.0.113.9");
        check("203.0.113.9", 2, "192.0.2.1");
        check("rubbish", 1, "192.0.2.1");
        check("2001:db8:1:2:3:4:5:6", 1, "2001:db8:1:2::");
        check("::ffff:203.0.113.9", 1, "203.0.113.9");
    }
}
