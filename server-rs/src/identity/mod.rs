//! Who players are: logins at providers, tokens of the facade's own, and the devices on which players are logged in.
//!
//! In reading order: `providers` find out who somebody is, `sessions` turn that into tokens, `access_tokens` and `keys`
//! sign them, `tickets` remember what a login needs between two requests, `cookies`, `redirects` and `client_address`
//! keep browsers honest. What lasts lies in the game module; what is here, two facades can have twice.

pub mod access_tokens;
pub mod client_address;
pub mod config;
pub mod cookies;
pub mod error;
pub mod keys;
pub mod providers;
pub mod redirects;
pub mod secrets;
pub mod sessions;
pub mod tickets;

use std::net::SocketAddr;

use crate::auth::LEEWAY_S;
use crate::node_client::NodeClient;
use access_tokens::{ACCESS_TOKEN_LIFE_S, AccessTokens};
use config::IdentityConfig;
use cookies::Cookies;
use keys::{KeyRing, Timing};
use providers::Providers;
use redirects::RedirectUris;
use sessions::Sessions;
use tickets::Tickets;

/// Three times as long as the node keeps the keys that it has fetched.
const KEY_AHEAD_S: u64 = 15 * 60;

/// All that the routes of this domain share.
pub struct IdentityService {
    /// Signs and checks access tokens.
    pub tokens: AccessTokens,
    /// Turns logins into tokens.
    pub sessions: Sessions,
    /// Find out who somebody is.
    pub providers: Providers,
    /// Browsers' cookies.
    pub cookies: Cookies,
    /// Where a login may lead back to.
    pub redirects: RedirectUris,
    /// Proxies that are believed.
    pub trusted_proxies: usize,
}

impl IdentityService {
    /// Sets everything up for a facade that listens on `address`.
    pub fn start(config: &IdentityConfig, address: SocketAddr, node: &NodeClient) -> anyhow::Result<Self> {
        let issuer = config.issuer(address)?;
        let timing = Timing {
            rotation_s: config.key_rotation_s,
            ahead_s: KEY_AHEAD_S,
            retention_s: ACCESS_TOKEN_LIFE_S + 2 * LEEWAY_S,
        };
        let keys = KeyRing::open(&config.key_folder, timing, jsonwebtoken::get_current_timestamp())?;
        let tokens = AccessTokens::new(&issuer, &config.audience, keys);
        let tickets = Tickets::new(node.clone());
        Ok(Self {
            sessions: Sessions::new(node.clone(), tokens.clone()),
            providers: Providers::new(config, &issuer, &tickets)?,
            cookies: Cookies::new(&issuer, &config.allowed_origins),
            redirects: RedirectUris::new(&config.redirect_uris)?,
            trusted_proxies: config.trusted_proxies,
            tokens,
        })
    }
}
