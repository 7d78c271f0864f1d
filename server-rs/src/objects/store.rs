//! Objects on a local folder through `opendal`: stage, place, read a range, remove, sweep.
//!
//! Staged files and objects lie in one file system, so placing is one atomic rename: an object is under its key
//! in full or not at all.

use std::fs::{File, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use opendal::{ErrorKind, Operator, services};
use tokio::sync::{Mutex, MutexGuard};

use super::durable_folder;
use super::key::ObjectKey;
use super::staging::{StagedObject, StagingWriter};

/// Folder of staged files. No bucket can have this name, because a bucket's name has no dot.
pub(super) const STAGING: &str = ".staging";
/// File whose lock says that a process uses the folder. The locks on keys live in that process alone.
const OWNER_LOCK: &str = ".lock";
/// Number of locks that all keys share.
const LOCKS: usize = 256;
/// Bytes read or written at a time.
pub(super) const CHUNK_BYTES: usize = 256 * 1024;

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

/// A local object store. Clones share it.
#[derive(Debug, Clone)]
pub struct ObjectStore {
    operator: Operator,
    root: PathBuf,
    locks: Arc<[Mutex<()>]>,
    // The lock on the folder goes with the file.
    _owner: Arc<File>,
}

impl ObjectStore {
    /// Opens the store below `root`, which is made when absent, for this process alone.
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
        let service = services::Fs::default().root(&root.to_string_lossy());
        let locks = (0..LOCKS).map(|_| Mutex::new(())).collect();
        Ok(Self { operator: Operator::new(service)?, root, locks, _owner: Arc::new(owner) })
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
        self.operator.stat(&format!("{STAGING}/")).await?;
        Ok(())
    }

    /// Begins a staged file of at most `limit_bytes`.
    pub async fn stage(&self, limit_bytes: u64) -> Result<StagingWriter, StoreError> {
        let path = format!("{STAGING}/{}", uuid::Uuid::now_v7());
        let writer = self.operator.writer_with(&path).chunk(CHUNK_BYTES).await?;
        Ok(StagingWriter::new(self.clone(), path, writer, limit_bytes))
    }

    /// Moves a staged file to its key, durably. Placing the same content again is harmless.
    pub async fn place(&self, staged: StagedObject, bucket: &str, key: &ObjectKey) -> Result<(), StoreError> {
        let path = path_of(bucket, key);
        let folder = self.folder_of(&path);
        durable_folder::create(&self.root, &folder).await?;
        self.operator.rename(staged.path(), &path).await?;
        staged.keep();
        durable_folder::sync(&folder).await?;
        Ok(())
    }

    /// Size of the object in bytes, or `None` when it is not there.
    pub async fn size(&self, bucket: &str, key: &ObjectKey) -> Result<Option<u64>, StoreError> {
        match self.operator.stat(&path_of(bucket, key)).await {
            Ok(metadata) => Ok(Some(metadata.content_length())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
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
        let reader = self.operator.reader_with(&path_of(bucket, key)).chunk(CHUNK_BYTES).await?;
        Ok(reader.into_bytes_stream(range).await?.into_stream().boxed())
    }

    /// Removes the object, durably. One that is not there counts as removed.
    pub async fn remove(&self, bucket: &str, key: &ObjectKey) -> Result<(), StoreError> {
        let path = path_of(bucket, key);
        self.operator.delete(&path).await?;
        durable_folder::sync(&self.folder_of(&path)).await?;
        Ok(())
    }

    /// Removes staged files that were last written longer ago than `lifetime`; returns how many.
    pub async fn remove_stale_staging(&self, lifetime: Duration) -> Result<usize, StoreError> {
        let mut removed = 0;
        let mut entries = self.operator.lister(&format!("{STAGING}/")).await?;
        while let Some(entry) = entries.try_next().await? {
            let written = entry.metadata().last_modified().map(SystemTime::from);
            let age = written.and_then(|written| written.elapsed().ok());
            if entry.metadata().is_file() && age.is_some_and(|age| age >= lifetime) {
                self.operator.delete(entry.path()).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Removes one staged file.
    pub(super) async fn discard(&self, path: &str) -> Result<(), StoreError> {
        Ok(self.operator.delete(path).await?)
    }

    fn folder_of(&self, path: &str) -> PathBuf {
        let path = self.root.join(path);
        path.parent().map_or_else(|| self.root.clone(), Path::to_owned)
    }
}

fn path_of(bucket: &str, key: &ObjectKey) -> String {
    format!("{bucket}/{}", key.as_str())
}

impl From<opendal::Error> for StoreError {
    fn from(error: opendal::Error) -> Self {
        if error.kind() == ErrorKind::NotFound {
            return Self::Missing;
        }
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(error) = cause {
            if error.downcast_ref::<io::Error>().is_some_and(is_full) {
                return Self::Full;
            }
            cause = error.source();
        }
        Self::Failed(error.into())
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        if is_full(&error) { Self::Full } else { Self::Failed(error.into()) }
    }
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
