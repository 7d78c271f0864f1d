//! Section `objects` of the configuration. `docs/objects.md` says what each key means.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::content_type;
use crate::config::{ConfigError, ensure, warn_if_readable_by_others};

/// The largest object that the game module registers.
const OBJECT_BYTES_MAX: u64 = 5 << 30;
/// S3 takes no smaller part but the last.
const PART_BYTES_MIN: u64 = 5 << 20;
/// Parts of one object at most, on S3 and on OSS.
const PARTS_MAX: u64 = 10_000;
/// An announced upload lapses after an hour; no URL may outlive it.
const UPLOAD_URL_LIFE_MAX_S: u64 = 3_000;
/// Signed URLs of S3 and OSS live for a week at most.
pub const SHARED_URL_LIFE_MAX_S: u64 = 604_800;

/// Where uploaded bytes lie. Times are in seconds, sizes in bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ObjectsConfig {
    /// Folder of the local object store, made when absent. With a remote store only files under way lie here.
    pub root: PathBuf,
    /// Bucket of new objects: a folder below the root, or the bucket of the remote store, where all objects lie.
    pub bucket: String,
    /// Largest object that is uploaded through the facade.
    pub upload_limit_bytes: u64,
    /// Largest object that a client uploads by a signed request.
    pub direct_limit_bytes: u64,
    /// Larger objects are uploaded in parts of this size.
    pub part_bytes: u64,
    /// How long a signed request for an upload is good.
    pub upload_url_life_s: u64,
    /// How long a signed URL for a download is good.
    pub download_url_life_s: u64,
    /// Content types that may be uploaded; each must be one that can be told from the content.
    pub content_types: Vec<String>,
    /// Time between two runs of the sweeper.
    pub sweep_interval_s: u64,
    /// Time between two comparisons of the whole store with the rows.
    pub reconcile_interval_s: u64,
    /// Age from which a staged file counts as left behind. It must exceed the upload time-out.
    pub staging_lifetime_s: u64,
    /// Objects lie in a bucket of S3, or of a store that speaks its protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3: Option<RemoteConfig>,
    /// Objects lie in a bucket of Aliyun OSS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oss: Option<RemoteConfig>,
}

/// Sections `objects.s3` and `objects.oss`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteConfig {
    /// Base URL of the store as the facade reaches it, without the bucket.
    pub endpoint: String,
    /// The same as clients reach it, when that is another one.
    #[serde(default)]
    pub public_endpoint: String,
    /// Region, such as `eu-central-1` or `cn-hangzhou`.
    pub region: String,
    /// Id of the access key.
    pub access_key_id: String,
    /// File with the secret of the access key, and nothing else.
    pub access_key_secret_file: PathBuf,
    /// Whether the bucket stands in the path of URLs instead of the host name.
    #[serde(default)]
    pub path_style: bool,
}

impl Default for ObjectsConfig {
    fn default() -> Self {
        let content_types = [
            "image/png",
            "image/jpeg",
            "image/webp",
            "image/gif",
            "audio/mpeg",
            "audio/ogg",
            "audio/x-wav",
            "video/mp4",
            "video/webm",
        ];
        Self {
            root: "server-rs/.spacetimedb/local-objects".into(),
            bucket: "worldloom".into(),
            upload_limit_bytes: 32 << 20,
            direct_limit_bytes: 1 << 30,
            part_bytes: 16 << 20,
            upload_url_life_s: 900,
            download_url_life_s: 300,
            content_types: content_types.map(String::from).to_vec(),
            sweep_interval_s: 60,
            reconcile_interval_s: 86_400,
            staging_lifetime_s: 3_600,
            s3: None,
            oss: None,
        }
    }
}

