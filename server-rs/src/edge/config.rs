//! Sections `http.cors` and `http.limits` of the configuration. `docs/facade.md` says what each key means.

use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, ensure};
use crate::identity::config::is_origin;

/// Section `http.cors`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CorsConfig {
    /// Origins of pages of other sites whose scripts may read answers, without cookies.
    pub allowed_origins: Vec<String>,
}

/// Section `http.limits`: how often one client may ask one facade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Clients that are remembered for each limit; beyond them, those are forgotten who have asked least.
    pub remembered: usize,
    /// Connections open at once from one address, where no proxy stands in front; 0 for no limit.
    pub connections_per_address: usize,
    /// All requests from one address.
    pub address: RateConfig,
    /// All requests of one player, from wherever they come.
    pub player: RateConfig,
    /// Attempts to log in, to get a code or to refresh from one address.
    pub login: RateConfig,
}

/// A bucket that fills steadily.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateConfig {
    /// Requests a minute in the long run; 0 for no limit.
    pub per_minute: u32,
    /// Requests at once.
    pub burst: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            remembered: 65_536,
            connections_per_address: 1024,
            address: RateConfig { per_minute: 12_000, burst: 2000 },
            player: RateConfig { per_minute: 3000, burst: 500 },
            login: RateConfig { per_minute: 120, burst: 120 },
        }
    }
}

impl CorsConfig {
    /// Checks what the types cannot say.
    pub fn validate(&self) -> Result<(), ConfigError> {
        ensure(
            self.allowed_origins.iter().all(|origin| is_origin(origin)),
            "http.cors.allowed_origins",
            "must hold origins such as \"https://play.example.com\"",
        )
    }
}

impl LimitsConfig {
    /// Checks what the types cannot say.
    pub fn validate(&self) -> Result<(), ConfigError> {
        ensure(
            (1024..=16_777_216).contains(&self.remembered),
            "http.limits.remembered",
            "must be between 1024 and 16777216",
        )?;
        let rates = [
            ("http.limits.address", self.address),
            ("http.limits.player", self.player),
            ("http.limits.login", self.login),
        ];
        for (key, rate) in rates {
            let is_usable = rate.per_minute <= 60_000_000 && (1..=1_000_000).contains(&rate.burst);
            ensure(is_usable, key, "needs per_minute of at most 60000000 and burst between 1 and 1000000")?;
        }
        Ok(())
    }
}
