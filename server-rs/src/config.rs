//! The facade's configuration: one TOML file, overridden by the environment, checked before anything starts.
//!
//! Every key has a default that suits local development. An environment variable is named after its key:
//! `WORLDLOOM_HTTP__LISTEN` sets `http.listen`. A problem is reported with the key at fault and what to do.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::ai::AiConfig;
use crate::audit::AuditConfig;
use crate::edge::config::{CorsConfig, LimitsConfig};
use crate::identity::config::IdentityConfig;
use crate::objects::config::ObjectsConfig;
use crate::telemetry::config::TracesConfig;

const ENV_PREFIX: &str = "WORLDLOOM_";
/// Keys of the environment count only under these sections, so that variables which other
/// programs of the product read under the same prefix are not taken for misspelt keys.
const SECTIONS: [&str; 8] = ["http__", "identity__", "node__", "objects__", "ai__", "log__", "traces__", "audit__"];

/// The whole configuration, as the operator wrote it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The listening side.
    pub http: HttpConfig,
    /// The node that hosts the game database.
    pub node: NodeConfig,
    /// Where uploaded bytes lie.
    pub objects: ObjectsConfig,
    /// Who players are, and how they log in.
    pub identity: IdentityConfig,
    /// Which models are asked.
    pub ai: AiConfig,
    /// What is logged and how.
    pub log: LogConfig,
    /// Where traces go.
    pub traces: TracesConfig,
    /// Where privileged calls are written down.
    pub audit: AuditConfig,
}

/// Section `http`. Times are in seconds, sizes in bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Longest a request other than an upload may take to its response head.
    pub request_timeout_s: u64,
    /// Longest an upload may take from its head to its answer.
    pub upload_timeout_s: u64,
    /// Longest a client may take to send a request head.
    pub header_timeout_s: u64,
    /// Longest silence allowed within a request body.
    pub body_idle_timeout_s: u64,
    /// Largest sum of a request's header fields.
    pub header_limit_bytes: usize,
    /// Largest request body other than an upload.
    pub body_limit_bytes: usize,
    /// Most connections open at once; further ones wait in the kernel's queue.
    pub connection_limit: usize,
    /// How long requests in flight may go on after a stop was asked for.
    pub shutdown_deadline_s: u64,
    /// Whether answers that are text are compressed for clients that take it.
    pub compression: bool,
    /// Pages of other sites.
    pub cors: CorsConfig,
    /// How often one client may ask.
    pub limits: LimitsConfig,
}

/// Section `node`. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NodeConfig {
    /// Base URL of the node, without a path.
    pub url: String,
    /// Name or identity of the game database.
    pub database: String,
    /// File that holds the node-issued token of the identity with the `Service` role.
    pub service_token_file: PathBuf,
    /// Issuer that every player's token must name.
    pub token_issuer: String,
    /// Shortest time between two requests for the node's public key because a token does not fit it.
    pub key_refetch_interval_ms: u64,
    /// Connections to the node, on which procedure calls take turns.
    pub connections: usize,
    /// Longest a procedure call may take once it was sent.
    pub call_timeout_ms: u64,
    /// Longest a call waits for a connection while the node is away.
    pub connect_wait_ms: u64,
    /// First delay before the connection is tried again.
    pub reconnect_delay_min_ms: u64,
    /// Longest delay before the connection is tried again.
    pub reconnect_delay_max_ms: u64,
}

/// Section `log`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// Readable text or one JSON object a line.
    pub format: LogFormat,
    /// Filter directives such as `info,worldloom_facade=debug`.
    pub filter: String,
}

/// Form of the log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For a person at a terminal.
    Text,
    /// For a log collector.
    Json,
}

/// What is wrong with the configuration; the text names the key and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file given on the command line is not there.
    #[error("there is no configuration file {0}: write one or leave out --config to use the defaults")]
    NoFile(PathBuf),
    /// The file or the environment cannot be read into the keys.
    #[error("{0}: correct it in the configuration file or the environment (keys: docs/facade.md)")]
    Unreadable(Box<figment::Error>),
    /// A value cannot be used.
    #[error("{key}: {problem}")]
    Invalid {
        /// The key at fault, such as `node.url`.
        key: &'static str,
        /// What is wrong and what to do.
        problem: String,
    },
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            request_timeout_s: 30,
            upload_timeout_s: 600,
            header_timeout_s: 10,
            body_idle_timeout_s: 20,
            header_limit_bytes: 16 * 1024,
            body_limit_bytes: 64 * 1024,
            connection_limit: 4096,
            shutdown_deadline_s: 20,
            compression: true,
            cors: CorsConfig::default(),
            limits: LimitsConfig::default(),
        }
    }
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:3000".into(),
            database: "worldloom".into(),
            service_token_file: "server-rs/.spacetimedb/local-credentials/facade.token".into(),
            token_issuer: "localhost".into(),
            key_refetch_interval_ms: 10_000,
            connections: 8,
            call_timeout_ms: 10_000,
            connect_wait_ms: 3_000,
            reconnect_delay_min_ms: 100,
            reconnect_delay_max_ms: 5_000,
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".into() }
    }
}

