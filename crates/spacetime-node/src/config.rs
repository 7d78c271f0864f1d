//! The node's configuration file, `config.toml`: limits, time-outs and trusted token issuers.
//!
//! Every key has a default, so that no file is needed. Unknown keys are refused, because a
//! misspelt limit that is silently ignored protects nobody.

use std::num::{NonZeroU16, NonZeroU64, NonZeroUsize};
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use spacetimedb_core::config::{ModuleHttpConfig, WasmConfig};
use spacetimedb_durability::local::Options;
use spacetimedb_engine::persistence::CommitlogConfig;
use spacetimedb_lib::Identity;

use crate::history::HistoryConfig;

/// Everything that `config.toml` may set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct NodeConfig {
    /// Who issues the tokens that the node accepts.
    pub auth: AuthConfig,
    /// Limits of the HTTP API.
    pub http: HttpConfig,
    /// Limits and time-outs of WebSocket connections.
    pub websocket: WebSocketConfig,
    /// How new programs are tried out.
    pub publish: PublishConfig,
    /// What queries may cost.
    pub sql: SqlConfig,
    /// What goes to the node's log.
    pub logs: LogsConfig,
    /// The engine's commit log, with the engine's own keys.
    #[serde(with = "CommitlogKeys")]
    pub commitlog: CommitlogConfig,
    /// How much of its past a database keeps on disk.
    pub history: HistoryConfig,
    /// Whether modules may send HTTP requests.
    #[serde(with = "ModuleHttpKeys")]
    pub module_http: ModuleHttpConfig,
    /// Resources for WebAssembly modules.
    pub wasm: WasmLimits,
}

/// Tokens and their issuers.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct AuthConfig {
    /// The `iss` claim of the node's own tokens. It is part of every identity: changing it
    /// changes who everybody is.
    pub issuer: Box<str>,
    /// Outside issuers whose keys are fetched by OIDC discovery.
    pub trusted_issuers: Vec<TrustedIssuer>,
    /// Accept any issuer that a token names, as the official server does. A stranger can then
    /// make the node send requests to an address of the stranger's choice.
    pub trust_any_issuer: bool,
}

/// An outside issuer of tokens.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TrustedIssuer {
    /// The exact `iss` claim, which is also the base URL of the discovery document.
    pub issuer: Box<str>,
    /// When not empty, one of these must be among the token's audiences.
    #[serde(default)]
    pub audiences: Vec<Box<str>>,
}

/// Limits of the HTTP API; sizes in bytes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Largest module that can be published.
    pub max_program_bytes: usize,
    /// Largest body of any other request.
    pub max_body_bytes: usize,
    /// Time for a client to send its request head.
    #[serde(with = "humantime_serde")]
    pub header_timeout: Duration,
    /// Silence within a request's body after which the request is refused.
    #[serde(with = "humantime_serde")]
    pub body_idle_timeout: Duration,
    /// Time after which an unused connection of a caller over HTTP is closed in the database;
    /// zero opens and closes one for each call.
    #[serde(with = "humantime_serde")]
    pub caller_idle_timeout: Duration,
    /// Time that requests in progress get when the node stops.
    #[serde(with = "humantime_serde")]
    pub shutdown_grace: Duration,
}

/// Limits of WebSocket connections; sizes in bytes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct WebSocketConfig {
    /// How often a quiet client is pinged.
    #[serde(with = "humantime_serde")]
    pub ping_interval: Duration,
    /// A client that sends nothing for this long, not even a pong, is dropped.
    #[serde(with = "humantime_serde")]
    pub idle_timeout: Duration,
    /// Time for the client to answer a close frame.
    #[serde(with = "humantime_serde")]
    pub close_handshake_timeout: Duration,
    /// Messages that may wait for their turn; a client that sends more is dropped.
    pub incoming_queue_length: NonZeroUsize,
    /// Largest message from a client, however many frames it comes in.
    pub max_message_bytes: usize,
    /// Queries that a connection may be subscribed to at the same time; a client that asks for more is dropped.
    pub max_queries: NonZeroUsize,
    /// Bytes that may wait for a client that does not read, beside the largest batch of them: what the engine has at one
    /// time, up to 1,024 messages. Past it, or if it takes too long for what is beside them, the client is dropped.
    pub outgoing_queue_bytes: usize,
    /// Whether clients that ask for gzip get it. The official TypeScript SDK 2.10 asks by
    /// default, and then takes messages in the wrong order (upstream issue 5730): it unpacks
    /// compressed ones beside the others.
    pub gzip: bool,
}

