//! What a provider says of itself: discovered at the first login, kept for an hour, and fetched again when a token is
//! signed with a key that is not known.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use openidconnect::core::CoreProviderMetadata;
use openidconnect::{HttpRequest, HttpResponse, IssuerUrl};
use reqwest::{Client, Url};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::identity::config::is_secure;
use crate::identity::error::LoginError;
use crate::identity::providers::http::{FetchError, exchange};

const LIFE: Duration = Duration::from_secs(60 * 60);
/// Tokens with made-up key ids must not make the facade ask the provider each time.
const REFETCH_INTERVAL: Duration = Duration::from_secs(10);

/// One provider's description and keys.
pub struct Metadata {
    issuer: IssuerUrl,
    http: Client,
    known: Mutex<Known>,
}

/// While a provider is away, logins fail at once instead of queueing for one time-out each.
const FAILURE_LIFE: Duration = Duration::from_secs(1);

/// What is known, since when, when it was last fetched for want of a key, and when that last failed.
#[derive(Default)]
struct Known {
    metadata: Option<(Arc<CoreProviderMetadata>, Instant)>,
    refetched_at: Option<Instant>,
    failed_at: Option<Instant>,
}

impl Metadata {
    /// Fetches nothing yet.
    pub fn new(issuer: &str, http: Client) -> Result<Self, openidconnect::url::ParseError> {
        Ok(Self { issuer: IssuerUrl::new(issuer.to_owned())?, http, known: Mutex::default() })
    }

    /// As it is known, fetched if it is not or if it is too old.
    pub async fn known(&self) -> Result<Arc<CoreProviderMetadata>, LoginError> {
        let mut known = self.known.lock().await;
        match &known.metadata {
            Some((metadata, fetched_at)) if fetched_at.elapsed() < LIFE => Ok(metadata.clone()),
            _ => self.fetch(&mut known).await,
        }
    }

    /// Fetched anew because `stale` lacks a key, if the provider may be asked again.
    pub async fn newer_than(&self, stale: &Arc<CoreProviderMetadata>) -> Result<Arc<CoreProviderMetadata>, LoginError> {
        let mut known = self.known.lock().await;
        let is_too_soon = known.refetched_at.is_some_and(|refetched_at| refetched_at.elapsed() < REFETCH_INTERVAL);
        match &known.metadata {
            // Another login has fetched it meanwhile, or too shortly before.
            Some((metadata, _)) if is_too_soon || !Arc::ptr_eq(metadata, stale) => Ok(metadata.clone()),
            _ => {
                known.refetched_at = Some(Instant::now());
                self.fetch(&mut known).await
            }
        }
    }

    /// A client in the form that the library takes.
    pub fn http(
        &self,
    ) -> impl Fn(HttpRequest) -> futures::future::BoxFuture<'static, Result<HttpResponse, FetchError>> {
        let http = self.http.clone();
        move |request| Box::pin(send(http.clone(), request))
    }

    async fn fetch(&self, known: &mut Known) -> Result<Arc<CoreProviderMetadata>, LoginError> {
        if known.failed_at.is_some_and(|failed_at| failed_at.elapsed() < FAILURE_LIFE) {
            return Err(LoginError::ProviderFailed);
        }
        let fetched = self.discover().await;
        match &fetched {
            Ok(metadata) => known.metadata = Some((metadata.clone(), Instant::now())),
            Err(_) => known.failed_at = Some(Instant::now()),
        }
        fetched
    }

    async fn discover(&self) -> Result<Arc<CoreProviderMetadata>, LoginError> {
        let http = self.http();
        // The library refuses a document that names another issuer than the one asked for.
        let metadata = CoreProviderMetadata::discover_async(self.issuer.clone(), &http).await.map_err(|error| {
            tracing::warn!(%error, issuer = self.issuer.as_str(), "A login provider cannot be discovered");
            LoginError::ProviderFailed
        })?;
        let endpoints = [Some(metadata.authorization_endpoint().url()), metadata.token_endpoint().map(|url| url.url())];
        if !endpoints.into_iter().flatten().all(is_secure) {
            tracing::error!(issuer = self.issuer.as_str(), "A login provider has endpoints without TLS");
            return Err(LoginError::ProviderFailed);
        }
        Ok(Arc::new(metadata))
    }
}

async fn send(http: Client, request: HttpRequest) -> Result<HttpResponse, FetchError> {
    let (parts, body) = request.into_parts();
    let url = parts.uri.to_string();
    // Among others, the address of the keys is the provider's own word.
    if !Url::parse(&url).is_ok_and(|url| is_secure(&url)) {
        return Err(FetchError::Insecure);
    }
    let request = http.request(parts.method, url).headers(parts.headers).body(body);
    let answer = exchange(request).await?;
    let mut response = axum::http::Response::builder().status(answer.status);
    if let Some(content_type) = answer.content_type {
        response = response.header(CONTENT_TYPE, content_type);
    }
    Ok(response.body(answer.body)?)
}
