//! Which server a command talks to: a URL, `local`, or a nickname of the official command line.

use std::fmt;
use std::path::Path;

use reqwest::Url;
use serde::Deserialize;

use super::error::CliError;

/// Where a node listens unless told otherwise.
pub const DEFAULT_SERVER: &str = "http://127.0.0.1:3000";

/// The base URL of a server: http or https, with a host, without query, fragment or password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server(Url);

impl Server {
    /// Parses a URL, or looks a nickname up in the official configuration file at `official_config`.
    ///
    /// Errors: [`CliError::InvalidServer`], [`CliError::UnknownServer`], and those of reading the file.
    pub fn resolve(name: &str, official_config: Option<&Path>) -> Result<Self, CliError> {
        if name.contains("://") {
            return Self::parse(name);
        }
        if let Some(url) = official_config.map(|path| official_nickname(path, name)).transpose()?.flatten() {
            return Self::parse(&url);
        }
        match name {
            "local" => Self::parse(DEFAULT_SERVER),
            _ => Err(CliError::UnknownServer(name.to_owned())),
        }
    }

    fn parse(text: &str) -> Result<Self, CliError> {
        let invalid = |reason: &str| CliError::InvalidServer(reason.to_owned());
        let url = Url::parse(text).map_err(|cause| invalid(&cause.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("the scheme must be http or https"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("it must not hold a user name or password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("it must not have a query or fragment"));
        }
        Ok(Self(url))
    }

    /// The URL of a resource; each segment is percent-encoded, a slash inside one included.
    pub fn endpoint(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        // Only URLs without a host lack path segments, and `parse` admits none of those.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Whether what is sent stays on this machine.
    pub fn is_loopback(&self) -> bool {
        let Some(host) = self.0.host_str() else { return false };
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// Whether a token can be sent without a stranger on the network reading it.
    pub fn keeps_secrets(&self) -> bool {
        self.0.scheme() == "https" || self.is_loopback()
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// The part of the official `cli.toml` that names servers.
#[derive(Deserialize)]
struct OfficialConfig {
    #[serde(default)]
    server_configs: Vec<OfficialServer>,
}

#[derive(Deserialize)]
struct OfficialServer {
    nickname: Option<String>,
    host: String,
    protocol: String,
}

fn official_nickname(path: &Path, nickname: &str) -> Result<Option<String>, CliError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(CliError::file("read", path)(cause)),
    };
    // The file also holds the user's login token, so the parser's excerpt of it stays out of the message.
    let config: OfficialConfig = toml::from_str(&text)
        .map_err(|cause| CliError::OfficialConfig { path: path.to_owned(), reason: cause.message().to_owned() })?;
    let server = config.server_configs.into_iter().find(|server| server.nickname.as_deref() == Some(nickname));
    Ok(server.map(|server| format!("{}://{}", server.protocol, server.host)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn segments_are_encoded_and_a_base_path_is_kept() {
        let plain = Server::resolve("http://127.0.0.1:3000", None).unwrap();
        assert_eq!(
            plain.endpoint(&["v1", "database", "a/b?c#d", "call"]).as_str(),
            "http://127.0.0.1:3000/v1/database/a%2Fb%3Fc%23d/call"
        );
        for base in ["https://example.com/game", "https://example.com/game/"] {
            let server = Server::resolve(base, None).unwrap();
            assert_eq!(server.endpoint(&["v1", "ping"]).as_str(), "https://example.com/game/v1/ping");
        }
    }

    #[test]
    fn secrets_stay_on_the_machine_or_under_tls() {
        for (url, keeps) in [
            ("http://127.0.0.1:3000", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:3000", true),
            ("http://localhost:3000", true),
            ("https://example.com", true),
            ("http://example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://192.168.1.4:3000", false),
        ] {
            assert_eq!(Server::resolve(url, None).unwrap().keeps_secrets(), keeps, "{url}");
        }
    }

    #[test]
    fn unusable_urls_are_refused_without_repeating_a_password() {
        for url in ["ftp://example.com", "http://", "http://u:hunter2@example.com", "http://a/?x=1", "http://a/#x"] {
            let error = Server::resolve(url, None).unwrap_err().to_string();
            assert!(error.starts_with("This is no server URL"), "{url}: {error}");
            assert!(!error.contains("hunter2"));
        }
        assert!(matches!(Server::resolve("elsewhere", None), Err(CliError::UnknownServer(_))));
    }

    #[test]
    fn nicknames_come_from_the_official_configuration() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cli.toml");
        assert_eq!(Server::resolve("local", Some(&path)).unwrap().to_string(), DEFAULT_SERVER);
        std::fs::write(
            &path,
            "spacetimedb_token = \"sesame\"\n[[server_configs]]\nnickname = \"stage\"\nhost = \"stage.example.com\"\nprotocol = \"https\"\n",
        )
        .unwrap();
        assert_eq!(Server::resolve("stage", Some(&path)).unwrap().to_string(), "https://stage.example.com");

        std::fs::write(&path, "spacetimedb_token = \"sesame\n").unwrap();
        let error = Server::resolve("stage", Some(&path)).unwrap_err().to_string();
        assert!(error.contains("cli.toml") && !error.contains("sesame"), "{error}");
    }
}
