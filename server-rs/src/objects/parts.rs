//! Parts of large objects in the local store: one file each, until they are put together.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio::fs;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::direct::Part;
use super::durable_folders::DurableFolders;
use super::store::StoreError;

/// Folder of parts. No bucket can have this name, because a bucket's name has no dot.
const FOLDER: &str = ".parts";

/// Why a part is not kept.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// It has another size than was signed.
    #[error("the part must have {expected} bytes")]
    Size {
        /// The size that was signed.
        expected: u64,
    },
    /// It did not arrive in full.
    #[error("the part did not arrive: {0}")]
    Body(#[source] axum::Error),
    /// The store could not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The parts below one root.
#[derive(Debug, Clone)]
pub struct Parts {
    root: PathBuf,
    folders: DurableFolders,
}

impl Parts {
    pub(super) fn new(root: &Path, folders: DurableFolders) -> Self {
        Self { root: root.to_owned(), folders }
    }

    /// Keeps one part, durably, in place of an earlier one of that number.
    pub async fn write(
        &self,
        asset_id: Uuid,
        number: u32,
        byte_size: u64,
        body: impl Stream<Item = Result<Bytes, axum::Error>>,
    ) -> Result<(), PartError> {
        let folder = self.folder(asset_id);
        self.folders.create(&folder).await.map_err(StoreError::from)?;
        let half = HalfPart::within(&folder);
        write_exactly(&half.path, byte_size, body).await?;
        half.place(&folder.join(number.to_string())).await.map_err(StoreError::from)?;
        self.folders.sync(&folder).await.map_err(StoreError::from)?;
        Ok(())
    }

    /// The parts that have arrived, by number.
    pub async fn list(&self, asset_id: Uuid) -> Result<Vec<Part>, StoreError> {
        let mut parts = Vec::new();
        let mut entries = match fs::read_dir(self.folder(asset_id)).await {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(parts),
            Err(cause) => return Err(cause.into()),
        };
        while let Some(entry) = entries.next_entry().await? {
            if let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
                parts.push(Part { number, byte_size: entry.metadata().await?.len(), etag: String::new() });
            }
        }
        parts.sort_by_key(|part| part.number);
        Ok(parts)
    }

    /// The file of one part.
    pub(super) fn file(&self, asset_id: Uuid, number: u32) -> PathBuf {
        self.folder(asset_id).join(number.to_string())
    }

    /// Removes all parts of an object. None at all count as removed.
    pub async fn remove(&self, asset_id: Uuid) -> Result<(), StoreError> {
        match fs::remove_dir_all(self.folder(asset_id)).await {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause.into()),
            _ => Ok(()),
        }
    }

    /// Assets that have parts here.
    pub async fn assets(&self) -> Result<Vec<Uuid>, StoreError> {
        let mut assets = Vec::new();
        let mut entries = match fs::read_dir(self.root.join(FOLDER)).await {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(assets),
            Err(cause) => return Err(cause.into()),
        };
        while let Some(entry) = entries.next_entry().await? {
            assets.extend(entry.file_name().to_str().and_then(|name| name.parse::<Uuid>().ok()));
        }
        Ok(assets)
    }

    fn folder(&self, asset_id: Uuid) -> PathBuf {
        self.root.join(FOLDER).join(asset_id.to_string())
    }
}

async fn write_exactly(
    path: &Path,
    byte_size: u64,
    body: impl Stream<Item = Result<Bytes, axum::Error>>,
) -> Result<(), PartError> {
    let mut file = fs::File::create(path).await.map_err(StoreError::from)?;
    let mut written = 0;
    let mut body = std::pin::pin!(body);
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(PartError::Body)?;
        written += chunk.len() as u64;
        if written > byte_size {
            break;
        }
        file.write_all(&chunk).await.map_err(StoreError::from)?;
    }
    if written != byte_size {
        return Err(PartError::Size { expected: byte_size });
    }
    file.sync_all().await.map_err(StoreError::from)?;
    Ok(())
}

/// Owner of the file of a part that is on its way. A request can end at any await, by a refusal, a time-out or a client
/// that hangs up, so the file goes with the value that owns it.
struct HalfPart {
    path: PathBuf,
    is_placed: bool,
}

impl HalfPart {
    fn within(folder: &Path) -> Self {
        // The name is no number, so half a part is never taken for a part.
        Self { path: folder.join(format!(".{}", Uuid::now_v7())), is_placed: false }
    }

    /// Makes it the whole part, which it is by now.
    async fn place(mut self, part: &Path) -> io::Result<()> {
        fs::rename(&self.path, part).await?;
        self.is_placed = true;
        Ok(())
    }
}

impl Drop for HalfPart {
    fn drop(&mut self) {
        if self.is_placed {
            return;
        }
        // Outside a runtime the process is ending; what stays is removed with the folder.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let path = std::mem::take(&mut self.path);
        runtime.spawn(async move {
            if let Err(error) = fs::remove_file(&path).await
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, path = %path.display(), "Half a part stays until its upload is over");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::stream;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(30);

    async fn until(condition: impl Fn() -> bool) {
        let met = async {
            while !condition() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(DEADLINE, met).await.unwrap();
    }

    #[tokio::test]
    async fn half_a_part_goes_with_a_request_that_is_cut_off() {
        let root = tempfile::tempdir().unwrap();
        let parts = Parts::new(root.path(), DurableFolders::below(root.path()));
        let folder = parts.folder(Uuid::nil());
        let files = || std::fs::read_dir(&folder).map_or(0, Iterator::count);
        let body = stream::iter([Ok(Bytes::from_static(b"123"))]).chain(stream::pending());
        tokio::select! {
            outcome = parts.write(Uuid::nil(), 1, 10, body) => panic!("the body has no end: {outcome:?}"),
            () = until(|| files() == 1) => {}
        }
        until(|| files() == 0).await;
        let body = stream::iter([Ok(Bytes::from_static(b"1234567890"))]);
        parts.write(Uuid::nil(), 1, 10, body).await.unwrap();
        assert_eq!(parts.list(Uuid::nil()).await.unwrap().len(), 1);
        assert_eq!(files(), 1);
    }
}
