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
    // By bytes: what a client has put before must not keep what a proxy has added from being read.
    let values = headers.get_all("x-forwarded-for").iter();
    let addresses: Vec<_> = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).collect();
    let position = addresses.len().checked_sub(trusted_proxies)?;
    address_in(std::str::from_utf8(addresses.get(position)?).ok()?.trim())
}

/// Some proxies add the port, and brackets around IPv6.
fn address_in(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
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
    use axum::http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(forwarded: &str, trusted_proxies: usize, expected: &str) {
        let mut extensions = Extensions::new();
        extensions.insert(Peer("192.0.2.1:4000".parse().unwrap()));
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_bytes(forwarded.as_bytes()).unwrap());
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
        check("203.0.113.9:4711", 1, "203.0.113.9");
        check("[2001:db8:1:2::7]", 1, "2001:db8:1:2::");
        check("[2001:db8:1:2::7]:4711", 1, "2001:db8:1:2::");
        check("caf\u{e9}, 203.0.113.9", 1, "203.0.113.9");
    }
}
