//! Login providers: whoever can say that a caller is the holder of an account somewhere.
//!
//! A provider takes a proof and gives the account's name. How a client comes by the proof differs: a device makes it
//! up once, a phone is sent a code, a mini-program asks its host, a browser is led to the provider and back.

mod device;
pub mod http;
pub mod oidc;
pub mod sms;
mod wechat;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::config::IdentityConfig;
use super::error::LoginError;
use super::tickets::Tickets;
use crate::config::ConfigError;
pub use device::DeviceProof;
use device::DeviceProvider;
use oidc::OidcProvider;
use sms::SmsProvider;
pub use wechat::WeChatProof;
use wechat::WeChatProvider;

/// Somebody who vouches for players.
pub trait LoginProvider: Send + Sync {
    /// Finds out whom the proof stands for: the account's name at this provider, which never changes.
    fn verify(&self, proof: Value) -> BoxFuture<'_, Result<String, LoginError>>;

    /// Whether a proof that was verified is used up by that.
    fn spends_proofs(&self) -> bool {
        true
    }
}

/// The configured providers.
pub struct Providers {
    /// All of them, by name.
    all: BTreeMap<String, Arc<dyn LoginProvider>>,
    /// Those that browsers are led to.
    oidc: BTreeMap<String, Arc<OidcProvider>>,
    /// The one that sends codes.
    sms: Option<Arc<SmsProvider>>,
}

impl Providers {
    /// Sets all providers up. Nothing is fetched yet, so that a provider that is away stops nobody else.
    pub fn new(config: &IdentityConfig, issuer: &str, tickets: &Tickets) -> Result<Self, ConfigError> {
        let http = http::client();
        let mut all: BTreeMap<String, Arc<dyn LoginProvider>> = BTreeMap::new();
        if config.device.enabled {
            all.insert("device".to_owned(), Arc::new(DeviceProvider));
        }
        let mut oidc = BTreeMap::new();
        for (name, settings) in &config.oidc {
            let provider = Arc::new(OidcProvider::new(name, settings, issuer, http.clone(), tickets.clone())?);
            all.insert(name.clone(), provider.clone());
            oidc.insert(name.clone(), provider);
        }
        let sms = match &config.sms {
            Some(settings) => Some(Arc::new(SmsProvider::new(settings, http.clone(), tickets.clone())?)),
            None => None,
        };
        if let Some(sms) = &sms {
            all.insert(sms::NAME.to_owned(), sms.clone());
        }
        if let Some(settings) = &config.wechat {
            all.insert("wechat".to_owned(), Arc::new(WeChatProvider::new(settings, http)?));
        }
        Ok(Self { all, oidc, sms })
    }

    /// The provider of this name.
    pub fn named(&self, name: &str) -> Result<&Arc<dyn LoginProvider>, LoginError> {
        self.all.get(name).ok_or(LoginError::UnknownProvider)
    }

    /// The OpenID Connect provider of this name.
    pub fn oidc(&self, name: &str) -> Result<&Arc<OidcProvider>, LoginError> {
        self.oidc.get(name).ok_or(LoginError::UnknownProvider)
    }

    /// The sender of codes.
    pub fn sms(&self) -> Result<&Arc<SmsProvider>, LoginError> {
        self.sms.as_ref().ok_or(LoginError::UnknownProvider)
    }

    /// Names of all providers, and whether a browser is led to them.
    pub fn names(&self) -> impl Iterator<Item = (&str, bool)> {
        self.all.keys().map(|name| (name.as_str(), self.oidc.contains_key(name)))
    }
}

/// Reads a proof into the form that a provider needs.
fn proof<T: DeserializeOwned>(proof: Value) -> Result<T, LoginError> {
    serde_json::from_value(proof).map_err(|error| LoginError::MalformedProof(error.to_string()))
}
