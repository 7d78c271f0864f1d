//! Makes changes of a local folder survive a power cut.
//!
//! The store library writes a file's data through to the disk when the file is closed, but not the folder entry
//! that names it: after a crash a file that was renamed may be back under its old name, or nowhere. A 2xx answer
//! promises that the object is there, so the entries are written through here.

use std::io;
use std::path::{Path, PathBuf};

/// Makes `folder` and its missing parents below `root`, and writes each new entry through.
pub async fn create(root: &Path, folder: &Path) -> io::Result<()> {
    let (root, folder) = (root.to_owned(), folder.to_owned());
    blocking(move || {
        let missing: Vec<PathBuf> = folder
            .ancestors()
            .take_while(|ancestor| *ancestor != root && !ancestor.is_dir())
            .map(Path::to_owned)
            .collect();
        std::fs::create_dir_all(&folder)?;
        missing.iter().filter_map(|created| created.parent()).try_for_each(sync_entries)
    })
    .await
}

/// Writes the entries of `folder` through to the disk: what was renamed or removed in it stays so.
pub async fn sync(folder: &Path) -> io::Result<()> {
    let folder = folder.to_owned();
    blocking(move || match sync_entries(&folder) {
        // The folder of an object that never existed holds no entry to write through.
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    })
    .await
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
