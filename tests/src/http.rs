//! The HTTP clients of tests.

use std::time::Duration;

use reqwest::{Client, ClientBuilder};

/// How long a server may say nothing. Longer than [`DEADLINE`](crate::DEADLINE): a first publish translates the module,
/// which takes a debug build its time when all tests run at once.
const SILENCE: Duration = Duration::from_secs(180);

/// A client that gives up on a silent server, so that a test fails and does not hang.
pub fn http_client() -> anyhow::Result<Client> {
    Ok(http_builder().build()?)
}

/// Such a client that is still to be configured. It uses no proxy, since everything is on this machine.
pub fn http_builder() -> ClientBuilder {
    Client::builder().no_proxy().read_timeout(SILENCE)
}
