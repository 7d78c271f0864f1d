//! The object store on a real folder.

use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use spacetimedb_sdk::Identity;
use tempfile::TempDir;
use worldloom_facade::objects::{ObjectKey, ObjectStore, StagedObject, StoreError, UploadError};

use crate::support::{files_below, wait_for};

const BUCKET: &str = "worldloom";

pub fn png(bytes: usize, filler: u8) -> Bytes {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.resize(bytes, filler);
    png.into()
}

pub async fn stage(store: &ObjectStore, content: Bytes) -> StagedObject {
    let allowed = ["image/png".to_owned()];
    let mut writer = store.stage(1 << 30).await.unwrap();
    for chunk in content.chunks(10_000) {
        writer.write(Bytes::copy_from_slice(chunk), None, &allowed).await.unwrap();
    }
    writer.finish(None, &allowed).await.unwrap()
}

pub fn key(name: &str) -> ObjectKey {
    ObjectKey::for_upload(Identity::ONE, name, Some("cat.png"))
}

pub async fn read(store: &ObjectStore, key: &ObjectKey, range: std::ops::Range<u64>) -> Vec<u8> {
    let chunks: Vec<Bytes> = store.read(BUCKET, key, range).await.unwrap().try_collect().await.unwrap();
    chunks.concat()
}

#[tokio::test]
async fn what_is_placed_is_read_back_in_any_range() {
    let folder = TempDir::new().unwrap();
    let store = ObjectStore::open(folder.path()).unwrap();
    let content = png(1_000_000, 3);
    let staged = stage(&store, content.clone()).await;
    assert_eq!((staged.byte_size, staged.content_type), (1_000_000, "image/png"));
    assert_eq!(staged.sha256.len(), 64);
    store.place(staged, BUCKET, &key("a")).await.unwrap();

    assert_eq!(store.size(BUCKET, &key("a")).await.unwrap(), Some(1_000_000));
    assert_eq!(read(&store, &key("a"), 0..1_000_000).await, content);
    assert_eq!(read(&store, &key("a"), 0..8).await, b"\x89PNG\r\n\x1a\n");
    assert_eq!(read(&store, &key("a"), 999_999..1_000_000).await, [3]);
    assert_eq!(files_below(folder.path()).len(), 1, "nothing stays staged");

    store.remove(BUCKET, &key("a")).await.unwrap();
    store.remove(BUCKET, &key("a")).await.unwrap();
    assert_eq!(store.size(BUCKET, &key("a")).await.unwrap(), None);
    assert_eq!(files_below(folder.path()), Vec::<std::path::PathBuf>::new());
}

/// Players name places themselves, and what cannot be there must not look like a store that fails.
#[tokio::test]
async fn nothing_lies_where_nothing_can_and_removing_it_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let store = ObjectStore::open(folder.path()).unwrap();
    let content = png(5_000, 3);
    let in_the_way = ObjectKey::parse("players/1/a").unwrap();
    store.place(stage(&store, content.clone()).await, BUCKET, &in_the_way).await.unwrap();
    let long = "x".repeat(256);
    let places: [&str; 4] =
        ["players/1/a/b", "players/1/a/b/c", &format!("players/{long}"), &format!("players/{long}/a")];
    for place in places {
        let place = ObjectKey::parse(place).unwrap();
        assert_eq!(store.size(BUCKET, &place).await.unwrap(), None, "{place:?}");
        store.remove(BUCKET, &place).await.unwrap();
    }
    store.remove(BUCKET, &ObjectKey::parse("players/1").unwrap()).await.unwrap();
    assert_eq!(read(&store, &in_the_way, 0..5_000).await, content);
}

#[tokio::test]
async fn the_hash_is_that_of_the_bytes() {
    let folder = TempDir::new().unwrap();
    let store = ObjectStore::open(folder.path()).unwrap();
    let content = Bytes::from_static(b"\x89PNG\r\n\x1a\n");
    let staged = stage(&store, content).await;
    // sha256sum of the eight bytes of the PNG signature.
    assert_eq!(staged.sha256, "4c4b6a3be1314ab86138bef4314dde022e600960d8689a2c8f8631802d20dab6");
}

#[tokio::test]
async fn a_staged_file_goes_with_its_owner() {
    let folder = TempDir::new().unwrap();
    let store = ObjectStore::open(folder.path()).unwrap();
    let staged = stage(&store, png(5000, 1)).await;
    assert_eq!(files_below(folder.path()).len(), 1);
    drop(staged);
    wait_for("the staged file to go", || files_below(folder.path()).is_empty()).await;

    let mut writer = store.stage(100).await.unwrap();
    let refused = writer.write(png(101, 1), None, &["image/png".to_owned()]).await;
    assert!(matches!(refused, Err(UploadError::TooLarge { limit_bytes: 100 })));
    drop(writer);
    wait_for("the refused file to go", || files_below(folder.path()).is_empty()).await;
}

#[tokio::test]
async fn only_old_staged_files_are_swept() {
    let folder = TempDir::new().unwrap();
    let store = ObjectStore::open(folder.path()).unwrap();
    let staged = stage(&store, png(5000, 1)).await;
    assert_eq!(store.remove_stale_staging(Duration::from_secs(3600)).await.unwrap(), 0);
    assert_eq!(store.remove_stale_staging(Duration::ZERO).await.unwrap(), 1);
    // A file that was swept cannot be placed any more; the error says so and nothing appears.
    let placed = store.place(staged, BUCKET, &key("a")).await;
    assert!(matches!(placed, Err(StoreError::Missing)), "{placed:?}");
    assert_eq!(store.size(BUCKET, &key("a")).await.unwrap(), None);
}

#[tokio::test]
async fn a_folder_has_one_owner_at_a_time() {
    let folder = TempDir::new().unwrap();
    let first = ObjectStore::open(folder.path()).unwrap();
    assert!(matches!(ObjectStore::open(folder.path()), Err(StoreError::InUse)));
    drop(first);
    ObjectStore::open(folder.path()).unwrap();
}

#[tokio::test]
async fn a_key_is_held_by_one_at_a_time() {
    let folder = TempDir::new().unwrap();
    let store = ObjectStore::open(folder.path()).unwrap();
    let held = store.lock(BUCKET, &key("a")).await;
    let same = key("a");
    let mut second = Box::pin(store.lock(BUCKET, &same));
    assert!(futures::poll!(&mut second).is_pending());
    drop(held);
    assert!(futures::poll!(&mut second).is_ready());
}
