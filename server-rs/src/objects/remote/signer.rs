//! Signatures of S3 (Signature Version 4) and of OSS (V4), by the library that the store library signs with.
//!
//! The store library presigns single uploads alone and binds less into them; here every header that is given is
//! bound, and parts of an upload can be signed too.

use std::time::Duration;

use axum::http::request::Parts;
use reqsign_core::{Context, Signer};
use secrecy::{ExposeSecret, SecretString};

use super::Protocol;
use crate::objects::config::RemoteConfig;

/// Signs requests to one bucket.
#[derive(Debug)]
pub enum RequestSigner {
    /// As S3 wants it.
    S3(Signer<reqsign_aws_v4::Credential>),
    /// As OSS wants it.
    Oss(Signer<reqsign_aliyun_oss::Credential>),
}

impl RequestSigner {
    /// A signer with one access key.
    pub fn new(protocol: Protocol, bucket: &str, config: &RemoteConfig, secret: &SecretString) -> Self {
        let (id, secret) = (config.access_key_id.as_str(), secret.expose_secret());
        match protocol {
            Protocol::S3 => {
                use reqsign_aws_v4::{RequestSigner, StaticCredentialProvider};
                let signer = RequestSigner::new("s3", &config.region);
                Self::S3(Signer::new(Context::new(), StaticCredentialProvider::new(id, secret), signer))
            }
            Protocol::Oss => {
                use reqsign_aliyun_oss::{RequestSigner, SigningVersion, StaticCredentialProvider};
                let signer =
                    RequestSigner::new(bucket).with_region(&config.region).with_signing_version(SigningVersion::V4);
                Self::Oss(Signer::new(Context::new(), StaticCredentialProvider::new(id, secret), signer))
            }
        }
    }

    /// Signs a request: in its query for `life`, else in its headers for now.
    pub async fn sign(&self, request: &mut Parts, life: Option<Duration>) -> reqsign_core::Result<()> {
        match self {
            Self::S3(signer) => signer.sign(request, life).await,
            Self::Oss(signer) => signer.sign(request, life).await,
        }
    }
}