/// Publishing.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct PublishConfig {
    /// Time in which a new program must be compiled, describe itself and run its `init`.
    #[serde(with = "humantime_serde")]
    pub trial_limit: Duration,
    /// New programs that are tried out at the same time; more wait for their turn.
    pub trials_at_once: NonZeroU16,
    /// Who may create databases: identities in hexadecimal digits, and issuers of tokens by their exact `iss` claim.
    /// Without any, everybody may, as on the official server.
    pub creators: Vec<Box<str>>,
    /// Databases that one identity may own before it can create no more; zero sets no limit.
    pub databases_per_identity: usize,
}

/// Trials at the same time. Anybody may publish, and each trial may take a core, a process and the memory of a module
/// for all of its time, so that strangers with more of them would take the machine from those who play.
const TRIALS_AT_ONCE: NonZeroU16 = NonZeroU16::new(4).unwrap();

/// Databases of one identity. Each takes memory and open files for as long as the node runs, used or not.
const DATABASES_PER_IDENTITY: usize = 100;

impl Default for PublishConfig {
    fn default() -> Self {
        Self {
            trial_limit: Duration::from_secs(60),
            trials_at_once: TRIALS_AT_ONCE,
            creators: Vec::new(),
            databases_per_identity: DATABASES_PER_IDENTITY,
        }
    }
}

impl PublishConfig {
    /// Whether somebody with this identity and a token of this issuer may create databases.
    pub fn may_create(&self, identity: Identity, issuer: &str) -> bool {
        let is_meant = |creator: &str| match Identity::from_hex(creator) {
            Ok(listed) => listed == identity,
            Err(_) => creator == issuer,
        };
        self.creators.is_empty() || self.creators.iter().any(|creator| is_meant(creator))
    }
}

/// Queries and subscriptions.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct SqlConfig {
    /// Rows that one query or subscription of anybody but the owner may go through, by the engine's estimate. Databases
    /// without a limit get this one when they are launched; zero gives none.
    pub row_limit: u64,
}

/// Enough for a whole table of half a million rows, even if it is filtered by a column without an index, for which the
/// engine's estimate counts it twice. Two tables joined without a condition reach it at a thousand rows each. Rows of a
/// kibibyte make it a gigabyte, and the result is in memory as a whole.
const ROW_LIMIT: u64 = 1_000_000;

impl Default for SqlConfig {
    fn default() -> Self {
        Self { row_limit: ROW_LIMIT }
    }
}

/// The node's log.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct LogsConfig {
    /// `error`, `warn`, `info`, `debug`, `trace` or `off`.
    pub level: String,
    /// Further filters by module, such as `spacetimedb=debug`.
    pub directives: Vec<String>,
}

/// Resources for WebAssembly modules.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct WasmLimits {
    /// Procedures of one database that run at the same time, those that wait included.
    pub procedure_instance_pool_size: Option<NonZeroU16>,
}

/// The keys of [`CommitlogConfig`], which by itself takes any other key as well and does nothing with it.
#[derive(Deserialize)]
#[serde(remote = "CommitlogConfig", rename_all = "kebab-case", default = "Default::default", deny_unknown_fields)]
struct CommitlogKeys {
    log_format_version: Option<u8>,
    max_segment_size: Option<NonZeroU64>,
    #[serde(alias = "offset-interval-bytes")]
    offset_index_interval_bytes: Option<NonZeroU64>,
    #[serde(alias = "offset-index-require-fsync")]
    offset_index_require_segment_fsync: Option<bool>,
    preallocate_segments: Option<bool>,
    write_buffer_size: Option<NonZeroUsize>,
}

/// The keys of [`ModuleHttpConfig`], for the same reason.
#[derive(Deserialize)]
#[serde(remote = "ModuleHttpConfig", rename_all = "kebab-case", default = "Default::default", deny_unknown_fields)]
struct ModuleHttpKeys {
    enabled: bool,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self { issuer: "localhost".into(), trusted_issuers: Vec::new(), trust_any_issuer: false }
    }
}

const MIB: usize = 1024 * 1024;

/// Procedures of a database at the same time. Nearly all of their time they wait, for the disk at the end of each
/// transaction or for an answer from outside, and whoever waits holds an instance of the module: with the engine's one
/// for each core, two procedures that wait would stop all others.
const PROCEDURES_AT_ONCE: Option<NonZeroU16> = NonZeroU16::new(64);

/// Size at which the commit log begins a new segment, which is also when the engine takes a
/// snapshot. It bounds what a start has to replay: the engine's own 1 GiB takes seconds.
const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            max_program_bytes: 128 * MIB,
            max_body_bytes: 32 * MIB,
            header_timeout: Duration::from_secs(10),
            body_idle_timeout: Duration::from_secs(30),
            caller_idle_timeout: Duration::from_secs(10),
            shutdown_grace: Duration::from_secs(10),
        }
    }
}

