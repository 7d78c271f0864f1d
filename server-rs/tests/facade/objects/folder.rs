//! Signed URLs of the local store, answered by the facade itself.

use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use worldloom_facade::identity::secrets::hex;
use worldloom_facade::objects::direct::Announced;
use worldloom_facade::objects::grant::{Grant, GrantSigner};

use crate::edge::raw;
use crate::store::{key, png};
use crate::support::{Answer, World, files_below, wait_for};

const ASSET: uuid::Uuid = uuid::Uuid::from_u128(0x0194_f0c5_0000_7000_8000_0000_0000_0007);

pub fn announced(name: &str, content: &[u8]) -> Announced {
    Announced {
        bucket: "worldloom".to_owned(),
        object_key: key(name).as_str().to_owned(),
        content_type: "image/png".to_owned(),
        byte_size: content.len() as u64,
        sha256: hex(&Sha256::digest(content)),
    }
}

/// A facade, and the key that it signs with.
struct Scene {
    world: World,
    signer: GrantSigner,
}

impl Scene {
    async fn start() -> Self {
        let world = World::start().await;
        let signer = GrantSigner::open(&world.folder.path().join("objects")).unwrap();
        Self { world, signer }
    }

    fn url(&self, grant: Grant) -> String {
        let word = self.signer.sign(grant, jsonwebtoken::get_current_timestamp() + 60).unwrap();
        self.world.at(&format!("/objects/{word}"))
    }

    async fn put(&self, url: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.world.http.put(url).header("content-type", content_type).body(body);
        Answer::of(request.send().await.unwrap()).await
    }

    fn stored(&self) -> usize {
        files_below(&self.world.folder.path().join("objects/worldloom")).len()
    }
}

#[tokio::test]
async fn a_signed_upload_is_read_back_by_a_signed_url() {
    let scene = Scene::start().await;
    let content = png(300_000, 7);
    let announced = announced("a", &content);
    let put = scene.url(Grant::Put(announced.clone()));
    for _ in 0..2 {
        assert_eq!(scene.put(&put, "image/png", content.clone()).await.status, 200);
    }
    let got = scene.world.http.get(scene.url(Grant::Get(announced))).send().await.unwrap();
    assert_eq!(got.status(), 200);
    assert_eq!(got.headers()["content-type"], "image/png");
    assert_eq!(got.headers()["x-content-type-options"], "nosniff");
    assert_eq!(got.bytes().await.unwrap(), content);
}

/// Objects stay in the bucket that their rows name, whatever the bucket of new ones is.
#[tokio::test]
async fn a_signed_url_is_for_the_bucket_that_the_row_names() {
    let scene = Scene::start().await;
    let content = png(1_000, 7);
    let announced = Announced { bucket: "before".to_owned(), ..announced("a", &content) };
    let put = scene.url(Grant::Put(announced.clone()));
    assert_eq!(scene.put(&put, "image/png", content.clone()).await.status, 200);
    let got = scene.world.http.get(scene.url(Grant::Get(announced))).send().await.unwrap();
    assert_eq!(got.bytes().await.unwrap(), content);
    assert_eq!(files_below(&scene.world.folder.path().join("objects/before")).len(), 1);
    assert_eq!(scene.stored(), 0);
}

#[tokio::test]
async fn whoever_asks_for_the_head_gets_that_of_the_whole() {
    let scene = Scene::start().await;
    let content = png(1_000, 7);
    let announced = announced("a", &content);
    let put = scene.url(Grant::Put(announced.clone()));
    assert_eq!(scene.put(&put, "image/png", content).await.status, 200);
    let get = scene.url(Grant::Get(announced));
    for range in ["bytes=0-9", "bytes=5000-"] {
        let head = scene.world.http.head(&get).header("range", range).send().await.unwrap();
        assert_eq!((head.status().as_u16(), &head.headers()["content-length"]), (200, &"1000".parse().unwrap()));
    }
    let part = scene.world.http.get(&get).header("range", "bytes=0-9").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.bytes().await.unwrap().len()), (206, 10));
}

#[tokio::test]
async fn bytes_that_were_not_announced_are_refused_and_leave_nothing() {
    let scene = Scene::start().await;
    let content = png(20_000, 7);
    let put = scene.url(Grant::Put(announced("a", &content)));
    let other = png(20_000, 8);
    scene.put(&put, "image/png", other).await.is_problem(409, "conflict");
    scene.put(&put, "image/png", png(20_001, 7)).await.is_problem(413, "payload_too_large");
    scene.put(&put, "image/png", png(19_999, 7)).await.is_problem(422, "invalid_argument");
    scene.put(&put, "image/jpeg", content.clone()).await.is_problem(415, "unsupported_media_type");
    let lie = vec![b'x'; 20_000];
    scene.put(&put, "image/png", lie).await.is_problem(415, "unsupported_media_type");
    assert_eq!(scene.stored(), 0);
    scene.world.wait_until_empty().await;
}

