//! Programs on their way into a database.
//!
//! The engine takes the program of an empty database out of a folder; from then on the database holds it. The file has
//! to stay until that is on disk, because after a crash the database may be empty again. Then it goes, unless another
//! database waits for the same program.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use parking_lot::Mutex;
use spacetimedb_core::host::DiskStorage;
use spacetimedb_lib::Hash;

use crate::control::{Control, ControlError};
use crate::error::ApiError;

/// The folder of programs, and who waits for them.
pub struct Programs {
    storage: DiskStorage,
    control: Arc<Control>,
    /// Replicas that are known to hold their program on disk.
    supplied: Mutex<HashSet<u64>>,
    /// Locked while a program is stored and its database noted down, and while programs are removed.
    folder: Arc<tokio::sync::Mutex<PathBuf>>,
}

impl Programs {
    /// Opens the folder, or makes it; `control` knows the databases.
    pub async fn open(folder: PathBuf, control: Arc<Control>) -> io::Result<Self> {
        let storage = DiskStorage::new(folder.clone()).await?;
        Ok(Self { storage, control, supplied: Mutex::default(), folder: Arc::new(tokio::sync::Mutex::new(folder)) })
    }

    /// What the engine takes programs from.
    pub fn storage(&self) -> DiskStorage {
        self.storage.clone()
    }

    /// Stores a program, and has `note` write down which database waits for it, by its hash.
    pub async fn store<T>(
        &self,
        program: &[u8],
        note: impl FnOnce(Hash) -> Result<T, ControlError>,
    ) -> Result<T, ApiError> {
        let noted = {
            let _folder = self.folder.lock().await;
            let hash = self.storage.put(program).await.map_err(ApiError::internal)?;
            note(hash)
        };
        if noted.is_err() {
            self.remove_unneeded().await;
        }
        Ok(noted?)
    }

    /// A replica holds its program on disk from now on.
    pub async fn supplied(&self, replica_id: u64) {
        self.supplied.lock().insert(replica_id);
        self.remove_unneeded().await;
    }

    /// A replica is gone, and waits for nothing any more.
    pub async fn retired(&self, replica_id: u64) {
        self.supplied.lock().remove(&replica_id);
        self.remove_unneeded().await;
    }

    /// Removes the programs that no database waits for, and the halves of programs that a crash has left.
    pub async fn remove_unneeded(&self) {
        let folder = self.folder.clone().lock_owned().await;
        let needed = self.needed();
        // The lock goes along: the removal runs to its end even when nobody waits for it any more.
        let removal = tokio::task::spawn_blocking(move || remove_all_but(&needed, &folder));
        let removed = removal.await.unwrap_or_else(|failed| Err(failed.into()));
        if let Err(cause) = removed {
            tracing::warn!("Programs that no database waits for stay for now: {cause}");
        }
    }

    /// The first programs of all databases but those that hold theirs. Most of these have no file any more.
    fn needed(&self) -> HashSet<Hash> {
        let supplied = self.supplied.lock();
        let waiting = self.control.databases().into_iter().filter(|record| !supplied.contains(&record.replica_id));
        waiting.map(|record| record.database.initial_program).collect()
    }
}

/// Leaves the files of these programs, and no empty folder.
fn remove_all_but(needed: &HashSet<Hash>, folder: &Path) -> io::Result<()> {
    for group in fs::read_dir(folder)? {
        let group = group?.path();
        // What is no folder has not been put there by the engine.
        let Ok(files) = fs::read_dir(&group) else { continue };
        for file in files {
            let file = file?.path();
            if program_in(&file).is_none_or(|program| !needed.contains(&program)) {
                fs::remove_file(file)?;
            }
        }
        // Refused as long as something is in it, which is meant to be.
        let _ = fs::remove_dir(group);
    }
    Ok(())
}

/// The program that a file holds: the names of its folder and of the file are the hash. Halves of programs have others.
fn program_in(file: &Path) -> Option<Hash> {
    let (group, rest) = (file.parent()?.file_name()?.to_str()?, file.file_name()?.to_str()?);
    Hash::from_hex(format!("{group}{rest}")).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use spacetimedb_lib::{Identity, hash_bytes};

    use super::*;
    use crate::control::NewDatabase;

    async fn open(folder: &tempfile::TempDir) -> Programs {
        let control = Arc::new(Control::open(None).unwrap());
        Programs::open(folder.path().to_owned(), control).await.unwrap()
    }

    /// Stores the program of a new database; returns its replica.
    async fn create(programs: &Programs, n: u8, program: &[u8]) -> u64 {
        let (identity, environment) = (Identity::from_byte_array([n; 32]), BTreeMap::new());
        let note = |program| {
            let new = NewDatabase { identity, owner: identity, program, name: None, environment };
            programs.control.create(new)
        };
        programs.store(program, note).await.unwrap().replica_id
    }

    async fn is_there(programs: &Programs, program: &[u8]) -> bool {
        programs.storage().get(&hash_bytes(program)).await.unwrap().is_some()
    }

    fn is_empty(folder: &tempfile::TempDir) -> bool {
        fs::read_dir(folder.path()).unwrap().next().is_none()
    }

    #[tokio::test]
    async fn a_program_stays_until_the_last_database_that_waits_for_it_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let programs = open(&folder).await;
        let (one, two) = (create(&programs, 1, b"same").await, create(&programs, 2, b"same").await);
        programs.supplied(one).await;
        assert!(is_there(&programs, b"same").await);
        programs.supplied(two).await;
        assert!(is_empty(&folder));
    }

    #[tokio::test]
    async fn a_program_goes_with_a_database_that_never_held_it() {
        let folder = tempfile::tempdir().unwrap();
        let programs = open(&folder).await;
        let (one, _) = (create(&programs, 1, b"one").await, create(&programs, 2, b"two").await);
        programs.control.delete(Identity::from_byte_array([1; 32])).unwrap();
        programs.retired(one).await;
        assert!(!is_there(&programs, b"one").await && is_there(&programs, b"two").await);
    }

    #[tokio::test]
    async fn a_reset_waits_for_its_program_anew() {
        let folder = tempfile::tempdir().unwrap();
        let programs = open(&folder).await;
        let old = create(&programs, 1, b"old").await;
        programs.supplied(old).await;
        let reset = |program| programs.control.reset(Identity::from_byte_array([1; 32]), program, BTreeMap::new());
        let fresh = programs.store(b"new", reset).await.unwrap().record.replica_id;
        programs.retired(old).await;
        assert!(is_there(&programs, b"new").await);
        programs.supplied(fresh).await;
        assert!(is_empty(&folder));
    }

    #[tokio::test]
    async fn what_a_crash_or_a_refusal_leaves_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let programs = open(&folder).await;
        create(&programs, 1, b"needed").await;
        programs.storage().put(b"of nobody").await.unwrap();
        fs::create_dir_all(folder.path().join("ab")).unwrap();
        fs::write(folder.path().join("ab/cd.tmp1"), "half a program").unwrap();
        programs.remove_unneeded().await;
        assert!(is_there(&programs, b"needed").await && !is_there(&programs, b"of nobody").await);
        assert!(!folder.path().join("ab").exists());

        let refused = programs.store(b"refused", |_| Err::<(), _>(ControlError::NoSuchDatabase)).await;
        assert!(refused.is_err() && !is_there(&programs, b"refused").await);
    }
}