impl Default for WebSocketConfig {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(30),
            close_handshake_timeout: Duration::from_millis(250),
            incoming_queue_length: const { NonZeroUsize::new(16384).unwrap() },
            max_message_bytes: 32 * MIB,
            max_queries: const { NonZeroUsize::new(1_000).unwrap() },
            outgoing_queue_bytes: 64 * MIB,
            gzip: false,
        }
    }
}

impl Default for LogsConfig {
    fn default() -> Self {
        Self { level: "info".into(), directives: vec!["spacetimedb=warn".into()] }
    }
}

/// Why a configuration file was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("The configuration file {path} cannot be read ({cause}); check the path and its permissions.")]
    Unreadable {
        /// The file as it was named.
        path: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The file is not valid.
    #[error("The configuration file {path} is not valid in line {line}: {cause}")]
    Invalid {
        /// The file as it was named.
        path: String,
        /// Counted from one.
        line: usize,
        /// What is wrong there.
        cause: String,
    },
    /// A value is out of its range.
    #[error("The configuration value `{key}` must be {rule}.")]
    OutOfRange {
        /// Dotted key.
        key: &'static str,
        /// What it must be.
        rule: &'static str,
    },
}

impl NodeConfig {
    /// Reads and checks a configuration file; without one, the defaults hold.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let config = match path {
            None => Self::default(),
            Some(path) => {
                let shown = path.display().to_string();
                let text = std::fs::read_to_string(path)
                    .map_err(|cause| ConfigError::Unreadable { path: shown.clone(), cause })?;
                toml::from_str(&text).map_err(|cause| invalid(shown, &text, &cause))?
            }
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let rules = [
            ("auth.issuer", "1 to 128 bytes long", (1..=128).contains(&self.auth.issuer.len())),
            ("http.max-program-bytes", "more than 0", self.http.max_program_bytes > 0),
            ("http.max-body-bytes", "more than 0", self.http.max_body_bytes > 0),
            ("http.header-timeout", "more than 0", !self.http.header_timeout.is_zero()),
            ("http.body-idle-timeout", "more than 0", !self.http.body_idle_timeout.is_zero()),
            ("websocket.ping-interval", "more than 0", !self.websocket.ping_interval.is_zero()),
            (
                "websocket.idle-timeout",
                "longer than websocket.ping-interval",
                self.websocket.idle_timeout > self.websocket.ping_interval,
            ),
            ("websocket.max-message-bytes", "more than 0", self.websocket.max_message_bytes > 0),
            ("websocket.outgoing-queue-bytes", "more than 0", self.websocket.outgoing_queue_bytes > 0),
            ("history.snapshots", "2 or more, or 0 to keep all", self.history.snapshots != 1),
            (
                "history.whole-log",
                "true if history.snapshots keeps all",
                self.history.whole_log || self.history.snapshots > 0,
            ),
        ];
        match rules.into_iter().find(|(_, _, holds)| !holds) {
            Some((key, rule, _)) => Err(ConfigError::OutOfRange { key, rule }),
            None => Ok(()),
        }
    }

    /// The engine's settings for what it writes to disk.
    pub fn durability(&self) -> Options {
        let mut options = Options::default();
        let (log, asked) = (&mut options.commitlog, &self.commitlog);
        log.max_segment_size = asked.max_segment_size.map_or(SEGMENT_BYTES, NonZeroU64::get);
        log.log_format_version = asked.log_format_version.unwrap_or(log.log_format_version);
        log.offset_index_interval_bytes = asked.offset_index_interval_bytes.unwrap_or(log.offset_index_interval_bytes);
        log.offset_index_require_segment_fsync =
            asked.offset_index_require_segment_fsync.unwrap_or(log.offset_index_require_segment_fsync);
        log.preallocate_segments = asked.preallocate_segments.unwrap_or(log.preallocate_segments);
        log.write_buffer_size = asked.write_buffer_size.map_or(log.write_buffer_size, NonZeroUsize::get);
        options
    }

    /// The engine's settings for WebAssembly modules.
    pub fn wasm(&self) -> WasmConfig {
        match self.wasm.procedure_instance_pool_size.or(PROCEDURES_AT_ONCE) {
            Some(size) => WasmConfig { procedure_instance_pool_size: size.into() },
            None => WasmConfig::default(),
        }
    }
}

