//! Requests to login providers: bounded in time and size, never redirected, and never told in an error.

use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

const TIMEOUT: Duration = Duration::from_secs(10);
/// Documents and key sets of large providers have some 10 KiB.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Why a provider gave no answer. The text holds no address, because addresses may hold secrets.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No connection, no answer in time, or none that is HTTP.
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    /// More than anybody needs.
    #[error("the answer is larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    /// Another status than success.
    #[error("the answer has the status {0}")]
    Status(u16),
    /// The answer is not what was agreed on.
    #[error("the answer cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// The provider names an address where others can listen.
    #[error("the provider names an address without TLS")]
    Insecure,
    /// The request could not be put together.
    #[error("the request cannot be sent: {0}")]
    Request(#[from] axum::http::Error),
}

impl FetchError {
    /// Whether the provider has surely seen nothing of the request.
    pub fn is_unseen(&self) -> bool {
        matches!(self, Self::Http(error) if error.is_connect())
    }
}

/// The client of all providers.
pub fn client() -> reqwest::Client {
    // A redirect would send secrets to an address that nobody has configured.
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(TIMEOUT);
    // It fails only without a TLS backend, which is compiled in.
    builder.build().unwrap_or_default()
}

/// A provider's answer, read in full.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The declared type.
    pub content_type: Option<HeaderValue>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether the status says so.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Sends a request and reads the answer in full.
pub async fn exchange(request: reqwest::RequestBuilder) -> Result<Answer, FetchError> {
    let mut response = request.send().await.map_err(reqwest::Error::without_url)?;
    let status = response.status().as_u16();
    let content_type = response.headers().get(CONTENT_TYPE).cloned();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(FetchError::TooLarge);
        }
    }
    Ok(Answer { status, content_type, body })
}

/// Sends a request and reads the answer as JSON, whatever its status.
pub async fn json<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, FetchError> {
    let answer = exchange(request).await?;
    match serde_json::from_slice(&answer.body) {
        Ok(value) => Ok(value),
        Err(_) if !answer.is_success() => Err(FetchError::Status(answer.status)),
        Err(error) => Err(error.into()),
    }
}