impl ObjectsConfig {
    /// Reads the store's secret, if there is one, and keeps it not.
    pub fn check_files(&self) -> Result<(), ConfigError> {
        self.remote().map_or(Ok(()), |remote| remote.read_secret().map(drop))
    }

    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        ensure(
            !self.root.as_os_str().is_empty(),
            "objects.root",
            "must name the folder that uploaded objects are kept in",
        )?;
        self.validate_bucket()?;
        self.validate_sizes()?;
        self.validate_times()?;
        ensure(!self.content_types.is_empty(), "objects.content_types", "must list at least one content type")?;
        for content_type in &self.content_types {
            ensure(
                content_type::is_recognisable(content_type),
                "objects.content_types",
                format!("holds \"{content_type}\", which cannot be told from the content: leave it out"),
            )?;
        }
        ensure(
            self.s3.is_none() || self.oss.is_none(),
            "objects.oss",
            "stands beside objects.s3: objects lie in one store, so remove one of the two",
        )?;
        self.remote().map_or(Ok(()), RemoteConfig::validate)
    }

    fn validate_bucket(&self) -> Result<(), ConfigError> {
        let bucket = self.bucket.as_bytes();
        let in_bucket = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
        ensure(
            (3..=63).contains(&bucket.len())
                && bucket.iter().all(in_bucket)
                && !bucket.starts_with(b"-")
                && !bucket.ends_with(b"-"),
            "objects.bucket",
            "must be 3 to 63 lower-case letters, digits and hyphens, with no hyphen first or last",
        )
    }

    fn validate_sizes(&self) -> Result<(), ConfigError> {
        for (key, bytes) in [
            ("objects.upload_limit_bytes", self.upload_limit_bytes),
            ("objects.direct_limit_bytes", self.direct_limit_bytes),
        ] {
            ensure(
                (1..=OBJECT_BYTES_MAX).contains(&bytes),
                key,
                "must be between 1 and 5368709120 (5 GiB, the most that the game module registers)",
            )?;
        }
        let part_min = if self.remote().is_some() { PART_BYTES_MIN } else { 1 };
        ensure(
            (part_min..=OBJECT_BYTES_MAX).contains(&self.part_bytes)
                && self.direct_limit_bytes.div_ceil(self.part_bytes) <= PARTS_MAX,
            "objects.part_bytes",
            "must be at least 5242880 on S3 and OSS, and large enough that objects have 10000 parts at most",
        )
    }

    fn validate_times(&self) -> Result<(), ConfigError> {
        for (key, value) in [
            ("objects.sweep_interval_s", self.sweep_interval_s),
            ("objects.reconcile_interval_s", self.reconcile_interval_s),
            ("objects.staging_lifetime_s", self.staging_lifetime_s),
            ("objects.download_url_life_s", self.download_url_life_s),
        ] {
            ensure((1..=604_800).contains(&value), key, "must be between 1 second and 604800 seconds (a week)")?;
        }
        ensure(
            (1..=UPLOAD_URL_LIFE_MAX_S).contains(&self.upload_url_life_s),
            "objects.upload_url_life_s",
            "must be between 1 and 3000 seconds, because an announced upload lapses after an hour",
        )
    }

    /// The remote store, if objects lie in one.
    pub fn remote(&self) -> Option<&RemoteConfig> {
        self.s3.as_ref().or(self.oss.as_ref())
    }

    /// How long a signed request for an upload is good.
    pub fn upload_url_life(&self) -> Duration {
        Duration::from_secs(self.upload_url_life_s)
    }
}

impl RemoteConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let is_base = |text: &str| {
            Url::parse(text).is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https")
                    && url.has_host()
                    && url.username().is_empty()
                    && url.path() == "/"
                    && url.query().is_none()
            })
        };
        ensure(
            is_base(&self.endpoint) && (self.public_endpoint.is_empty() || is_base(&self.public_endpoint)),
            "objects.s3.endpoint",
            "and public_endpoint (of objects.s3 or objects.oss) must be base URLs without bucket, path or password",
        )?;
        let is_word = |text: &str| (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        ensure(
            is_word(&self.region) && is_word(&self.access_key_id),
            "objects.s3.region",
            "and access_key_id (of objects.s3 or objects.oss) must be given",
        )
    }

    /// The store's address for clients.
    pub fn public_endpoint(&self) -> &str {
        if self.public_endpoint.is_empty() { &self.endpoint } else { &self.public_endpoint }
    }

    /// Reads the secret of the access key. It is kept out of every log line and error.
    pub fn read_secret(&self) -> Result<SecretString, ConfigError> {
        let file: &Path = &self.access_key_secret_file;
        let invalid = |problem: String| ConfigError::Invalid { key: "objects.s3.access_key_secret_file", problem };
        let text = std::fs::read_to_string(file).map_err(|cause| {
            invalid(format!("cannot read {}: {cause}. Put the secret of the access key there", file.display()))
        })?;
        let secret = text.trim();
        if secret.is_empty() || secret.contains(char::is_whitespace) {
            return Err(invalid(format!("{} must hold one secret and nothing else", file.display())));
        }
        warn_if_readable_by_others(file);
        Ok(SecretString::from(secret))
    }
}
