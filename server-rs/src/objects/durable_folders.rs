//! Makes changes of a local folder survive a power cut.
//!
//! The store library writes a file's data through to the disk when the file is closed, but not the folder entry
//! that names it: after a crash a file that was renamed may be back under its old name, or nowhere. A 2xx answer
//! promises that the object is there, so the entries are written through here.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use quick_cache::sync::Cache;

/// Folders whose entries are remembered to be on the disk. One that was forgotten is written through once more.
const REMEMBERED: usize = 10_000;

/// The folders below one root. Clones share what they remember.
#[derive(Clone)]
pub struct DurableFolders {
    root: PathBuf,
    /// Folders whose own entries, and those of all above them, are known to be on the disk. That a folder exists
    /// does not say so: another request may just have made it, or an earlier one may have failed to write it through.
    settled: Arc<Cache<PathBuf, ()>>,
}

impl fmt::Debug for DurableFolders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DurableFolders").field("root", &self.root).finish_non_exhaustive()
    }
}

impl DurableFolders {
    /// The folders below `root`, which exists.
    pub fn below(root: &Path) -> Self {
        Self { root: root.to_owned(), settled: Arc::new(Cache::new(REMEMBERED)) }
    }

    /// Makes `folder` and its missing parents, and writes the entries of all of them through.
    pub async fn create(&self, folder: &Path) -> io::Result<()> {
        let (folders, folder) = (self.clone(), folder.to_owned());
        blocking(move || {
            let unsettled = folders.unsettled(&folder);
            std::fs::create_dir_all(&folder)?;
            unsettled.into_iter().rev().try_for_each(|made| folders.settle(made))
        })
        .await
    }

    /// Writes the entries of `folder` through to the disk: what was renamed or removed in it stays so.
    pub async fn sync(&self, folder: &Path) -> io::Result<()> {
        let folder = folder.to_owned();
        blocking(move || match sync_entries(&folder) {
            // The folder of an object that never existed, or never could, holds no entry to write through.
            Err(cause) if cause.kind() == io::ErrorKind::NotFound || is_impossible_place(&cause) => Ok(()),
            outcome => outcome,
        })
        .await
    }

    /// Of `folder` and those above it, the ones that a power cut may still undo, the deepest first.
    fn unsettled(&self, folder: &Path) -> Vec<PathBuf> {
        let is_settled = |folder: &Path| {
            if folder.is_dir() {
                return self.settled.get(folder).is_some();
            }
            // It was removed since, and is about to be made again. Whoever sees the new one must not take it for settled.
            self.settled.remove(folder);
            false
        };
        folder
            .ancestors()
            .take_while(|ancestor| *ancestor != self.root && !is_settled(ancestor))
            .map(Path::to_owned)
            .collect()
    }

    fn settle(&self, folder: PathBuf) -> io::Result<()> {
        folder.parent().map_or(Ok(()), sync_entries)?;
        self.settled.insert(folder, ());
        Ok(())
    }
}

/// Whether no object can lie at a path: a folder on the way to it is a file, a name in it is longer than the file
/// system takes, or it is the folder of others. Players name such places when they register objects themselves.
pub(super) fn is_impossible_place(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::NotADirectory
            | io::ErrorKind::InvalidFilename
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::DirectoryNotEmpty
    )
}

#[cfg(unix)]
fn sync_entries(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

/// Windows cannot open a folder for writing through; NTFS journals its entries itself.
#[cfg(not(unix))]
fn sync_entries(_folder: &Path) -> io::Result<()> {
    Ok(())
}

async fn blocking(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_that_somebody_else_made_is_written_through_once() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        let folder = root.path().join("bucket/uploads");
        std::fs::create_dir_all(&folder)?;
        let folders = DurableFolders::below(root.path());
        assert_eq!(folders.unsettled(&folder), [folder.clone(), root.path().join("bucket")]);
        folders.create(&folder).await?;
        assert!(folders.unsettled(&folder).is_empty());
        Ok(())
    }

    #[tokio::test]
    async fn a_folder_that_could_not_be_made_is_written_through_the_next_time() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        let (bucket, folder) = (root.path().join("bucket"), root.path().join("bucket/uploads"));
        let folders = DurableFolders::below(root.path());
        std::fs::write(&bucket, "a file is in the way")?;
        assert!(folders.create(&folder).await.is_err());
        assert_eq!(folders.unsettled(&folder), [folder.clone(), bucket.clone()]);
        std::fs::remove_file(&bucket)?;
        folders.create(&folder).await?;
        assert!(folder.is_dir() && folders.unsettled(&folder).is_empty());
        Ok(())
    }

    #[tokio::test]
    async fn a_folder_that_was_removed_is_written_through_anew() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        let folder = root.path().join("parts/asset");
        let folders = DurableFolders::below(root.path());
        folders.create(&folder).await?;
        std::fs::remove_dir(&folder)?;
        assert_eq!(folders.unsettled(&folder), [folder.as_path()]);
        // Somebody else makes it meanwhile, without writing it through yet.
        std::fs::create_dir(&folder)?;
        assert_eq!(folders.unsettled(&folder), [folder.as_path()]);
        Ok(())
    }
}
