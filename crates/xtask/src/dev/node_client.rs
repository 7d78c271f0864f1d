//! The few HTTP calls to a local server that come before the official client can be used.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use ureq::Agent;

/// Local calls answer at once or not at all.
const CALL_LIMIT: Duration = Duration::from_secs(10);

/// An HTTP client of one local server.
pub struct NodeClient {
    agent: Agent,
    base_url: String,
}

/// What the node answers when it makes an identity. The token is a secret.
#[derive(Deserialize)]
pub struct NewIdentity {
    /// 64 hexadecimal digits.
    pub identity: String,
    /// Bearer token that proves the identity.
    pub token: String,
}

impl NodeClient {
    /// A client of the server at `base_url`, without a trailing slash.
    pub fn new(base_url: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(CALL_LIMIT));
        Self { agent: config.build().into(), base_url: base_url.to_owned() }
    }

    /// Whether the node serves requests.
    pub fn is_healthy(&self) -> bool {
        self.answers("/v1/health")
    }

    /// Whether `path` is answered with success.
    pub fn answers(&self, path: &str) -> bool {
        let response = self.agent.get(format!("{}{path}", self.base_url)).call();
        response.is_ok_and(|response| response.status().is_success())
    }

    /// Has the node make an identity.
    pub fn create_identity(&self) -> Result<NewIdentity> {
        let mut response = self.agent.post(format!("{}/v1/identity", self.base_url)).send_empty()?;
        if !response.status().is_success() {
            bail!("the node made no identity ({})", response.status());
        }
        response.body_mut().read_json().context("the node's answer holds no identity")
    }

    /// Whether the node still accepts `token` for `identity`.
    pub fn accepts(&self, identity: &str, token: &str) -> Result<bool> {
        let url = format!("{}/v1/identity/{identity}/verify", self.base_url);
        let response = self.agent.get(url).header("Authorization", format!("Bearer {token}")).call()?;
        Ok(response.status().is_success())
    }
}
