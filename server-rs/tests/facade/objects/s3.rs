//! The store at an S3 server that checks what is signed: single uploads, uploads in parts, downloads.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use tempfile::TempDir;
use worldloom_facade::config::Config;
use worldloom_facade::objects::config::{ObjectsConfig, RemoteConfig};
use worldloom_facade::objects::direct::{Announced, Cut, SignedRequest};
use worldloom_facade::objects::{ObjectStore, StoreError};

use super::folder::announced;
use crate::s3_server::{ACCESS_KEY, BUCKET, S3Server};
use crate::store::{key, png, read, stage};

const LIFE: Duration = Duration::from_secs(60);
const ATTEMPTS: usize = 20;
const PART: u64 = 5 << 20;
const ASSET: uuid::Uuid = uuid::Uuid::from_u128(0x0194_f0c5_0000_7000_8000_0000_0000_0007);

struct Scene {
    server: S3Server,
    _folder: TempDir,
    store: ObjectStore,
    config: ObjectsConfig,
    http: reqwest::Client,
}

impl Scene {
    fn start() -> Self {
        let server = S3Server::start().unwrap();
        let folder = TempDir::new().unwrap();
        let mut config = Config::default().objects;
        config.root = folder.path().join("objects");
        config.part_bytes = PART;
        config.s3 = Some(RemoteConfig {
            endpoint: server.url.clone(),
            public_endpoint: String::new(),
            region: "eu-central-1".to_owned(),
            access_key_id: ACCESS_KEY.to_owned(),
            access_key_secret_file: server.secret_file(),
            path_style: true,
        });
        let store = ObjectStore::open_configured(&config, "http://localhost").unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { server, _folder: folder, store, config, http }
    }

    /// Sends a signed request as a client would, with one header changed or none.
    async fn send(&self, signed: &SignedRequest, changed: Option<(&str, &str)>, body: Bytes) -> u16 {
        let method = Method::from_bytes(signed.method.as_bytes()).unwrap();
        let mut request = self.http.request(method, &signed.url);
        for (name, value) in signed.headers.iter().filter(|(name, _)| name != "content-length") {
            let value = changed.filter(|(changed, _)| changed == name).map_or(value.as_str(), |(_, value)| value);
            request = request.header(name, value);
        }
        let request = request.body(body);
        // The server may refuse and close while the body is on its way; a client then sends the request again.
        for _ in 0..ATTEMPTS {
            if let Ok(answer) = request.try_clone().unwrap().send().await {
                return answer.status().as_u16();
            }
        }
        panic!("the server never answered");
    }

    async fn put(&self, announced: &Announced) -> SignedRequest {
        self.store.sign_put(announced, None, LIFE).await.unwrap()
    }
}

#[tokio::test]
async fn what_a_client_puts_is_what_was_announced() {
    let scene = Scene::start();
    let content = png(300_000, 7);
    let announced = announced("a", &content);
    let signed = scene.put(&announced).await;
    let bound: Vec<_> = signed.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(bound, ["content-length", "content-type", "x-amz-checksum-sha256", "if-none-match"]);

    assert_eq!(scene.store.observe(&announced).await.unwrap(), None);
    assert_eq!(scene.send(&signed, None, png(299_999, 7)).await, 403, "the size is signed");
    assert_eq!(scene.send(&signed, Some(("content-type", "text/html")), content.clone()).await, 403);
    let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert_eq!(scene.send(&signed, Some(("x-amz-checksum-sha256", zeros)), content.clone()).await, 403);
    let elsewhere = SignedRequest { url: signed.url.replacen("uploads/", "uploads/../", 1), ..signed.clone() };
    assert!(scene.send(&elsewhere, None, content.clone()).await >= 400);
    assert!(scene.server.keys().is_empty(), "{:?}", scene.server.keys());

    assert_eq!(scene.send(&signed, None, png(300_000, 8)).await, 400, "the store takes the SHA-256 itself");
    // This server keeps what it has just refused, and is found out: it has no checksum of these bytes.
    let left = scene.store.observe(&announced).await.unwrap().unwrap();
    assert_ne!(left.sha256, announced.sha256);
    scene.store.remove(BUCKET, &key("a")).await.unwrap();

    assert_eq!(scene.send(&signed, None, content.clone()).await, 200);
    assert_eq!(scene.send(&signed, None, content.clone()).await, 412, "an object is put once");
    let observed = scene.store.observe(&announced).await.unwrap().unwrap();
    assert_eq!((observed.byte_size, observed.content_type), (300_000, Some("image/png")));
    assert_eq!(observed.sha256, announced.sha256);
}

#[tokio::test]
async fn a_url_ends() {
    let scene = Scene::start();
    let content = png(1_000, 7);
    let announced = announced("a", &content);
    let signed = scene.store.sign_put(&announced, None, Duration::from_secs(1)).await.unwrap();
    // The store's clock decides, and it must pass the end; the end is in whole seconds.
    while jsonwebtoken::get_current_timestamp() <= signed.expires_s + 1 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(scene.send(&signed, None, content).await, 403);
}

