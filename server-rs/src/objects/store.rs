//! Objects through `opendal`, on a local folder or in a remote bucket: stage, place, read a range, remove, sweep.
//!
//! Files on their way in are staged on the local disk. On a local folder placing one is an atomic rename, in a bucket
//! it is an upload: either way an object is under its key in full or not at all.

use std::fs::{File, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use bytes::Bytes;
use futures::stream::{BoxStream, Stream, StreamExt, TryStreamExt};
use opendal::{ErrorKind, Operator, Writer, services};
use tokio::sync::{Mutex, MutexGuard};

use super::config::ObjectsConfig;
use super::durable_folders::{DurableFolders, is_impossible_place};
use super::grant::GrantSigner;
use super::key::ObjectKey;
use super::parts::Parts;
use super::remote::{Protocol, RemoteBucket};
use super::staging::{StagedObject, StagingWriter};

/// Folder of staged files. No bucket can have this name, because a bucket's name has no dot.
pub(super) const STAGING: &str = ".staging";
/// File whose lock says that a process uses the folder. The locks on keys live in that process alone.
const OWNER_LOCK: &str = ".lock";
/// Number of locks that all keys share.
const LOCKS: usize = 256;
/// Bytes read or written at a time.
pub(super) const CHUNK_BYTES: usize = 256 * 1024;
/// Bytes sent to a bucket at a time; S3 takes no smaller parts.
const REMOTE_CHUNK_BYTES: usize = 8 * 1024 * 1024;

/// The store cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk or the quota is full; nothing was kept.
    #[error("the object store is full")]
    Full,
    /// The object is not there.
    #[error("the object is not in the store")]
    Missing,
    /// Another process uses the folder.
    #[error("another facade uses the object store")]
    InUse,
    /// Any other failure of the store.
    #[error("the object store failed: {0}")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    pub(super) fn other(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(cause.into())
    }
}

/// An object store. Clones share it.
#[derive(Debug, Clone)]
pub struct ObjectStore {
    /// Files under way, on the local disk.
    staging: Operator,
    /// Objects, in the folder or in the bucket.
    pub(super) objects: Operator,
    pub(super) place: Place,
    root: PathBuf,
    folders: DurableFolders,
    locks: Arc<[Mutex<()>]>,
    // The lock on the folder goes with the file.
    _owner: Arc<File>,
}

/// Where objects lie, and what signs requests for them.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// Below the local folder. The facade itself answers the requests that it signs.
    Folder {
        /// Signs what clients may do.
        grants: GrantSigner,
        /// Parts of large objects.
        parts: Parts,
        /// The facade's address for clients.
        public_url: String,
    },
    /// In a bucket, which answers clients itself.
    Bucket(Arc<RemoteBucket>),
}

