//! Requests signed for Aliyun OSS, held against a signature that is computed here by its documentation (V4 in the URL).

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Url;
use tempfile::TempDir;
use worldloom_facade::identity::secrets::{hex, hmac_sha256};
use worldloom_facade::objects::ObjectStore;
use worldloom_facade::objects::config::{ObjectsConfig, RemoteConfig};
use worldloom_facade::objects::direct::SignedRequest;

use super::folder::announced;
use crate::store::png;

const SECRET: &str = "yourAccessKeySecret";
const MD5: &str = "1B2M2Y8AsgTpgAmY7PhCfg==";

fn store() -> (TempDir, ObjectStore) {
    let folder = TempDir::new().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    let config = ObjectsConfig {
        root: folder.path().join("objects"),
        oss: Some(RemoteConfig {
            endpoint: "https://oss-cn-hangzhou-internal.aliyuncs.com".to_owned(),
            public_endpoint: "https://oss-cn-hangzhou.aliyuncs.com".to_owned(),
            region: "cn-hangzhou".to_owned(),
            access_key_id: "testid".to_owned(),
            access_key_secret_file: secret,
            path_style: false,
        }),
        ..ObjectsConfig::default()
    };
    let store = ObjectStore::open_configured(&config, "http://localhost").unwrap();
    (folder, store)
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The signature that OSS computes for this request.
fn expected_signature(signed: &SignedRequest) -> String {
    let url = Url::parse(&signed.url).unwrap();
    let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    let host = url.host_str().unwrap();
    let bucket = host.split('.').next().unwrap();
    let canonical_query: Vec<String> = query
        .iter()
        .filter(|(name, _)| *name != "x-oss-signature")
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    let mut headers: BTreeMap<&str, &str> =
        signed.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    headers.insert("host", host);
    let additional = &query["x-oss-additional-headers"];
    let canonical_headers: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let request = format!(
        "{}\n/{bucket}{}\n{}\n{canonical_headers}\n{additional}\nUNSIGNED-PAYLOAD",
        signed.method,
        url.path(),
        canonical_query.join("&")
    );
    let date = &query["x-oss-date"];
    let scope = format!("{}/cn-hangzhou/oss/aliyun_v4_request", &date[..8]);
    let hash = hex(&<sha2::Sha256 as sha2::Digest>::digest(request.as_bytes()));
    let text = format!("OSS4-HMAC-SHA256\n{date}\n{scope}\n{hash}");
    let mut key = format!("aliyun_v4{SECRET}").into_bytes();
    for step in scope.split('/') {
        key = hmac_sha256(&key, step.as_bytes()).to_vec();
    }
    hex(&hmac_sha256(&key, text.as_bytes()))
}

#[track_caller]
fn check(signed: &SignedRequest, additional: &str) -> BTreeMap<String, String> {
    let url = Url::parse(&signed.url).unwrap();
    assert_eq!(url.host_str(), Some("worldloom.oss-cn-hangzhou.aliyuncs.com"), "the address for clients");
    let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    assert_eq!(query["x-oss-signature-version"], "OSS4-HMAC-SHA256");
    assert_eq!(query["x-oss-expires"], "900");
    assert!(
        query["x-oss-credential"].starts_with("testid/") && query["x-oss-credential"].ends_with("/aliyun_v4_request")
    );
    assert_eq!(query["x-oss-additional-headers"], additional);
    assert_eq!(query["x-oss-signature"], expected_signature(signed));
    assert!(!signed.url.contains(SECRET));
    query
}

const LIFE: Duration = Duration::from_secs(900);

#[tokio::test]
async fn an_upload_binds_size_type_and_md5_and_overwrites_nothing() {
    let (_folder, store) = store();
    let announced = announced("a", &png(1_000, 7));
    let signed = store.sign_put(&announced, Some(MD5), LIFE).await.unwrap();
    check(&signed, "content-length;host");
    let headers: BTreeMap<_, _> = signed.headers.iter().cloned().collect();
    assert_eq!(headers["content-length"], "1000");
    assert_eq!(headers["content-type"], "image/png");
    assert_eq!(headers["content-md5"], MD5);
    assert_eq!(headers["x-oss-forbid-overwrite"], "true");
}

#[tokio::test]
async fn a_download_binds_how_it_is_shown() {
    let (_folder, store) = store();
    let announced = announced("a", &png(1_000, 7));
    let signed = store.sign_get(&announced, "inline; filename=\"cat.png\"", LIFE).await.unwrap();
    let query = check(&signed, "host");
    assert_eq!(query["response-content-type"], "image/png");
    assert_eq!(query["response-content-disposition"], "inline; filename=\"cat.png\"");
    let other = SignedRequest { url: signed.url.replacen("cat.png", "dog.png", 1), ..signed.clone() };
    assert_ne!(expected_signature(&other), query["x-oss-signature"]);
}
