//! A bucket of S3 or of Aliyun OSS: what the facade asks of it, and what it signs for clients.
//!
//! Bytes are read, written, listed and removed through the store library. Requests for clients, and those about
//! uploads in parts, are signed here.

mod answers;
mod multipart;
mod signer;
mod transport;

use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{Method, Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use opendal::{OperationContext, Operator, services};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::config::RemoteConfig;
use super::direct::{Announced, SignedRequest};
use super::key::ObjectKey;
use super::store::StoreError;
use crate::identity::secrets::hex;
use signer::RequestSigner;
use transport::Transport;

/// Longest silence of the store.
const SILENCE: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Where S3 gives the SHA-256 of an object.
const S3_SHA256: &str = "x-amz-checksum-sha256";
/// Whether that is of all bytes, or of the checksums of parts.
const S3_CHECKSUM_TYPE: &str = "x-amz-checksum-type";

/// Which store it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Amazon S3, and stores that speak its protocol.
    S3,
    /// Aliyun Object Storage Service.
    Oss,
}

/// One bucket.
#[derive(Debug)]
pub struct RemoteBucket {
    protocol: Protocol,
    bucket: String,
    signer: RequestSigner,
    http: reqwest::Client,
    /// The bucket's URL for the facade, and for clients.
    base: Url,
    public_base: Url,
}

/// What the head of an object tells.
pub struct Head {
    /// Size in bytes.
    pub byte_size: u64,
    /// SHA-256 in hexadecimal digits, where the store vouches for it.
    pub sha256: Option<String>,
}

