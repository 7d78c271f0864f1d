//! Section `identity` of the configuration. `docs/identity.md` says what each key means.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use openidconnect::url::{Host, Url};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::redirects::RedirectUris;
use crate::config::{ConfigError, ensure, warn_if_readable_by_others};

const DAY_S: u64 = 24 * 60 * 60;

/// Who players are, and how they log in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentityConfig {
    /// The facade's address as players and the node reach it, and the issuer of its tokens. Part of every player's
    /// identity: never change it. Empty on a loopback address, for the address that the facade listens on.
    pub public_url: String,
    /// The `aud` of access tokens.
    pub audience: String,
    /// Folder of the signing keys, made when absent. Facades that serve the same players share it.
    pub key_folder: PathBuf,
    /// How long a key signs before the next one takes over.
    pub key_rotation_s: u64,
    /// Addresses of clients to which a login at a provider may lead back.
    pub redirect_uris: Vec<String>,
    /// Origins of web pages, beside the facade's own, that may use the refresh cookie.
    pub allowed_origins: Vec<String>,
    /// Proxies in front of the facade that write `X-Forwarded-For`.
    pub trusted_proxies: usize,
    /// Login by a secret of the device.
    pub device: DeviceConfig,
    /// OpenID Connect providers by name.
    pub oidc: BTreeMap<String, OidcConfig>,
    /// Login by a code sent to a phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms: Option<SmsConfig>,
    /// Login in a WeChat mini-program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wechat: Option<WeChatConfig>,
}

/// Section `identity.device`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeviceConfig {
    /// Whether guests may play.
    pub enabled: bool,
}

/// Section `identity.oidc.<name>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// The provider's issuer, exactly as it names itself.
    pub issuer: String,
    /// Id of the facade as the provider's client.
    pub client_id: String,
    /// File with the client's secret; without one, the facade is a public client.
    pub client_secret_file: Option<PathBuf>,
    /// Scopes beside `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// Section `identity.sms`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmsConfig {
    /// How long a code can be used.
    #[serde(default = "default_code_life_s")]
    pub code_life_s: u32,
    /// Codes for one number in an hour.
    #[serde(default = "default_per_number_hour")]
    pub per_number_hour: u32,
    /// Codes asked for from one address in an hour.
    #[serde(default = "default_per_address_hour")]
    pub per_address_hour: u32,
    /// Beginnings of numbers that codes are sent to, such as `+86`; all when empty.
    #[serde(default)]
    pub number_prefixes: Vec<String>,
    /// Who sends.
    pub sender: SmsSenderConfig,
}

/// Section `identity.sms.sender`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SmsSenderConfig {
    /// Aliyun's short message service (Dysmsapi 2017-05-25).
    Aliyun {
        /// Address of the service.
        #[serde(default = "default_aliyun_endpoint")]
        endpoint: String,
        /// Id of the access key.
        access_key_id: String,
        /// File with the access key's secret.
        access_key_secret_file: PathBuf,
        /// Approved signature of the messages.
        sign_name: String,
        /// Approved template, with the variable `code`.
        template_code: String,
    },
    /// A service of one's own that takes JSON.
    Webhook {
        /// Where it listens.
        url: String,
        /// File with the key that signs requests to it.
        key_file: PathBuf,
    },
}

/// Section `identity.wechat`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeChatConfig {
    /// The mini-program's id.
    pub app_id: String,
    /// File with its secret.
    pub app_secret_file: PathBuf,
    /// Which of WeChat's ids names the player: one for each mini-program, or one for all of a company.
    #[serde(default)]
    pub subject: WeChatSubject,
    /// Address of the service.
    #[serde(default = "default_wechat_endpoint")]
    pub endpoint: String,
}

/// An id that WeChat gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeChatSubject {
    /// The player's id within the mini-program.
    #[default]
    OpenId,
    /// The player's id within all programs of one company.
    UnionId,
}

fn default_code_life_s() -> u32 {
    300
}
fn default_per_number_hour() -> u32 {
    5
}
fn default_per_address_hour() -> u32 {
    30
}
fn default_aliyun_endpoint() -> String {
    "https://dysmsapi.aliyuncs.com".into()
}
fn default_wechat_endpoint() -> String {
    "https://api.weixin.qq.com".into()
}

impl Default for IdentityConfig {
    fn default() -> Self {
        Self {
            public_url: String::new(),
            audience: "worldloom".into(),
            key_folder: "server-rs/.spacetimedb/local-identity-keys".into(),
            key_rotation_s: 30 * DAY_S,
            redirect_uris: Vec::new(),
            allowed_origins: Vec::new(),
            trusted_proxies: 0,
            device: DeviceConfig::default(),
            oidc: BTreeMap::new(),
            sms: None,
            wechat: None,
        }
    }
}

impl Default for DeviceConfig {
    fn default() -> Self {
        Self { enabled: true }
    }
}