impl ObjectStore {
    /// Opens a local store below `root`, which is made when absent, for this process alone.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let mut folders = std::fs::DirBuilder::new();
        // Private assets lie here; other users of the machine have no business with them.
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folders, 0o700);
        folders.recursive(true).create(root.join(STAGING))?;
        let root = root.canonicalize()?;
        let owner = File::create(root.join(OWNER_LOCK))?;
        owner.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::InUse,
            TryLockError::Error(cause) => cause.into(),
        })?;
        let staging = Operator::new(services::Fs::default().root(&root.to_string_lossy()))?;
        let locks = (0..LOCKS).map(|_| Mutex::new(())).collect();
        let folders = DurableFolders::below(&root);
        let place = Place::Folder {
            grants: GrantSigner::open(&root)?,
            parts: Parts::new(&root, folders.clone()),
            public_url: String::new(),
        };
        Ok(Self { objects: staging.clone(), staging, place, root, folders, locks, _owner: Arc::new(owner) })
    }

    /// Opens the configured store for a facade that clients reach at `public_url`.
    pub fn open_configured(config: &ObjectsConfig, public_url: &str) -> anyhow::Result<Self> {
        let mut store =
            Self::open(&config.root).with_context(|| format!("objects.root: cannot use {}", config.root.display()))?;
        if let Place::Folder { public_url: own, .. } = &mut store.place {
            public_url.clone_into(own);
        }
        let protocol = if config.s3.is_some() { Protocol::S3 } else { Protocol::Oss };
        if let Some(remote) = config.remote() {
            let (bucket, objects) = RemoteBucket::open(protocol, &config.bucket, remote, &remote.read_secret()?)?;
            store.objects = objects;
            store.place = Place::Bucket(Arc::new(bucket));
        }
        Ok(store)
    }

    /// Whether other facades may use the same objects. The locks on keys hold within one process alone.
    pub fn is_shared(&self) -> bool {
        matches!(self.place, Place::Bucket(_))
    }

    /// Whether objects of this bucket lie here.
    pub fn has_bucket(&self, bucket: &str) -> bool {
        match &self.place {
            Place::Folder { .. } => true,
            Place::Bucket(remote) => remote.bucket() == bucket,
        }
    }

    /// Keeps others from the object under this key while the guard lives. Few keys share a lock, so never take
    /// a second one while holding the first.
    pub async fn lock(&self, bucket: &str, key: &ObjectKey) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        (bucket, key.as_str()).hash(&mut hasher);
        let index = hasher.finish() % self.locks.len() as u64;
        self.locks[index as usize].lock().await
    }

    /// Whether the store answers.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.staging.stat(&format!("{STAGING}/")).await?;
        if self.is_shared() {
            // Whether it is there does not matter, but that the bucket answers.
            self.objects.exists(STAGING).await?;
        }
        Ok(())
    }

    /// Begins a staged file of at most `limit_bytes`.
    pub async fn stage(&self, limit_bytes: u64) -> Result<StagingWriter, StoreError> {
        let path = format!("{STAGING}/{}", uuid::Uuid::now_v7());
        let writer = self.staging.writer_with(&path).chunk(CHUNK_BYTES).await?;
        Ok(StagingWriter::new(self.clone(), path, writer, limit_bytes))
    }

    /// Moves a staged file to its key, durably. Placing the same content again is harmless.
    pub async fn place(&self, staged: StagedObject, bucket: &str, key: &ObjectKey) -> Result<(), StoreError> {
        let path = self.path_of(bucket, key)?;
        if self.is_shared() {
            return self.send(staged, &path).await;
        }
        let folder = self.folder_of(&path);
        self.folders.create(&folder).await?;
        self.objects.rename(staged.path(), &path).await?;
        staged.keep();
        self.folders.sync(&folder).await?;
        Ok(())
    }

    /// Uploads a staged file into the bucket.
    async fn send(&self, staged: StagedObject, path: &str) -> Result<(), StoreError> {
        let reader = self.staging.reader_with(staged.path()).chunk(CHUNK_BYTES).await?;
        let bytes = reader.into_bytes_stream(..).await?;
        let chunk = REMOTE_CHUNK_BYTES;
        let mut writer = self.objects.writer_with(path).chunk(chunk).content_type(staged.content_type).await?;
        let sent = send_all(bytes, &mut writer).await;
        if sent.is_err()
            && let Err(error) = writer.abort().await
        {
            // The parts that have arrived are paid for until a rule of the bucket's removes them.
            tracing::warn!(%error, "An upload that failed could not be given up");
        }
        sent
    }

    /// Writes a small object that the facade makes, such as a variant of a picture, durably.
    pub async fn write(
        &self,
        bucket: &str,
        key: &ObjectKey,
        content_type: &str,
        bytes: Vec<u8>,
    ) -> Result<(), StoreError> {
        let path = self.path_of(bucket, key)?;
        if self.is_shared() {
            self.objects.write_with(&path, bytes).content_type(content_type).await?;
            return Ok(());
        }
        let staged = format!("{STAGING}/{}", uuid::Uuid::now_v7());
        self.staging.write(&staged, bytes).await?;
        let folder = self.folder_of(&path);
        self.folders.create(&folder).await?;
        self.objects.rename(&staged, &path).await?;
        self.folders.sync(&folder).await?;
        Ok(())
    }

    /// Size of the object in bytes, or `None` when it is not there, or could not be.
    pub async fn size(&self, bucket: &str, key: &ObjectKey) -> Result<Option<u64>, StoreError> {
        match self.objects.stat(&self.path_of(bucket, key)?).await {
            Ok(metadata) => Ok(Some(metadata.content_length())),
            Err(error) if error.kind() == ErrorKind::NotFound || is_caused_by(&error, is_impossible_place) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The bytes of `range`, in chunks.
    pub async fn read(
        &self,
        bucket: &str,
        key: &ObjectKey,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, StoreError> {
        let path = self.path_of(bucket, key)?;
        let reader = self.objects.reader_with(&path);
        // From a folder in pieces of bounded memory; from a bucket in one request, whose body comes as it is read.
        let reader = if self.is_shared() { reader.await? } else { reader.chunk(CHUNK_BYTES).await? };
        Ok(reader.into_bytes_stream(range).await?.into_stream().boxed())
    }

    /// Removes the object, durably. One that is not there counts as removed, and so does one that could not be: its row
    /// must be forgotten like any other.
    pub async fn remove(&self, bucket: &str, key: &ObjectKey) -> Result<(), StoreError> {
        let path = self.path_of(bucket, key)?;
        if let Err(error) = self.objects.delete(&path).await
            && !is_caused_by(&error, is_impossible_place)
        {
            return Err(error.into());
        }
        if !self.is_shared() {
            self.folders.sync(&self.folder_of(&path)).await?;
        }
        Ok(())
    }

    /// Every object of the bucket below `folder`, such as `uploads/`, in no order: its key and when it was written.
    pub async fn list(
        &self,
        bucket: &str,
        folder: &str,
    ) -> Result<BoxStream<'static, Result<(ObjectKey, Option<SystemTime>), StoreError>>, StoreError> {
        let prefix = if self.is_shared() { String::new() } else { format!("{bucket}/") };
        let entries = self.objects.lister_with(&format!("{prefix}{folder}")).recursive(true).await?;
        let found = entries.map_err(StoreError::from).try_filter_map(move |entry| {
            let key = entry.path().strip_prefix(&prefix).and_then(ObjectKey::parse);
            let written = entry.metadata().last_modified().map(SystemTime::from);
            let object = key.filter(|_| entry.metadata().is_file()).map(|key| (key, written));
            async move { Ok(object) }
        });
        Ok(found.boxed())
    }

    /// Removes staged files that were last written longer ago than `lifetime`; returns how many.
    pub async fn remove_stale_staging(&self, lifetime: Duration) -> Result<usize, StoreError> {
        let mut removed = 0;
        let mut entries = self.staging.lister(&format!("{STAGING}/")).await?;
        while let Some(entry) = entries.try_next().await? {
            let written = entry.metadata().last_modified().map(SystemTime::from);
            let age = written.and_then(|written| written.elapsed().ok());
            if entry.metadata().is_file() && age.is_some_and(|age| age >= lifetime) {
                self.staging.delete(entry.path()).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Removes one staged file.
    pub(super) async fn discard(&self, path: &str) -> Result<(), StoreError> {
        Ok(self.staging.delete(path).await?)
    }

    /// Where an object lies for the store library. A row of another bucket has no object here.
    pub(super) fn path_of(&self, bucket: &str, key: &ObjectKey) -> Result<String, StoreError> {
        match &self.place {
            Place::Folder { .. } => Ok(format!("{bucket}/{}", key.as_str())),
            Place::Bucket(_) if self.has_bucket(bucket) => Ok(key.as_str().to_owned()),
            Place::Bucket(_) => Err(StoreError::Missing),
        }
    }

    fn folder_of(&self, path: &str) -> PathBuf {
        let path = self.root.join(path);
        path.parent().map_or_else(|| self.root.clone(), Path::to_owned)
    }
}

impl From<opendal::Error> for StoreError {
    fn from(error: opendal::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::Missing,
            _ if is_caused_by(&error, is_full) => Self::Full,
            _ => Self::Failed(error.into()),
        }
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        if is_full(&error) { Self::Full } else { Self::Failed(error.into()) }
    }
}

async fn send_all(
    mut bytes: impl Stream<Item = io::Result<Bytes>> + Unpin,
    writer: &mut Writer,
) -> Result<(), StoreError> {
    while let Some(bytes) = bytes.try_next().await? {
        writer.write(bytes).await?;
    }
    writer.close().await?;
    Ok(())
}

/// Whether an error of the store library comes from such an error of the file system.
fn is_caused_by(error: &opendal::Error, is_it: fn(&io::Error) -> bool) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(is_it) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_apart_from_other_failures() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        assert!(matches!(StoreError::from(full()), StoreError::Full));
        let wrapped = opendal::Error::new(ErrorKind::Unexpected, "write").set_source(full());
        assert!(matches!(StoreError::from(wrapped), StoreError::Full));
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        assert!(matches!(StoreError::from(denied), StoreError::Failed(_)));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_owner_may_look_into_the_store() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("objects");
        let _store = ObjectStore::open(&root).unwrap();
        assert_eq!(std::fs::metadata(&root).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