impl RemoteBucket {
    /// The bucket and what reads and writes it.
    pub fn open(
        protocol: Protocol,
        bucket: &str,
        config: &RemoteConfig,
        secret: &SecretString,
    ) -> Result<(Self, Operator), StoreError> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE)
            .build()
            .map_err(StoreError::other)?;
        let operator = operator(protocol, bucket, config, secret)?;
        let context =
            OperationContext::default().with_http_transport(opendal::HttpTransporter::new(Transport(http.clone())));
        let remote = Self {
            protocol,
            bucket: bucket.to_owned(),
            signer: RequestSigner::new(protocol, bucket, config, secret),
            http,
            base: base(&config.endpoint, bucket, config.path_style)?,
            public_base: base(config.public_endpoint(), bucket, config.path_style)?,
        };
        Ok((remote, operator.with_context(context)))
    }

    /// Name of the bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// A request by which a client puts the announced object, once. Size and type are bound into it; so is the
    /// SHA-256 at S3, and at OSS the MD5 when the client has given it.
    pub async fn sign_put(
        &self,
        announced: &Announced,
        content_md5: Option<&str>,
        life: Duration,
        now_s: u64,
    ) -> Result<SignedRequest, StoreError> {
        let mut headers =
            vec![("content-length", announced.byte_size.to_string()), ("content-type", announced.content_type.clone())];
        match self.protocol {
            Protocol::S3 => {
                headers.push((S3_SHA256, base64_of_hex(&announced.sha256)));
                headers.push(("if-none-match", "*".to_owned()));
            }
            Protocol::Oss => headers.push(("x-oss-forbid-overwrite", "true".to_owned())),
        }
        headers.extend(content_md5.map(|md5| ("content-md5", md5.to_owned())));
        let url = self.public_url(&announced.object_key);
        self.presign(Method::PUT, "PUT", url, headers, life, now_s).await
    }

    /// A URL by which a client gets an object, with the type and the name that the facade would send.
    pub async fn sign_get(
        &self,
        key: &ObjectKey,
        content_type: &str,
        disposition: &str,
        life: Duration,
        now_s: u64,
    ) -> Result<SignedRequest, StoreError> {
        let mut url = self.public_url(key.as_str());
        url.query_pairs_mut()
            .append_pair("response-content-disposition", disposition)
            .append_pair("response-content-type", content_type);
        // Forms write a space as a plus, which signatures take for a plus.
        let query = url.query().unwrap_or_default().replace('+', "%20");
        url.set_query(Some(&query));
        self.presign(Method::GET, "GET", url, Vec::new(), life, now_s).await
    }

    /// Size of an object, and its SHA-256 if the store has taken it of all bytes; `None` when there is no object.
    pub async fn head(&self, key: &ObjectKey) -> Result<Option<Head>, StoreError> {
        let headers = match self.protocol {
            Protocol::S3 => vec![("x-amz-checksum-mode", "ENABLED".to_owned())],
            Protocol::Oss => Vec::new(),
        };
        let url = url_of(&self.base, key.as_str());
        let answer = self.send(Method::HEAD, url, headers, String::new()).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = answer.error_for_status().map_err(|cause| StoreError::other(cause.without_url()))?;
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let byte_size = header("content-length").and_then(|size| size.parse().ok());
        // A checksum of parts has their number at its end and is no base64, or is named as one.
        let is_full = header(S3_CHECKSUM_TYPE).is_none_or(|kind| kind == "FULL_OBJECT");
        let sha256 = header(S3_SHA256).filter(|_| is_full).and_then(|text| STANDARD.decode(text).ok());
        Ok(Some(Head {
            byte_size: byte_size.ok_or_else(|| StoreError::other("the store told no size"))?,
            sha256: sha256.filter(|hash| hash.len() == 32).map(|hash| hex(&hash)),
        }))
    }

    fn public_url(&self, key: &str) -> Url {
        url_of(&self.public_base, key)
    }

    async fn presign(
        &self,
        method: Method,
        name: &'static str,
        url: Url,
        headers: Vec<(&'static str, String)>,
        life: Duration,
        now_s: u64,
    ) -> Result<SignedRequest, StoreError> {
        let mut parts = request(method, &url, &headers)?;
        self.signer.sign(&mut parts, Some(life)).await.map_err(StoreError::other)?;
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(SignedRequest { method: name, url: parts.uri.to_string(), headers, expires_s: now_s + life.as_secs() })
    }

    /// Sends a request of the facade's own.
    async fn send(
        &self,
        method: Method,
        url: Url,
        headers: Vec<(&'static str, String)>,
        body: String,
    ) -> Result<reqwest::Response, StoreError> {
        let mut parts = request(method.clone(), &url, &headers)?;
        self.signer.sign(&mut parts, None).await.map_err(StoreError::other)?;
        // The client writes it by itself, and HTTP/2 has it elsewhere.
        parts.headers.remove("host");
        let request = self.http.request(method, url).headers(parts.headers).body(body);
        request.send().await.map_err(|cause| StoreError::other(cause.without_url()))
    }
}

fn operator(
    protocol: Protocol,
    bucket: &str,
    config: &RemoteConfig,
    secret: &SecretString,
) -> Result<Operator, StoreError> {
    let secret = secret.expose_secret();
    Ok(match protocol {
        Protocol::S3 => {
            let service = services::S3::default()
                .bucket(bucket)
                .endpoint(&config.endpoint)
                .region(&config.region)
                .access_key_id(&config.access_key_id)
                .secret_access_key(secret)
                .disable_config_load();
            Operator::new(if config.path_style { service } else { service.enable_virtual_host_style() })?
        }
        Protocol::Oss => {
            let style = if config.path_style { "path" } else { "virtual" };
            let service = services::Oss::default()
                .bucket(bucket)
                .endpoint(&config.endpoint)
                .addressing_style(style)
                .access_key_id(&config.access_key_id)
                .access_key_secret(secret);
            Operator::new(service)?
        }
    })
}

fn request(method: Method, url: &Url, headers: &[(&'static str, String)]) -> Result<Parts, StoreError> {
    let mut request = Request::builder().method(method).uri(url.as_str());
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let (parts, ()) = request.body(()).map_err(StoreError::other)?.into_parts();
    Ok(parts)
}

/// The bucket's URL, with a slash at its end.
fn base(endpoint: &str, bucket: &str, path_style: bool) -> Result<Url, StoreError> {
    let mut url = Url::parse(endpoint).map_err(StoreError::other)?;
    if path_style {
        url.set_path(&format!("/{bucket}/"));
    } else {
        let host = format!("{bucket}.{}", url.host_str().unwrap_or_default());
        url.set_host(Some(&host)).map_err(StoreError::other)?;
    }
    Ok(url)
}

/// Keys consist of letters, digits and `./-_`, so nothing of one needs an escape; see `ObjectKey`.
fn url_of(base: &Url, key: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{key}", base.path()));
    url
}

fn base64_of_hex(digits: &str) -> String {
    let byte = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Vec<u8> = (0..digits.len()).step_by(2).filter_map(byte).collect();
    STANDARD.encode(bytes)
}
