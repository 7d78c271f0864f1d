//! Half a commit that a power cut or a full disk has left at the beginning of a commit log's newest file.
//!
//! The engine drops half a commit at the end of a file, but refuses a log whose newest file has no whole one at all
//! (`resume_segment_writer` in `spacetimedb-commitlog` 2.14), as it may be left after the log has gone on to
//! a new file. Nobody was told of that commit, because an acknowledgement waits until all of it is on the disk.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;

use spacetimedb_commitlog::{StoredCommit, commit, segment};
use spacetimedb_paths::server::CommitLogDir;

/// Cuts the half commit off, if there is one, and says so. The engine removes what is left of the file, a header, and
/// goes on in a new one.
pub fn cut_off(log: &CommitLogDir) -> io::Result<bool> {
    let Some(path) = newest_segment(log)? else { return Ok(false) };
    let file = File::options().read(true).write(true).open(&path)?;
    let header_bytes = segment::Header::LEN as u64;
    if file.metadata()?.len() <= header_bytes || !begins_with_half_a_commit(&mut BufReader::new(&file))? {
        return Ok(false);
    }
    tracing::warn!(file = %path.display(), "Half a commit that nobody was told of is cut off.");
    file.set_len(header_bytes)?;
    file.sync_all()?;
    Ok(true)
}

fn newest_segment(log: &CommitLogDir) -> io::Result<Option<PathBuf>> {
    let entries = match std::fs::read_dir(&log.0) {
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
