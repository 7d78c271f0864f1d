//! Ports that must be free before anything is built or started.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};

use anyhow::{Context, Result, bail};

/// Fails with advice when something listens on `port` of a loopback address already. The node takes both of them,
/// where the system has both.
pub fn ensure_free(port: u16, option: &str) -> Result<()> {
    for address in [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)] {
        match TcpListener::bind((address, port)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                bail!(
                    "port {port} of {address} is in use: stop the program that listens there, or choose another port \
                     with {option}"
                )
            }
            Err(_) if address.is_ipv6() => {}
            Err(error) => {
                return Err(error).with_context(|| format!("port {port} cannot be used, choose another with {option}"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use anyhow::Result;

    use super::ensure_free;

    fn check_refusal(listener: &TcpListener) -> Result<()> {
        let port = listener.local_addr()?.port();
        let refusal = ensure_free(port, "--port").map_err(|error| error.to_string());
        assert!(refusal.as_ref().is_err_and(|text| text.contains("choose another port with --port")), "{refusal:?}");
        Ok(())
    }

    #[test]
    fn a_port_in_use_is_refused_with_the_option_that_helps() -> Result<()> {
        check_refusal(&TcpListener::bind("127.0.0.1:0")?)
    }

    #[test]
    fn a_port_in_use_by_ipv6_alone_is_refused_too() -> Result<()> {
        match TcpListener::bind("[::1]:0") {
            Ok(listener) => check_refusal(&listener),
            // Where the system has no IPv6, nothing can be in the way.
            Err(_) => Ok(()),
        }
    }
}
