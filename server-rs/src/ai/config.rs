//! Section `ai`: which models are asked, in which order, and how long anything may take.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, warn_if_readable_by_others};

/// Section `ai`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AiConfig {
    /// Whether this facade works on tasks. Readers are served either way.
    pub enabled: bool,
    /// Most tasks worked on at once.
    pub concurrency: usize,
    /// Length of a lease; it is renewed three times as often. What a killed facade had goes on after it.
    pub lease_s: u32,
    /// Longest that one stage of a task may take, its repeated requests included.
    pub stage_timeout_s: u64,
    /// Longest wait for the first text of an answer.
    pub first_text_timeout_s: u64,
    /// Longest silence within an answer.
    pub silence_timeout_s: u64,
    /// How often a provider is asked before the next one is.
    pub attempts_per_provider: u32,
    /// First delay before a provider is asked again; it doubles.
    pub retry_delay_min_ms: u64,
    /// Longest such delay, and the longest `Retry-After` that is waited for.
    pub retry_delay_max_ms: u64,
    /// Folder with prompt files that take the place of those built in; empty for none.
    pub prompts_folder: PathBuf,
    /// Who is asked, in this order.
    pub providers: Vec<ProviderConfig>,
}

/// One provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ProviderConfig {
    /// Templates in place of a model.
    Offline(OfflineConfig),
    /// An endpoint that speaks the protocol of OpenAI's chat completions.
    Openai(OpenAiConfig),
}

/// The offline provider, which is not a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OfflineConfig {
    /// Pieces of text a second, so that a stream looks like one; 0 for all at once.
    pub pieces_per_second: u32,
}

/// An endpoint that speaks the protocol of OpenAI's chat completions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenAiConfig {
    /// For logs and figures.
    pub name: String,
    /// URL up to and without `/chat/completions`, such as `https://models.example/v1`.
    pub base_url: String,
    /// The model to name in requests.
    pub model: String,
    /// File with the API key and nothing else; empty for an endpoint that takes none.
    #[serde(default)]
    pub api_key_file: PathBuf,
    /// Whether the endpoint can hold an answer to a JSON schema. Where it cannot, the schema is part of the prompt.
    #[serde(default = "yes")]
    pub json_schema: bool,
    /// Most tokens of one answer.
    #[serde(default = "default_max_tokens")]
    pub max_tokens: u32,
}

fn yes() -> bool {
    true
}

fn default_max_tokens() -> u32 {
    8_192
}

impl Default for OfflineConfig {
    fn default() -> Self {
        Self { pieces_per_second: 50 }
    }
}

impl Default for AiConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            concurrency: 64,
            lease_s: 30,
            stage_timeout_s: 300,
            first_text_timeout_s: 60,
            silence_timeout_s: 30,
            attempts_per_provider: 3,
            retry_delay_min_ms: 500,
            retry_delay_max_ms: 20_000,
            prompts_folder: PathBuf::new(),
            providers: vec![ProviderConfig::Offline(OfflineConfig::default())],
        }
    }
}

impl AiConfig {
    /// Checks what the types cannot say.
    pub fn validate(&self) -> Result<(), ConfigError> {
        ensure((1..=10_000).contains(&self.concurrency), "ai.concurrency", "must be between 1 and 10000")?;
        ensure((5..=900).contains(&self.lease_s), "ai.lease_s", "must be between 5 and 900, as the game module asks")?;
        for (key, value) in [
            ("ai.stage_timeout_s", self.stage_timeout_s),
            ("ai.first_text_timeout_s", self.first_text_timeout_s),
            ("ai.silence_timeout_s", self.silence_timeout_s),
        ] {
            ensure((1..=3_600).contains(&value), key, "must be between 1 and 3600 seconds")?;
        }
        ensure((1..=10).contains(&self.attempts_per_provider), "ai.attempts_per_provider", "must be between 1 and 10")?;
        ensure(
            1 <= self.retry_delay_min_ms
                && self.retry_delay_min_ms <= self.retry_delay_max_ms
                && self.retry_delay_max_ms <= 600_000,
            "ai.retry_delay_min_ms",
            "must be at least 1, and ai.retry_delay_max_ms no less than it and at most 600000",
        )?;
        ensure(
            !self.enabled || !self.providers.is_empty(),
            "ai.providers",
            "must name at least one provider, or set ai.enabled = false",
        )?;
        self.providers.iter().try_for_each(ProviderConfig::validate)
    }

    /// Reads every file that is named, so that a mistake is found before the start.
    pub fn check_files(&self) -> Result<(), ConfigError> {
        let invalid = |problem| ConfigError::Invalid { key: "ai.prompts_folder", problem };
        super::prompts::Prompts::load(&self.prompts_folder).map_err(|error| invalid(error.to_string()))?;
        self.providers.iter().try_for_each(|provider| match provider {
            ProviderConfig::Offline(_) => Ok(()),
            ProviderConfig::Openai(endpoint) => endpoint.read_api_key().map(drop),
        })
    }

    /// Longest wait for the first text of an answer.
    pub fn first_text_timeout(&self) -> Duration {
        Duration::from_secs(self.first_text_timeout_s)
    }

    /// Longest silence within an answer.
    pub fn silence_timeout(&self) -> Duration {
        Duration::from_secs(self.silence_timeout_s)
    }

    /// Longest that one stage may take.
    pub fn stage_timeout(&self) -> Duration {
        Duration::from_secs(self.stage_timeout_s)
    }
}

impl ProviderConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        match self {
            Self::Offline(offline) => ensure(
                offline.pieces_per_second <= 10_000,
                "ai.providers.pieces_per_second",
                "must be at most 10000; 0 is all at once",
            ),
            Self::Openai(endpoint) => endpoint.validate(),
        }
    }
}

impl OpenAiConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let is_label = (1..=64).contains(&self.name.len())
            && self.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        ensure(is_label, "ai.providers.name", "must be 1 to 64 letters, digits, '-', '_' and '.'")?;
        let url = reqwest::Url::parse(&self.base_url).ok();
        let is_base = url.is_some_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
        });
        ensure(
            is_base,
            "ai.providers.base_url",
            "must be a URL such as \"https://models.example/v1\", without a query or password",
        )?;
        ensure(!self.model.trim().is_empty(), "ai.providers.model", "must name the model to ask")?;
        ensure((1..=1_000_000).contains(&self.max_tokens), "ai.providers.max_tokens", "must be between 1 and 1000000")
    }

    /// Reads the API key, if there is one. It is kept out of every log line and error.
    pub fn read_api_key(&self) -> Result<Option<SecretString>, ConfigError> {
        if self.api_key_file.as_os_str().is_empty() {
            return Ok(None);
        }
        let file: &Path = &self.api_key_file;
        let invalid = |problem| ConfigError::Invalid { key: "ai.providers.api_key_file", problem };
        let text = std::fs::read_to_string(file).map_err(|cause| {
            invalid(format!("cannot read {}: {cause}. Put the API key there, and nothing else", file.display()))
        })?;
        let key = text.trim();
        let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_key {
            return Err(invalid(format!("{} holds no key: it must hold one and nothing else", file.display())));
        }
        warn_if_readable_by_others(file);
        Ok(Some(SecretString::from(key)))
    }
}

fn ensure(holds: bool, key: &'static str, problem: &str) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(ConfigError::Invalid { key, problem: problem.to_owned() }) }
}
