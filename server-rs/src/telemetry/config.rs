//! Section `traces` of the configuration.

use std::path::PathBuf;

use reqwest::Url;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, ensure};
use crate::identity::config::read_secret;

/// Where spans go, and how many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TracesConfig {
    /// Address of a collector for OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`; empty for no traces.
    pub endpoint: String,
    /// File with the collector's `Authorization` header, if it wants one.
    pub authorization_file: PathBuf,
    /// Part of all traces that is kept, from 0 to 1. It follows from the trace's id, so that every service that keeps
    /// as many keeps the same ones; what the client says about it does not count.
    pub sample_ratio: f64,
    /// Name of this service in the traces.
    pub service_name: String,
}

impl Default for TracesConfig {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            authorization_file: PathBuf::new(),
            sample_ratio: 1.0,
            service_name: "worldloom-facade".into(),
        }
    }
}

impl TracesConfig {
    /// Whether traces are switched on.
    pub fn is_on(&self) -> bool {
        !self.endpoint.is_empty()
    }

    /// Checks what the types cannot say.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let url = Url::parse(&self.endpoint).ok();
        let is_usable = url.is_some_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
        });
        ensure(
            is_usable || !self.is_on(),
            "traces.endpoint",
            "must be a URL such as \"http://127.0.0.1:4318/v1/traces\", without a password",
        )?;
        ensure((0.0..=1.0).contains(&self.sample_ratio), "traces.sample_ratio", "must be between 0 and 1")?;
        ensure((1..=128).contains(&self.service_name.len()), "traces.service_name", "must be 1 to 128 bytes long")
    }

    /// Reads the header for the collector, if there is one.
    pub fn read_authorization(&self) -> Result<Option<SecretString>, ConfigError> {
        if self.authorization_file.as_os_str().is_empty() {
            return Ok(None);
        }
        read_secret("traces.authorization_file", &self.authorization_file).map(Some)
    }
}