/// A URL outlives its asset; its place may be another one's by then.
#[tokio::test]
async fn a_signed_upload_does_not_replace_other_bytes() {
    let scene = Scene::start().await;
    let content = png(20_000, 7);
    let put = scene.url(Grant::Put(announced("a", &content)));
    assert_eq!(scene.put(&put, "image/png", content.clone()).await.status, 200);
    for other in [png(20_000, 8), png(19_999, 7)] {
        let earlier = scene.url(Grant::Put(announced("a", &other)));
        scene.put(&earlier, "image/png", other).await.is_problem(409, "conflict");
    }
    assert_eq!(scene.put(&put, "image/png", content.clone()).await.status, 200, "the same bytes may come again");
    let got = scene.world.http.get(scene.url(Grant::Get(announced("a", &content)))).send().await.unwrap();
    assert_eq!(got.bytes().await.unwrap(), content);
    assert_eq!(scene.stored(), 1);
}

#[tokio::test]
async fn urls_are_for_one_thing_and_one_time() {
    let scene = Scene::start().await;
    let content = png(1_000, 7);
    let announced = announced("a", &content);
    let (put, get) = (scene.url(Grant::Put(announced.clone())), scene.url(Grant::Get(announced.clone())));
    scene.put(&get, "image/png", content.clone()).await.is_problem(403, "link_invalid");
    let asked = |url: String| async { Answer::of(scene.world.http.get(url).send().await.unwrap()).await };
    asked(put.clone()).await.is_problem(403, "link_invalid");
    asked(get.clone()).await.is_problem(404, "not_found");
    asked(format!("{get}A")).await.is_problem(403, "link_invalid");
    for path in ["..%2f..%2f.url-key", "worldloom%2fuploads", "%00", "a.b"] {
        asked(scene.world.at(&format!("/objects/{path}"))).await.is_problem(403, "link_invalid");
    }
    let over = scene.signer.sign(Grant::Put(announced), jsonwebtoken::get_current_timestamp() - 1).unwrap();
    let over = scene.world.at(&format!("/objects/{over}"));
    scene.put(&over, "image/png", content).await.is_problem(403, "link_expired");
    assert_eq!(scene.stored(), 0);
}

#[tokio::test]
async fn a_part_is_kept_in_its_full_size_or_not_at_all() {
    let scene = Scene::start().await;
    let url = scene.url(Grant::Part { asset_id: ASSET, number: 3, byte_size: 10 });
    scene.put(&url, "application/octet-stream", "123456789").await.is_problem(422, "invalid_argument");
    scene.put(&url, "application/octet-stream", "12345678901").await.is_problem(413, "payload_too_large");
    // A body that ends early, under a head that promises all of it.
    let half = futures::stream::iter([Ok(bytes::Bytes::from_static(b"123")), Err(std::io::Error::other("gone"))]);
    let request = scene.world.http.put(&url).header("content-length", 10).body(reqwest::Body::wrap_stream(half));
    assert!(request.timeout(Duration::from_secs(20)).send().await.is_err());
    let folder = scene.world.folder.path().join("objects/.parts");
    let kept = || files_below(&folder).into_iter().filter(|file| file.ends_with("3")).count();
    assert_eq!(kept(), 0);
    assert_eq!(scene.put(&url, "application/octet-stream", "1234567890").await.status, 200);
    assert_eq!(kept(), 1);
}

#[tokio::test]
async fn half_a_part_goes_with_its_client() {
    let scene = Scene::start().await;
    let url = scene.url(Grant::Part { asset_id: ASSET, number: 3, byte_size: 10 });
    let head = raw::request("PUT", url.strip_prefix(&scene.world.url).unwrap(), &[("content-length", "10")], b"");
    let mut client = TcpStream::connect(scene.world.facade.address()).await.unwrap();
    client.write_all(&[head.as_slice(), b"123".as_slice()].concat()).await.unwrap();
    let folder = scene.world.folder.path().join("objects/.parts");
    wait_for("half a part", || !files_below(&folder).is_empty()).await;
    drop(client);
    wait_for("the half to go", || files_below(&folder).is_empty()).await;
}