impl Config {
    /// Reads the file, if one is given, and the environment over it, and checks every value.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            if !file.is_file() {
                return Err(ConfigError::NoFile(file.to_owned()));
            }
            figment = figment.merge(Toml::file_exact(file));
        }
        let environment =
            Env::prefixed(ENV_PREFIX).filter(|key| SECTIONS.iter().any(|section| key.starts_with(section))).split("__");
        let config: Self =
            figment.merge(environment).extract().map_err(|cause| ConfigError::Unreadable(Box::new(cause)))?;
        config.validate()?;
        Ok(config)
    }

    /// Checks what the types cannot say.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.http.validate()?;
        self.node.validate()?;
        self.objects.validate()?;
        self.identity.validate()?;
        self.ai.validate()?;
        self.traces.validate()?;
        self.audit.validate()?;
        ensure(
            self.log.filter.parse::<tracing_subscriber::EnvFilter>().is_ok(),
            "log.filter",
            "is no filter: write directives such as \"info,worldloom_facade=debug\"",
        )?;
        ensure(
            self.http.upload_timeout_s < self.objects.staging_lifetime_s,
            "objects.staging_lifetime_s",
            "must exceed http.upload_timeout_s, or the sweeper takes files of uploads under way",
        )
    }
}

impl Config {
    /// Opens every file that the configuration names and that must be there, so that a start does not fail on one.
    pub fn check_files(&self) -> Result<(), ConfigError> {
        self.node.read_service_token()?;
        self.objects.check_files()?;
        self.identity.check_files()?;
        self.ai.check_files()?;
        self.traces.read_authorization()?;
        self.audit.check_file()
    }
}

impl HttpConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let seconds = [
            ("http.request_timeout_s", self.request_timeout_s),
            ("http.upload_timeout_s", self.upload_timeout_s),
            ("http.header_timeout_s", self.header_timeout_s),
            ("http.body_idle_timeout_s", self.body_idle_timeout_s),
            ("http.shutdown_deadline_s", self.shutdown_deadline_s),
        ];
        for (key, value) in seconds {
            ensure((1..=86_400).contains(&value), key, "must be between 1 second and 86400 seconds (a day)")?;
        }
        self.cors.validate()?;
        self.limits.validate()?;
        ensure(
            (4096..=128 * 1024).contains(&self.header_limit_bytes),
            "http.header_limit_bytes",
            "must be between 4096 and 131072",
        )?;
        ensure(
            (1024..=16 * 1024 * 1024).contains(&self.body_limit_bytes),
            "http.body_limit_bytes",
            "must be between 1024 and 16777216",
        )?;
        ensure(
            (1..=1_000_000).contains(&self.connection_limit),
            "http.connection_limit",
            "must be between 1 and 1000000",
        )
    }
}

impl NodeConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let url = reqwest::Url::parse(&self.url).ok();
        let is_base = url.is_some_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.path() == "/"
                && url.query().is_none()
        });
        ensure(
            is_base,
            "node.url",
            "must be a base URL such as \"http://127.0.0.1:3000\", without path, query or password",
        )?;
        let database = &self.database;
        ensure(
            (1..=128).contains(&database.len())
                && database.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
            "node.database",
            "must be a database name of letters, digits, '-' and '_'",
        )?;
        ensure(
            (1..=128).contains(&self.token_issuer.len()),
            "node.token_issuer",
            "must be the issuer that the node writes into its tokens, \"localhost\" unless it was changed there",
        )?;
        ensure((1..=64).contains(&self.connections), "node.connections", "must be between 1 and 64")?;
        let milliseconds = [
            ("node.key_refetch_interval_ms", self.key_refetch_interval_ms),
            ("node.call_timeout_ms", self.call_timeout_ms),
            ("node.connect_wait_ms", self.connect_wait_ms),
            ("node.reconnect_delay_min_ms", self.reconnect_delay_min_ms),
            ("node.reconnect_delay_max_ms", self.reconnect_delay_max_ms),
        ];
        for (key, value) in milliseconds {
            ensure((1..=600_000).contains(&value), key, "must be between 1 and 600000 milliseconds")?;
        }
        ensure(
            self.reconnect_delay_min_ms <= self.reconnect_delay_max_ms,
            "node.reconnect_delay_min_ms",
            "must not exceed node.reconnect_delay_max_ms",
        )
    }

    /// Reads the service token. It is kept out of every log line and error.
    pub fn read_service_token(&self) -> Result<SecretString, ConfigError> {
        let file = &self.service_token_file;
        let invalid = |problem: String| ConfigError::Invalid { key: "node.service_token_file", problem };
        let text = std::fs::read_to_string(file).map_err(|cause| {
            invalid(format!(
                "cannot read {}: {cause}. Put the node-issued token of an identity with the Service role there, \
                 or let `cargo xtask dev` make one",
                file.display()
            ))
        })?;
        let token = text.trim();
        if token.split('.').count() != 3 || token.contains(char::is_whitespace) {
            return Err(invalid(format!("{} holds no token: it must hold one JWT and nothing else", file.display())));
        }
        warn_if_readable_by_others(file);
        Ok(SecretString::from(token))
    }

    /// Longest a procedure call may take once it was sent.
    pub fn call_timeout(&self) -> Duration {
        Duration::from_millis(self.call_timeout_ms)
    }

    /// Shortest time between two requests for the key of a node that has one.
    pub fn key_refetch_interval(&self) -> Duration {
        Duration::from_millis(self.key_refetch_interval_ms)
    }

    /// Longest a call waits for a connection.
    pub fn connect_wait(&self) -> Duration {
        Duration::from_millis(self.connect_wait_ms)
    }
}

/// Whoever reads the token can act for every player, and whoever reads a store's key can read every object.
#[cfg(unix)]
pub(crate) fn warn_if_readable_by_others(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if std::fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0) {
        tracing::warn!(file = %file.display(), "Others can read this secret: take their rights away (chmod 600)");
    }
}

/// Elsewhere a file's rights are not told by a mode.
#[cfg(not(unix))]
pub(crate) fn warn_if_readable_by_others(_file: &Path) {}

/// Errors: [`ConfigError::Invalid`] unless it holds.
pub(crate) fn ensure(holds: bool, key: &'static str, problem: impl Into<String>) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(ConfigError::Invalid { key, problem: problem.into() }) }
}
