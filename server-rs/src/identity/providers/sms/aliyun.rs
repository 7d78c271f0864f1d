//! Aliyun's short message service: `SendSms` of Dysmsapi 2017-05-25, signed by `ACS3-HMAC-SHA256`.

use std::path::Path;

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::sender::{SendError, SmsSender};
use crate::config::ConfigError;
use crate::identity::config::read_secret;
use crate::identity::providers::http;
use crate::identity::secrets::{hex, hmac_sha256};

const ALGORITHM: &str = "ACS3-HMAC-SHA256";
const VERSION: &str = "2017-05-25";

/// One account there, with an approved signature and template.
pub struct Aliyun {
    http: Client,
    endpoint: Url,
    access_key_id: String,
    access_key_secret: SecretString,
    sign_name: String,
    template_code: String,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Code")]
    code: String,
}

impl Aliyun {
    /// Reads the access key's secret.
    pub fn new(
        http: Client,
        endpoint: &str,
        access_key_id: &str,
        access_key_secret_file: &Path,
        sign_name: &str,
        template_code: &str,
    ) -> Result<Self, ConfigError> {
        let key = "identity.sms.sender.endpoint";
        let endpoint = Url::parse(endpoint)
            .map_err(|cause| ConfigError::Invalid { key, problem: format!("is no URL: {cause}") })?;
        Ok(Self {
            http,
            endpoint,
            access_key_id: access_key_id.to_owned(),
            access_key_secret: read_secret("identity.sms.sender.access_key_secret_file", access_key_secret_file)?,
            sign_name: sign_name.to_owned(),
            template_code: template_code.to_owned(),
        })
    }

    fn request(&self, number: &str, code: &SecretString) -> reqwest::RequestBuilder {
        let template_param = json!({ "code": code.expose_secret() }).to_string();
        let parameters = [
            ("PhoneNumbers", number.trim_start_matches('+')),
            ("SignName", &self.sign_name),
            ("TemplateCode", &self.template_code),
            ("TemplateParam", &template_param),
        ];
        let call = Call {
            host: self.host(),
            action: "SendSms",
            version: VERSION,
            time: rfc3339_now(),
            nonce: Uuid::new_v4().simple().to_string(),
            query: canonical_query(&parameters),
        };
        let authorization = call.authorization(&self.access_key_id, &self.access_key_secret);
        let mut url = self.endpoint.clone();
        url.set_path("/");
        url.set_query(Some(&call.query));
        let request = self.http.post(url).header("authorization", authorization);
        call.headers().into_iter().fold(request, |request, (name, value)| match name {
            // The client writes it from the URL.
            "host" => request,
            _ => request.header(name, value),
        })
    }

    fn host(&self) -> String {
        let host = self.endpoint.host_str().unwrap_or_default();
        self.endpoint.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

impl SmsSender for Aliyun {
    fn send<'a>(&'a self, number: &'a str, code: &'a SecretString) -> BoxFuture<'a, Result<(), SendError>> {
        async move {
            let answer: Answer = http::json(self.request(number, code)).await?;
            if answer.code == "OK" { Ok(()) } else { Err(SendError::Refused(answer.code)) }
        }
        .boxed()
    }
}

/// A call without a body, as it is signed.
struct Call {
    host: String,
    action: &'static str,
    version: &'static str,
    time: String,
    nonce: String,
    query: String,
}

impl Call {
    /// The signed headers, in alphabetical order.
    fn headers(&self) -> [(&'static str, String); 6] {
        [
            ("host", self.host.clone()),
            ("x-acs-action", self.action.to_owned()),
            ("x-acs-content-sha256", hex(&Sha256::digest(b""))),
            ("x-acs-date", self.time.clone()),
            ("x-acs-signature-nonce", self.nonce.clone()),
            ("x-acs-version", self.version.to_owned()),
        ]
    }

    fn authorization(&self, key_id: &str, key_secret: &SecretString) -> String {
        let headers = self.headers();
        let names = headers.each_ref().map(|(name, _)| *name).join(";");
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let content_hash = hex(&Sha256::digest(b""));
        let canonical = format!("POST\n/\n{}\n{lines}\n{names}\n{content_hash}", self.query);
        let to_sign = format!("{ALGORITHM}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
        let signature = hex(&hmac_sha256(key_secret.expose_secret().as_bytes(), to_sign.as_bytes()));
        format!("{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}")
    }
}

/// Parameters in alphabetical order, percent-encoded as RFC 3986 has it.
fn canonical_query(parameters: &[(&str, &str)]) -> String {
    let mut pairs: Vec<_> = parameters.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

fn rfc3339_now() -> String {
    let now = spacetimedb_sdk::Timestamp::now();
    let text = now.to_rfc3339().unwrap_or_default();
    // The service takes whole seconds alone.
    text.get(..19).map(|seconds| format!("{seconds}Z")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_published_example() {
        // The worked example in Aliyun's description of the signature's third version.
        let call = Call {
            host: "ecs.cn-shanghai.aliyuncs.com".into(),
            action: "RunInstances",
            version: "2014-05-26",
            time: "2023-10-26T10:22:32Z".into(),
            nonce: "3156853299f313e23d1673dc12e1703d".into(),
            query: canonical_query(&[
                ("RegionId", "cn-shanghai"),
                ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"),
            ]),
        };
        let authorization = call.authorization("YourAccessKeyId", &SecretString::from("YourAccessKeySecret"));
        let signature = "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0";
        assert!(authorization.ends_with(&format!("Signature={signature}")), "{authorization}");
    }

    #[test]
    fn parameters_are_encoded_as_the_service_does() {
        assert_eq!(
            canonical_query(&[("b", "a b*~"), ("a", "{\"code\":\"1\"}")]),
            "a=%7B%22code%22%3A%221%22%7D&b=a%20b%2A~"
        );
        assert_eq!(encoded("验"), "%E9%AA%8C");
    }
}
