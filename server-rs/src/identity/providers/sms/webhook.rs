//! A sender of one's own: JSON over HTTP, signed, so that the service can tell the facade from anybody else.

use std::path::Path;

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::sender::{SendError, SmsSender};
use crate::config::ConfigError;
use crate::identity::config::read_secret;
use crate::identity::providers::http::{FetchError, exchange};
use crate::identity::secrets::{hex, hmac_sha256};

/// Header with `t=<seconds since 1970>,v1=<HMAC-SHA256 of "<t>.<body>" in hexadecimal digits>`.
const SIGNATURE: &str = "worldloom-signature";

/// A service that takes `{"phone_number": …, "code": …}` and answers with success.
pub struct Webhook {
    http: Client,
    url: String,
    key: SecretString,
}

impl Webhook {
    /// Reads the key.
    pub fn new(http: Client, url: &str, key_file: &Path) -> Result<Self, ConfigError> {
        Ok(Self { http, url: url.to_owned(), key: read_secret("identity.sms.sender.key_file", key_file)? })
    }
}

impl SmsSender for Webhook {
    fn send<'a>(&'a self, number: &'a str, code: &'a SecretString) -> BoxFuture<'a, Result<(), SendError>> {
        async move {
            let body = json!({ "phone_number": number, "code": code.expose_secret() }).to_string();
            let now_s = jsonwebtoken::get_current_timestamp();
            let mac = hmac_sha256(self.key.expose_secret().as_bytes(), format!("{now_s}.{body}").as_bytes());
            let signature = format!("t={now_s},v1={}", hex(&mac));
            let request =
                self.http.post(&self.url).header(CONTENT_TYPE, "application/json").header(SIGNATURE, signature);
            let answer = exchange(request.body(body)).await?;
            if answer.is_success() { Ok(()) } else { Err(FetchError::Status(answer.status).into()) }
        }
        .boxed()
    }
}
