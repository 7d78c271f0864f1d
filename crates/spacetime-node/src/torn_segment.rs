//! Half a commit that a power cut or a full disk has left at the beginning of a commit log's newest file.
//!
//! The engine drops half a commit at the end of a file, but refuses a log whose newest file has no whole one at all
//! (`resume_segment_writer` in `spacetimedb-commitlog` 2.14), as it may be left after the log has gone on to
//! a new file. Nobody was told of that commit, because an acknowledgement waits until all of it is on the disk.
//!
//! Where the length of a commit has been altered on the disk, sound ones look the same, as they seem to be the rest of
//! it. So the file is not cut but moved aside, under a name that the engine does not read.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use spacetimedb_commitlog::{StoredCommit, commit, segment};
use spacetimedb_paths::server::CommitLogDir;

/// Moves the half commit aside, if there is one, with the file that holds nothing else, and says so. The engine goes on
/// in the file before it, or in a new one.
pub fn put_aside(log: &CommitLogDir) -> io::Result<bool> {
    let Some(path) = newest_segment(log)? else { return Ok(false) };
    let file = File::open(&path)?;
    let header_bytes = segment::Header::LEN as u64;
    if file.metadata()?.len() <= header_bytes || !begins_with_half_a_commit(&mut BufReader::new(file))? {
        return Ok(false);
    }
    let aside = free_name_beside(&path);
    tracing::warn!(
        file = %path.display(),
        aside = %aside.display(),
        "The newest file of a log begins with half a commit and is moved aside. A power cut or a full disk leaves \
         such a file, and nobody was told of the commit; keep it if there was neither."
    );
    remove_index(&path)?;
    fs::rename(&path, &aside)?;
    File::open(&log.0)?.sync_all()?;
    Ok(true)
}

/// A name that the engine does not read, since it ends in another way than those of segments.
fn free_name_beside(segment: &Path) -> PathBuf {
    let mut number = 1;
    loop {
        let name = segment.with_extension(format!("torn-{number}"));
        if !name.exists() {
            return name;
        }
        number += 1;
    }
}

/// Removes the segment's index, which the engine would go on with in another segment of that name.
fn remove_index(segment: &Path) -> io::Result<()> {
    match fs::remove_file(segment.with_extension("ofs")) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

fn newest_segment(log: &CommitLogDir) -> io::Result<Option<PathBuf>> {
    let entries = match fs::read_dir(&log.0) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    let mut newest = None;
    for entry in entries {
        let path = entry?.path();
        // The names are offsets of one length, so that they sort as the offsets do.
        if path.extension().is_some_and(|extension| extension == "log") {
            newest = newest.max(Some(path));
        }
    }
    Ok(newest)
}

/// Whether a segment ends before its first commit does. Any other damage is for the engine to judge.
fn begins_with_half_a_commit(segment: &mut (impl Read + Seek)) -> io::Result<bool> {
    if segment::Header::decode(&mut *segment).is_err() {
        return Ok(false);
    }
    match StoredCommit::decode(segment) {
        Ok(Some(_)) => Ok(false),
        Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => Ok(true),
        Ok(None) | Err(_) => is_no_commit_header(segment),
    }
}

/// Whether what follows the segment's header is too short for that of a commit, or room that was never written to.
fn is_no_commit_header(segment: &mut (impl Read + Seek)) -> io::Result<bool> {
    segment.seek(SeekFrom::Start(segment::Header::LEN as u64))?;
    let mut rest = Vec::new();
    segment.read_to_end(&mut rest)?;
    Ok(rest.len() < commit::Header::LEN || rest.iter().all(|byte| *byte == 0))
}

#[cfg(test)]
mod tests {
    use spacetimedb_commitlog::Commit;
    use spacetimedb_paths::FromPathUnchecked;

    use super::*;

    /// A log with one segment that holds these bytes after its header, and an index.
    fn log_with(content: &[u8]) -> anyhow::Result<(tempfile::TempDir, CommitLogDir, PathBuf)> {
        let folder = tempfile::tempdir()?;
        let log = CommitLogDir::from_path_unchecked(folder.path());
        let segment = log.segment(0).0;
        fs::write(segment.with_extension("ofs"), [0_u8; 16])?;
        let mut bytes = Vec::new();
        segment::Header::default().write(&mut bytes)?;
        bytes.extend(content);
        fs::write(&segment, bytes)?;
        Ok((folder, log, segment))
    }

    /// A whole commit as it is stored.
    fn whole_commit() -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        Commit { min_tx_offset: 0, epoch: 0, n: 1, records: vec![7; 40] }.write(&mut bytes)?;
        Ok(bytes)
    }

    fn names(folder: &Path) -> anyhow::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    #[test]
    fn half_a_commit_is_moved_aside_as_it_is() -> anyhow::Result<()> {
        let whole = whole_commit()?;
        // An altered length, so that the next commits seem to be the rest of the first.
        let mut altered = whole.repeat(3);
        altered[commit::Header::LEN - 2] = 1;
        for content in [&whole[..5], &whole[..30], &whole[..whole.len() - 1], &[0_u8; 200], &altered] {
            let (folder, log, segment) = log_with(content)?;
            let before = fs::read(&segment)?;
            assert!(put_aside(&log)?);
            assert_eq!(names(folder.path())?, ["00000000000000000000.stdb.torn-1"]);
            assert_eq!(fs::read(segment.with_extension("torn-1"))?, before);
            assert!(!put_aside(&log)?);
        }
        Ok(())
    }

    #[test]
    fn what_was_moved_aside_before_stays() -> anyhow::Result<()> {
        let (folder, log, segment) = log_with(&whole_commit()?[..30])?;
        fs::write(segment.with_extension("torn-1"), "from before")?;
        assert!(put_aside(&log)?);
        assert_eq!(names(folder.path())?, ["00000000000000000000.stdb.torn-1", "00000000000000000000.stdb.torn-2"]);
        assert_eq!(fs::read(segment.with_extension("torn-1"))?, b"from before");
        Ok(())
    }

    #[test]
    fn a_log_of_whole_commits_or_none_is_left_alone() -> anyhow::Result<()> {
        let whole = whole_commit()?;
        let whole_and_half = [&whole[..], &whole[..20]].concat();
        for content in [&[0_u8; 0][..], &whole, &whole_and_half] {
            let (folder, log, segment) = log_with(content)?;
            let before = fs::read(&segment)?;
            assert!(!put_aside(&log)?);
            assert_eq!(fs::read(&segment)?, before);
            assert_eq!(names(folder.path())?.len(), 2);
        }
        let nowhere = CommitLogDir::from_path_unchecked("/nowhere");
        assert!(!put_aside(&nowhere)?);
        Ok(())
    }
}
