//! A bucket that refuses an upload half-way, as one does whose quota is used up.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use tempfile::TempDir;
use worldloom_facade::objects::config::{ObjectsConfig, RemoteConfig};
use worldloom_facade::objects::{ObjectStore, StoreError};

use crate::store::{key, png, stage};

const UPLOAD: &str = "<?xml version=\"1.0\"?><InitiateMultipartUploadResult><Bucket>worldloom</Bucket>\
    <Key>a</Key><UploadId>upload-1</UploadId></InitiateMultipartUploadResult>";
const REFUSAL: &str = "<?xml version=\"1.0\"?><Error><Code>QuotaExceeded</Code><Message>Full.</Message></Error>";

type Requests = Arc<Mutex<Vec<String>>>;

/// Begins uploads in parts, takes the first part and no further one, and notes what it was asked.
async fn answer(State(requests): State<Requests>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    // All of it is read, or the client would meet a broken connection in place of the answer.
    axum::body::to_bytes(body, usize::MAX).await.unwrap();
    requests.lock().unwrap().push(format!("{} {query}", parts.method));
    match parts.method {
        Method::POST if query.starts_with("uploads") => UPLOAD.into_response(),
        Method::PUT if query.contains("partNumber=1&") => [("etag", "\"1\"")].into_response(),
        Method::DELETE => StatusCode::NO_CONTENT.into_response(),
        _ => (StatusCode::FORBIDDEN, REFUSAL).into_response(),
    }
}

#[tokio::test]
async fn an_upload_that_fails_half_way_is_given_up() {
    let requests = Requests::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer).with_state(requests.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let folder = TempDir::new().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "secret").unwrap();
    let remote = RemoteConfig {
        endpoint,
        public_endpoint: String::new(),
        region: "eu-central-1".to_owned(),
        access_key_id: "id".to_owned(),
        access_key_secret_file: secret,
        path_style: true,
    };
    let root = folder.path().join("objects");
    let config = ObjectsConfig { root, s3: Some(remote), ..ObjectsConfig::default() };
    let store = ObjectStore::open_configured(&config, "http://localhost").unwrap();

    let staged = stage(&store, png(20 << 20, 3)).await;
    let error = store.place(staged, "worldloom", &key("a")).await.unwrap_err();
    assert!(matches!(error, StoreError::Failed(_)), "{error}");
    let requests = requests.lock().unwrap();
    assert_eq!(requests.last().map(String::as_str), Some("DELETE uploadId=upload-1"), "{requests:?}");
}
