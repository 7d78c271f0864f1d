//! The way of finished spans to a collector: OTLP as protobuf over HTTP, in batches, by a thread of the library.

use std::time::Duration;

use async_trait::async_trait;
use axum::http::{HeaderValue, Request, Response};
use bytes::Bytes;
use futures::TryStreamExt;
use opentelemetry::KeyValue;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use reqwest::header::AUTHORIZATION;
use secrecy::ExposeSecret;
use tokio::runtime::Handle;

use super::config::TracesConfig;

/// Longest that a collector may take for one batch.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A collector's answer is a few bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// What makes spans and sends them; `None` where traces are switched off.
pub fn provider(config: &TracesConfig) -> anyhow::Result<Option<SdkTracerProvider>> {
    if !config.is_on() {
        return Ok(None);
    }
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Client::new(config)?)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(&config.endpoint)
        .with_timeout(TIMEOUT)
        .build()?;
    let resource = Resource::builder_empty()
        .with_service_name(config.service_name.clone())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .with_sampler(Sampler::TraceIdRatioBased(config.sample_ratio))
        .build();
    Ok(Some(provider))
}

/// The facade's HTTP client for the library's thread, which has no runtime of its own.
#[derive(Debug)]
struct Client {
    http: reqwest::Client,
    authorization: Option<HeaderValue>,
    runtime: Handle,
}

impl Client {
    fn new(config: &TracesConfig) -> anyhow::Result<Self> {
        let secret = config.read_authorization()?;
        let mut authorization = secret.map(|secret| HeaderValue::from_str(secret.expose_secret())).transpose()?;
        if let Some(header) = &mut authorization {
            header.set_sensitive(true);
        }
        // A collector is a neighbour: no proxy stands before it, and it leads nowhere else.
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        let http = http.timeout(TIMEOUT).build()?;
        Ok(Self { http, authorization, runtime: Handle::current() })
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        let request = reqwest::Request::try_from(request)?;
        let sent = self.runtime.spawn(send(self.http.clone(), request)).await?;
        match &sent {
            Ok(response) if response.status().is_success() => {}
            Ok(response) => tracing::warn!(status = response.status().as_u16(), "The collector refused traces"),
            Err(error) => tracing::warn!(%error, "Traces could not be sent"),
        }
        sent
    }
}

async fn send(http: reqwest::Client, request: reqwest::Request) -> Result<Response<Bytes>, HttpError> {
    let response = http.execute(request).await?;
    let answer = Response::builder().status(response.status());
    let too_long = || HttpError::from("the collector's answer is too long");
    let mut body = Vec::new();
    let mut pieces = response.bytes_stream();
    while let Some(piece) = pieces.try_next().await? {
        body.extend_from_slice(&piece);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(too_long());
        }
    }
    Ok(answer.body(body.into())?)
}