/// As after a change of `objects.bucket`.
#[tokio::test]
async fn no_download_is_signed_for_an_object_of_another_bucket() {
    let scene = Scene::start();
    let elsewhere = Announced { bucket: "before".to_owned(), ..announced("a", &png(1_000, 7)) };
    let signed = scene.store.sign_get(&elsewhere, "inline", LIFE).await;
    assert!(matches!(signed, Err(StoreError::Missing)), "{signed:?}");
}

#[tokio::test]
async fn a_signed_download_has_the_facades_type_and_name() {
    let scene = Scene::start();
    let content = png(50_000, 7);
    let announced = announced("a", &content);
    assert_eq!(scene.send(&scene.put(&announced).await, None, content.clone()).await, 200);
    let signed = scene.store.sign_get(&announced, "inline; filename=\"cat.png\"", LIFE).await.unwrap();
    let got = scene.http.get(&signed.url).send().await.unwrap();
    assert_eq!(got.status(), 200);
    assert_eq!(got.headers()["content-type"], "image/png");
    assert_eq!(got.headers()["content-disposition"], "inline; filename=\"cat.png\"");
    assert_eq!(got.bytes().await.unwrap(), content);
    let forged = signed.url.replacen("cat.png", "dog.png", 1);
    assert_eq!(scene.http.get(&forged).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn parts_are_listed_and_put_together_by_any_facade() {
    let scene = Scene::start();
    let content = png((2 * PART + 1_000) as usize, 7);
    let announced = announced("a", &content);
    let cut = Cut::of(announced.byte_size, &scene.config).unwrap();
    let sized: Vec<_> = (1..=3).map(|number| (number, cut.size_of(number).unwrap())).collect();
    let signed = scene.store.sign_parts(ASSET, &announced, &sized, LIFE).await.unwrap();
    let part = |number: usize| content.slice((number - 1) * PART as usize..content.len().min(number * PART as usize));
    assert_eq!(scene.send(&signed[0], None, part(1)).await, 200);
    assert_eq!(scene.send(&signed[1], None, part(3)).await, 403, "the size of a part is signed");
    assert_eq!(scene.send(&signed[2], None, part(3)).await, 200);
    assert_eq!(cut.missing(&scene.store.parts(ASSET, &announced).await.unwrap()), [2]);

    // Another facade, or the same one after a crash, has a folder of its own and the bucket in common.
    let folder = TempDir::new().unwrap();
    let config = ObjectsConfig { root: folder.path().into(), ..scene.config.clone() };
    let other = ObjectStore::open_configured(&config, "http://localhost").unwrap();
    let again = other.sign_parts(ASSET, &announced, &sized[1..2], LIFE).await.unwrap();
    assert_eq!(scene.send(&again[0], None, part(2)).await, 200);
    let present = other.parts(ASSET, &announced).await.unwrap();
    assert!(cut.missing(&present).is_empty());
    assert_eq!(scene.server.open_uploads(), 1, "both facades mean the same upload");
    other.complete(ASSET, &announced, &present).await.unwrap();
    other.complete(ASSET, &announced, &present).await.unwrap();
    let observed = scene.store.observe(&announced).await.unwrap().unwrap();
    assert_eq!(observed.sha256, announced.sha256, "taken of every byte");
    other.forget_parts(ASSET).await.unwrap();
    assert_eq!(other.parted().await.unwrap(), Vec::<uuid::Uuid>::new());
    assert_eq!(scene.server.keys(), [announced.object_key]);
}

#[tokio::test]
async fn an_upload_in_parts_is_given_up() {
    let scene = Scene::start();
    let announced = announced("a", &png((2 * PART) as usize, 7));
    scene.store.sign_parts(ASSET, &announced, &[(1, PART)], LIFE).await.unwrap();
    assert_eq!((scene.store.parted().await.unwrap(), scene.server.open_uploads()), (vec![ASSET], 1));
    scene.store.forget_parts(ASSET).await.unwrap();
    scene.store.forget_parts(ASSET).await.unwrap();
    assert_eq!((scene.store.parted().await.unwrap(), scene.server.open_uploads()), (Vec::new(), 0));
    assert!(scene.server.keys().is_empty());
}

#[tokio::test]
async fn the_facade_itself_places_reads_lists_and_removes() {
    let scene = Scene::start();
    scene.store.check().await.unwrap();
    let content = png(9 << 20, 3);
    let staged = stage(&scene.store, content.clone()).await;
    scene.store.place(staged, BUCKET, &key("a")).await.unwrap();
    assert_eq!(scene.store.size(BUCKET, &key("a")).await.unwrap(), Some(9 << 20));
    assert_eq!(read(&scene.store, &key("a"), 0..9 << 20).await, content);
    assert_eq!(read(&scene.store, &key("a"), 1..8).await, content[1..8]);
    let listed = scene.store.list(BUCKET, "uploads/").await.unwrap();
    let listed: Vec<_> = futures::TryStreamExt::try_collect::<Vec<_>>(listed).await.unwrap();
    assert_eq!(listed.into_iter().map(|(key, _)| key).collect::<Vec<_>>(), [key("a")]);
    scene.store.remove(BUCKET, &key("a")).await.unwrap();
    scene.store.remove(BUCKET, &key("a")).await.unwrap();
    assert_eq!(scene.store.size(BUCKET, &key("a")).await.unwrap(), None);
}