impl IdentityConfig {
    /// Checks what the types cannot say.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if !self.public_url.is_empty() {
            ensure(
                is_origin(&self.public_url),
                "identity.public_url",
                "must be \"https://\" and a host, without a path or a slash at the end; \"http://\" only on a loopback \
                 address",
            )?;
        }
        ensure(
            (1..=128).contains(&self.audience.len()) && self.audience.bytes().all(|byte| byte.is_ascii_graphic()),
            "identity.audience",
            "must be 1 to 128 visible ASCII characters",
        )?;
        ensure(
            (DAY_S..=365 * DAY_S).contains(&self.key_rotation_s),
            "identity.key_rotation_s",
            "must be between 86400 seconds (a day) and 31536000 (a year)",
        )?;
        RedirectUris::new(&self.redirect_uris)?;
        let origins = self.allowed_origins.iter().all(|origin| is_origin(origin));
        ensure(origins, "identity.allowed_origins", "must hold origins such as \"https://play.example.com\"")?;
        ensure(self.trusted_proxies <= 8, "identity.trusted_proxies", "must be at most 8")?;
        self.validate_providers()
    }

    fn validate_providers(&self) -> Result<(), ConfigError> {
        for (name, provider) in &self.oidc {
            ensure(
                is_provider_name(name) && !["device", "sms", "wechat"].contains(&name.as_str()),
                "identity.oidc",
                format!(
                    "\"{name}\" is no name for a provider: use up to 32 lower-case letters, digits and '-', other than device, sms and wechat"
                ),
            )?;
            ensure(
                is_secure_url(&provider.issuer),
                "identity.oidc.<name>.issuer",
                "must be the provider's issuer, an https URL (http only on a loopback address)",
            )?;
            ensure(!provider.client_id.is_empty(), "identity.oidc.<name>.client_id", "must not be empty")?;
        }
        if let Some(sms) = &self.sms {
            ensure((60..=3600).contains(&sms.code_life_s), "identity.sms.code_life_s", "must be between 60 and 3600")?;
            let url = match &sms.sender {
                SmsSenderConfig::Aliyun { endpoint, .. } => endpoint,
                SmsSenderConfig::Webhook { url, .. } => url,
            };
            ensure(
                is_secure_url(url),
                "identity.sms.sender",
                "must have an https URL (http only on a loopback address)",
            )?;
        }
        if let Some(wechat) = &self.wechat {
            ensure(
                is_secure_url(&wechat.endpoint),
                "identity.wechat.endpoint",
                "must be an https URL (http only on a loopback address)",
            )?;
        }
        Ok(())
    }

    /// Reads every secret that is named, and keeps none.
    pub fn check_files(&self) -> Result<(), ConfigError> {
        for file in self.oidc.values().filter_map(|provider| provider.client_secret_file.as_deref()) {
            read_secret("identity.oidc.<name>.client_secret_file", file)?;
        }
        match self.sms.as_ref().map(|sms| &sms.sender) {
            Some(SmsSenderConfig::Aliyun { access_key_secret_file, .. }) => {
                read_secret("identity.sms.sender.access_key_secret_file", access_key_secret_file)?;
            }
            Some(SmsSenderConfig::Webhook { key_file, .. }) => {
                read_secret("identity.sms.sender.key_file", key_file)?;
            }
            None => {}
        }
        if let Some(wechat) = &self.wechat {
            read_secret("identity.wechat.app_secret_file", &wechat.app_secret_file)?;
        }
        Ok(())
    }

    /// The issuer of the facade's tokens, for a facade that listens on `address`.
    pub fn issuer(&self, address: SocketAddr) -> Result<String, ConfigError> {
        if !self.public_url.is_empty() {
            return Ok(self.public_url.clone());
        }
        ensure(
            address.ip().is_loopback(),
            "identity.public_url",
            "must be set where the facade listens on more than a loopback address: it is the issuer of its tokens, and \
             the node and the players' browsers use it",
        )?;
        Ok(format!("http://{address}"))
    }
}

/// Reads a secret from a file that holds it and nothing else.
pub fn read_secret(key: &'static str, file: &Path) -> Result<SecretString, ConfigError> {
    let invalid = |problem: String| ConfigError::Invalid { key, problem };
    let text =
        std::fs::read_to_string(file).map_err(|cause| invalid(format!("cannot read {}: {cause}", file.display())))?;
    match text.trim() {
        "" => Err(invalid(format!("{} is empty: it must hold the secret and nothing else", file.display()))),
        secret => {
            warn_if_readable_by_others(file);
            Ok(SecretString::from(secret))
        }
    }
}

/// Whether a URL cannot be listened to on its way.
pub fn is_secure(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(url),
        _ => false,
    }
}

/// Whether a URL stays on this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn is_secure_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| is_secure(&url) && url.username().is_empty() && url.password().is_none())
}

/// Whether it is written exactly as an origin is: scheme, host and, where it is not the usual one, port.
pub fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| is_secure(&url) && url.origin().ascii_serialization() == text)
}

fn is_provider_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !name.starts_with('-')
}
