//! The data of a local run, and its deletion with `--fresh`.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// The node writes this file first; a folder without it is not the node's.
const METADATA: &str = "metadata.toml";

/// The node holds a lock on this file as long as it runs.
const LOCK: &str = "spacetime.pid";

/// The node's data folder, with what belongs to the same run in folders beside it.
#[derive(Debug, Clone)]
pub struct DataDir {
    path: PathBuf,
}

impl DataDir {
    /// The folder asked for, else the default one.
    pub fn choose(workspace: &Workspace, requested: Option<&Path>) -> Result<Self> {
        let path = match requested {
            Some(path) => absolute(path).with_context(|| format!("{} is no path", path.display()))?,
            None => workspace.default_data_dir(),
        };
        if path.file_name().is_none() {
            bail!("{} cannot hold data: name a folder of its own with --data-dir", path.display());
        }
        Ok(Self { path })
    }

    /// The node's own folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tokens of the run's identities.
    pub fn credentials(&self) -> PathBuf {
        self.beside("credentials")
    }

    /// The facade's object store.
    pub fn objects(&self) -> PathBuf {
        self.beside("objects")
    }

    /// The keys that sign the facade's tokens.
    pub fn identity_keys(&self) -> PathBuf {
        self.beside("identity-keys")
    }

    /// The node's configuration in such a run.
    pub fn node_config(&self) -> PathBuf {
        self.beside("node-config.toml")
    }

    /// Deletes the data with all that refers to it. Refuses folders that no node has written or
    /// stands beside, since a mistyped path must never cost anybody their files, and one that is in use.
    pub fn delete(&self) -> Result<()> {
        let neighbours = [self.credentials(), self.objects(), self.identity_keys()];
        if holds_something(&self.path) {
            self.ensure_deletable()?;
        } else if let Some(stranger) = neighbours.iter().find(|folder| holds_something(folder)) {
            bail!(
                "{} holds something, but there is no node's data in {} that it would belong to: nothing was deleted; \
                 check --data-dir, or delete that folder yourself",
                stranger.display(),
                self.path.display()
            );
        }
        // What says that all this belongs to a node goes last, so that an interrupted deletion can be repeated.
        for folder in neighbours.into_iter().chain([self.path.clone()]) {
            if folder.exists() {
                fs::remove_dir_all(&folder).with_context(|| format!("{} cannot be deleted", folder.display()))?;
            }
        }
        match fs::remove_file(self.node_config()) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error).context("the node's configuration stays"),
            _ => Ok(()),
        }
    }

    fn ensure_deletable(&self) -> Result<()> {
        if !self.path.join(METADATA).is_file() {
            bail!("{} is not a node's data (no {METADATA}): nothing was deleted", self.path.display());
        }
        let Ok(lock) = File::open(self.path.join(LOCK)) else {
            return Ok(());
        };
        match lock.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                bail!("a node is running on {}: stop it first", self.path.display())
            }
            Err(TryLockError::Error(error)) => Err(error).context("the data's lock cannot be tested"),
        }
    }

    fn beside(&self, purpose: &str) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.path.with_file_name(format!("{name}-{purpose}"))
    }
}

/// Whether a folder is there and not empty. What cannot be looked into may hold something.
fn holds_something(folder: &Path) -> bool {
    match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) => error.kind() != ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::Path;

    use anyhow::Result;

    use super::{DataDir, LOCK, METADATA};
    use crate::workspace::Workspace;

    fn data_dir(parent: &Path) -> Result<DataDir> {
        let data_dir = DataDir::choose(&Workspace::locate(), Some(&parent.join("local")))?;
        fs::create_dir_all(data_dir.path().join("replicas"))?;
        fs::create_dir(data_dir.credentials())?;
        fs::create_dir(data_dir.objects())?;
        fs::create_dir(data_dir.identity_keys())?;
        fs::write(data_dir.node_config(), "")?;
        Ok(data_dir)
    }

    #[test]
    fn fresh_deletes_the_data_and_what_belongs_to_it() -> Result<()> {
        let parent = tempfile::tempdir()?;
        fs::write(parent.path().join("neighbour"), "stays")?;
        let data_dir = data_dir(parent.path())?;
        fs::write(data_dir.path().join(METADATA), "")?;
        fs::write(data_dir.path().join(LOCK), "")?;
        data_dir.delete()?;
        let left: Vec<_> = fs::read_dir(parent.path())?.flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(left, ["neighbour"]);
        data_dir.delete()
    }

    #[test]
    fn fresh_refuses_a_folder_that_no_node_has_written() -> Result<()> {
        let parent = tempfile::tempdir()?;
        let data_dir = data_dir(parent.path())?;
        let refusal = data_dir.delete().map_err(|error| error.to_string());
        assert!(refusal.is_err_and(|text| text.contains("nothing was deleted")));
        assert!(data_dir.path().join("replicas").is_dir() && data_dir.objects().is_dir());
        Ok(())
    }

    #[test]
    fn fresh_refuses_what_stands_beside_no_node() -> Result<()> {
        for is_there in [true, false] {
            let parent = tempfile::tempdir()?;
            let data_dir = data_dir(parent.path())?;
            fs::remove_dir_all(data_dir.path())?;
            if is_there {
                fs::create_dir(data_dir.path())?;
            }
            let picture = data_dir.objects().join("picture");
            fs::write(&picture, "somebody's")?;
            let refusal = data_dir.delete().map_err(|error| error.to_string());
            assert!(refusal.is_err_and(|text| text.contains("local-objects") && text.contains("nothing was deleted")));
            assert!(picture.is_file() && data_dir.credentials().is_dir() && data_dir.node_config().is_file());
            // Without it there is nothing that anybody could miss.
            fs::remove_file(picture)?;
            data_dir.delete()?;
            assert!(!data_dir.objects().exists() && !data_dir.node_config().exists());
        }
        Ok(())
    }

    #[test]
    fn fresh_refuses_data_that_a_node_is_using() -> Result<()> {
        let parent = tempfile::tempdir()?;
        let data_dir = data_dir(parent.path())?;
        fs::write(data_dir.path().join(METADATA), "")?;
        let lock = File::create(data_dir.path().join(LOCK))?;
        lock.lock()?;
        let refusal = data_dir.delete().map_err(|error| error.to_string());
        assert!(refusal.is_err_and(|text| text.contains("stop it first")));
        assert!(data_dir.path().join("replicas").is_dir());
        Ok(())
    }

    #[test]
    fn a_root_folder_is_never_a_data_folder() {
        let root = Path::new(std::path::MAIN_SEPARATOR_STR);
        assert!(DataDir::choose(&Workspace::locate(), Some(root)).is_err());
    }
}