/// The parser's own text draws a picture of several lines; this is one sentence.
fn invalid(path: String, text: &str, cause: &toml::de::Error) -> ConfigError {
    let before = cause.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    ConfigError::Invalid { path, line, cause: cause.message().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<NodeConfig, String> {
        let config: NodeConfig = toml::from_str(text).map_err(|e| e.to_string())?;
        config.check().map_err(|e| e.to_string())?;
        Ok(config)
    }

    #[test]
    fn an_empty_file_gives_the_official_defaults() {
        let config = parse("").unwrap();
        assert_eq!(&*config.auth.issuer, "localhost");
        assert_eq!(config.websocket.ping_interval, Duration::from_secs(15));
        assert_eq!(config.websocket.incoming_queue_length.get(), 16384);
        assert!(!config.auth.trust_any_issuer);
    }

    #[test]
    fn the_engine_gets_this_nodes_defaults_where_it_has_slower_ones() {
        let config = parse("").unwrap();
        assert_eq!(config.durability().commitlog.max_segment_size, SEGMENT_BYTES);
        assert_eq!(Some(config.wasm().procedure_instance_pool_size), PROCEDURES_AT_ONCE.map(Into::into));
        let config = parse("[commitlog]\nmax-segment-size = 1048576").unwrap();
        assert_eq!(config.durability().commitlog.max_segment_size, 1_048_576);
    }

    #[test]
    fn every_section_can_be_set() {
        let config = parse(
            r#"
            [auth]
            trusted-issuers = [{ issuer = "https://login.example", audiences = ["game"] }]
            [http]
            max-program-bytes = 1000
            body-idle-timeout = "5s"
            [publish]
            trials-at-once = 2
            creators = ["https://login.example"]
            databases-per-identity = 3
            [sql]
            row-limit = 1000
            [websocket]
            ping-interval = "1s"
            idle-timeout = "2s"
            [commitlog]
            max-segment-size = 1048576
            offset-interval-bytes = 4096
            [history]
            snapshots = 2
            whole-log = false
            [module-http]
            enabled = false
            [wasm]
            procedure-instance-pool-size = 3
            "#,
        )
        .unwrap();
        assert_eq!(&*config.auth.trusted_issuers[0].audiences[0], "game");
        assert_eq!(config.http.body_idle_timeout, Duration::from_secs(5));
        assert_eq!((config.publish.trials_at_once.get(), config.publish.databases_per_identity), (2, 3));
        assert_eq!(&*config.publish.creators[0], "https://login.example");
        assert_eq!(config.sql.row_limit, 1000);
        assert_eq!(config.durability().commitlog.offset_index_interval_bytes.get(), 4096);
        assert_eq!((config.history.snapshots, config.history.whole_log), (2, false));
        assert!(!config.module_http.enabled && parse("[module-http]").unwrap().module_http.enabled);
        assert_eq!(config.wasm().procedure_instance_pool_size.get(), 3);
    }

    #[test]
    fn databases_are_created_by_those_who_are_listed_and_by_all_if_nobody_is() {
        let (one, two) = (Identity::from_byte_array([1; 32]), Identity::from_byte_array([2; 32]));
        let config = |creators: &str| parse(&format!("[publish]\ncreators = [{creators}]")).unwrap().publish;
        assert!(config("").may_create(one, "localhost"));
        for listed in [format!("'{one}'"), format!("'0x{one}', 'https://login.example'")] {
            let config = config(&listed);
            assert!(config.may_create(one, "localhost") && !config.may_create(two, "localhost"), "{listed}");
        }
        let config = config("'https://login.example'");
        assert!(config.may_create(one, "https://login.example"));
        assert!(!config.may_create(one, "https://login.example/") && !config.may_create(one, ""));
    }

    #[test]
    fn misspelt_keys_and_impossible_values_are_refused_by_name() {
        for (section, key, value) in [
            ("websocket", "ping-intervall", "'1s'"),
            ("commitlog", "max-segment-sise", "1048576"),
            ("module-http", "enable", "false"),
        ] {
            let refused = parse(&format!("[{section}]\n{key} = {value}")).unwrap_err();
            assert!(refused.contains(&format!("unknown field `{key}`")), "{refused}");
        }
        let refused = parse("[websocket]\nidle-timeout = '1s'").unwrap_err();
        assert!(refused.contains("websocket.idle-timeout"), "{refused}");
        assert!(parse("[auth]\nissuer = ''").unwrap_err().contains("auth.issuer"));
        assert!(parse("[http]\nbody-idle-timeout = '0s'").unwrap_err().contains("http.body-idle-timeout"));
        assert!(parse("[publish]\ntrials-at-once = 0").is_err());
        assert!(parse("[history]\nsnapshots = 1").unwrap_err().contains("history.snapshots"));
        assert!(parse("[history]\nsnapshots = 0\nwhole-log = false").unwrap_err().contains("history.whole-log"));
    }
}
