//! A running facade with a key server in place of the node: tokens can be checked, procedures cannot be called.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::ecdsa::SigningKey;
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use spacetimedb_sdk::Identity;
use tempfile::TempDir;
use tokio::sync::watch;
use worldloom_facade::{Config, Facade};

pub const ISSUER: &str = "localhost";
pub const DEADLINE: Duration = Duration::from_secs(30);

/// A key pair as the node makes one.
pub struct KeyPair {
    pub private: EncodingKey,
    pub public_pem: String,
}

impl KeyPair {
    pub fn generate() -> Self {
        let secret = Sha256::digest(uuid::Uuid::new_v4().as_bytes());
        let key = SigningKey::from_slice(&secret).unwrap();
        let private_pem = key.to_pkcs8_pem(LineEnding::LF).unwrap();
        let public_pem = key.verifying_key().to_public_key_pem(LineEnding::LF).unwrap();
        Self { private: EncodingKey::from_ec_pem(private_pem.as_bytes()).unwrap(), public_pem }
    }

    pub fn sign(&self, claims: &Value) -> String {
        jsonwebtoken::encode(&Header::new(Algorithm::ES256), claims, &self.private).unwrap()
    }
}

/// The claims that the node writes for this subject.
pub fn claims(subject: &str) -> Value {
    json!({
        "iss": ISSUER,
        "sub": subject,
        "aud": ["spacetimedb"],
        "iat": jsonwebtoken::get_current_timestamp(),
        "hex_identity": Identity::from_claims(ISSUER, subject).to_hex().to_string(),
    })
}

/// Serves a public key where the node would, and counts who asks.
pub struct KeyServer {
    pub address: SocketAddr,
    pub asked: Arc<AtomicUsize>,
    pem: watch::Sender<String>,
}

impl KeyServer {
    pub async fn start(key: &KeyPair) -> Self {
        let pem = watch::Sender::new(key.public_pem.clone());
        let asked = Arc::new(AtomicUsize::new(0));
        let (served, counted) = (pem.subscribe(), asked.clone());
        let answer = get(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let pem = served.borrow().clone();
            async move { pem }
        });
        let router = Router::new().route("/v1/identity/public-key", answer);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, asked, pem }
    }

    pub fn publish(&self, key: &KeyPair) {
        self.pem.send_replace(key.public_pem.clone());
    }
}

pub struct World {
    pub facade: Facade,
    pub url: String,
    pub key: KeyPair,
    pub keys: KeyServer,
    pub http: reqwest::Client,
    pub folder: TempDir,
}

impl World {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(adjust: impl FnOnce(&mut Config)) -> Self {
        let key = KeyPair::generate();
        let keys = KeyServer::start(&key).await;
        let folder = TempDir::new().unwrap();
        let mut config = config_in(folder.path());
        config.node.url = format!("http://{}", keys.address);
        adjust(&mut config);
        let facade = Facade::start(config).await.unwrap();
        let url = format!("http://{}", facade.address());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { facade, url, key, keys, http, folder }
    }

    pub fn token(&self) -> String {
        self.key.sign(&claims("player-1"))
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Asks for an asset with this Authorization header.
    pub async fn ask(&self, authorization: &str) -> Answer {
        let request = self.http.get(self.at(ASSET)).header("authorization", authorization);
        Answer::of(request.send().await.unwrap()).await
    }

    /// Waits until no file is staged and none is stored.
    pub async fn wait_until_empty(&self) {
        let root = self.folder.path().join("objects");
        wait_for("the store to be empty", || files_below(&root).is_empty()).await;
    }
}

pub const ASSET: &str = "/assets/0194f0c5-0000-7000-8000-000000000001";

/// A configuration whose files all lie in `folder`. It listens on a free port and gives up on the node quickly.
pub fn config_in(folder: &Path) -> Config {
    let token_file = folder.join("service.token");
    std::fs::write(&token_file, "aaa.bbb.ccc\n").unwrap();
    let mut config = Config::default();
    config.http.listen = "127.0.0.1:0".parse().unwrap();
    config.node.service_token_file = token_file;
    config.node.connect_wait_ms = 50;
    config.objects.root = folder.join("objects");
    config.identity.key_folder = folder.join("identity-keys");
    config
}

/// Files of the object store, its own lock and key left out.
pub fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] })
        .filter(|path| path.file_name().is_some_and(|name| name != ".lock" && name != ".url-key"))
        .collect()
}

/// Waits for a condition, and fails when it does not come about.
pub async fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, met).await.unwrap_or_else(|_| panic!("waited in vain for {what}"));
}

/// An answer that was read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, headers, body }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Holds the answer against the contract of every problem, and against this status and code.
    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], format!("urn:worldloom:problem:{code}"));
        assert_eq!(self.body["request_id"], self.header("x-request-id"));
        for text in ["title", "detail", "request_id"] {
            assert!(self.body[text].as_str().is_some_and(|text| !text.is_empty()), "{text}: {self:?}");
        }
        self
    }
}
