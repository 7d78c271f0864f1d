//! What a power cut takes: all that was written and not made durable.
//!
//! While the power may be cut, the preloaded disk writes down what each change of a file destroys
//! (`tests/chaos/faulty_disk.c`). Once the program is dead, every change that no `fsync` of its file has followed is
//! taken back, the last one first. A real cut may leave any part of that; here it leaves nothing, which is the worst.

use std::collections::HashMap;
use std::fmt::{self, Display};
use std::fs::{self, OpenOptions};
use std::ops::AddAssign;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Bytes of a journal's entry before what the change destroys: five numbers.
const HEAD_BYTES: usize = 5 * 8;
/// The offset in the entry of a file that was made durable.
const DURABLE: u64 = u64::MAX;

/// Device and number of a file, whatever its name is by now.
type FileId = (u64, u64);

/// A change of a file.
struct Change {
    length_before: u64,
    offset: u64,
    /// What was there, as far as there was anything.
    before: Vec<u8>,
}

/// What a cut has taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Writes, and changes of a file's length.
    pub changes: usize,
    /// The files in which they were.
    pub files: usize,
}

impl AddAssign for Lost {
    fn add_assign(&mut self, other: Self) {
        self.changes += other.changes;
        self.files += other.files;
    }
}

impl Display for Lost {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(text, "{} writes to {} files", self.changes, self.files)
    }
}

/// Takes back what was not made durable below `folder`, and empties the journal. Whoever wrote it must be dead.
pub fn lose_unsynced(journal: &Path, folder: &Path) -> anyhow::Result<Lost> {
    let unsynced = unsynced_changes(&fs::read(journal)?);
    let mut files = HashMap::new();
    find_files(folder, &mut files)?;
    let mut lost = Lost::default();
    for (file, changes) in unsynced {
        // One that has been removed since is gone anyway.
        if let Some(path) = files.get(&file) {
            take_back(path, &changes)?;
            lost += Lost { changes: changes.len(), files: 1 };
        }
    }
    fs::write(journal, "")?;
    Ok(lost)
}

/// By file, the changes since it was last made durable, in the order of time.
fn unsynced_changes(mut journal: &[u8]) -> HashMap<FileId, Vec<Change>> {
    let mut unsynced: HashMap<FileId, Vec<Change>> = HashMap::new();
    while let Some((head, rest)) = journal.split_first_chunk::<HEAD_BYTES>() {
        let number = |index: usize| head[index * 8..][..8].try_into().map_or(0, u64::from_ne_bytes);
        let (file, length_before, offset) = ((number(0), number(1)), number(2), number(3));
        let length = usize::try_from(number(4)).unwrap_or(usize::MAX);
        // An entry that was cut off by the kill is of a change that was never made.
        let Some((before, rest)) = rest.split_at_checked(length) else { break };
        if offset == DURABLE {
            unsynced.remove(&file);
        } else {
            let change = Change { length_before, offset, before: before.to_vec() };
            unsynced.entry(file).or_default().push(change);
        }
        journal = rest;
    }
    unsynced
}

/// Every file below a folder, but for what links lead to.
fn find_files(folder: &Path, found: &mut HashMap<FileId, PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let metadata = path.symlink_metadata()?;
        if metadata.is_dir() {
            find_files(&path, found)?;
        } else if metadata.is_file() {
            found.insert((metadata.dev(), metadata.ino()), path);
        }
    }
    Ok(())
}

fn take_back(path: &Path, changes: &[Change]) -> anyhow::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    for Change { length_before, offset, before } in changes.iter().rev() {
        file.write_all_at(before, *offset)?;
        if file.metadata()?.len() > *length_before {
            file.set_len(*length_before)?;
        }
    }
    Ok(())
}
