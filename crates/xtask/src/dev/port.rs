//! Ports that must be free before anything is built or started.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result, bail};

/// Fails with advice when something listens on `port` of the loopback address already.
pub fn ensure_free(port: u16, option: &str) -> Result<()> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!("port {port} is in use: stop the program that listens there, or choose another port with {option}")
        }
        Err(error) => Err(error).with_context(|| format!("port {port} cannot be used, choose another with {option}")),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use anyhow::Result;

    use super::ensure_free;

    #[test]
    fn a_port_in_use_is_refused_with_the_option_that_helps() -> Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let refusal = ensure_free(port, "--port").map_err(|error| error.to_string());
        assert!(refusal.as_ref().is_err_and(|text| text.contains("choose another port with --port")), "{refusal:?}");
        Ok(())
    }
}
