//! How much of its past a database keeps on disk: its newest snapshots, and its log, whole or since the oldest of them.
//!
//! The engine 2.14 keeps all of both. A start needs a sound snapshot and the log since it was taken
//! (`restore_from_snapshot_or_bootstrap` in `spacetimedb-engine`). Snapshots share the files of pages that did not
//! change between them, so one damaged file may spoil all of them: then only the whole log brings the rows back. That
//! is why the log stays unless the configuration says otherwise.

use std::sync::Arc;

use serde::Deserialize;
use spacetimedb_commitlog::repo::{Fs, Repo};
use spacetimedb_durability::DurableOffset;
use spacetimedb_paths::server::CommitLogDir;
use spacetimedb_runtime::sync::watch;
use spacetimedb_snapshot::SnapshotRepository;

/// How much stays.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct HistoryConfig {
    /// Newest snapshots that stay; zero keeps all.
    pub snapshots: usize,
    /// Whether the whole log stays, or what came since the oldest of these snapshots.
    pub whole_log: bool,
}

/// Should the newest be damaged, a start takes the one before it and the log since then.
const SNAPSHOTS: usize = 4;

impl Default for HistoryConfig {
    fn default() -> Self {
        Self { snapshots: SNAPSHOTS, whole_log: true }
    }
}

/// One database's past.
pub struct History {
    config: HistoryConfig,
    snapshots: Arc<SnapshotRepository>,
    log: CommitLogDir,
}

impl History {
    /// The past of the database with these snapshots and this log.
    pub fn new(config: HistoryConfig, snapshots: Arc<SnapshotRepository>, log: CommitLogDir) -> Self {
        Self { config, snapshots, log }
    }

    /// Forgets what need not be kept after each new snapshot, until the database has closed.
    pub async fn forget_by_and_by(self, mut created: watch::Receiver<Option<u64>>, durable: DurableOffset) {
        let this = Arc::new(self);
        while created.changed().await.is_ok() {
            let Some(durable) = durable.last_seen() else { continue };
            if let Err(cause) = this.clone().forget(durable).await {
                tracing::warn!("Old snapshots or parts of the log {} stay for now: {cause:#}", this.log.display());
            }
        }
    }

    /// Forgets what need not be kept. Snapshots of what is not `durable` do not count, because they may be of
    /// transactions that a crash undoes.
    async fn forget(self: Arc<Self>, durable: u64) -> anyhow::Result<()> {
        let Some(oldest_kept) = self.oldest_kept(durable)? else { return Ok(()) };
        if !self.config.whole_log || !self.has_whole_log()? {
            // What came before a snapshot is in that snapshot only, once its log is gone.
            self.snapshots.verify_snapshot(oldest_kept).await?;
        }
        tokio::task::spawn_blocking(move || {
            self.remove_snapshots_before(oldest_kept)?;
            if self.config.whole_log { Ok(()) } else { self.remove_log_before(oldest_kept) }
        })
        .await?
    }

    /// The oldest snapshot that stays; none if there are not more than may stay.
    fn oldest_kept(&self, durable: u64) -> anyhow::Result<Option<u64>> {
        let mut offsets: Vec<u64> = self.snapshots.all_snapshots()?.filter(|offset| *offset <= durable).collect();
        offsets.sort_unstable_by(|one, other| other.cmp(one));
        Ok(self.config.snapshots.checked_sub(1).and_then(|last| offsets.get(last).copied()))
    }

    /// Whether nothing of the log was removed, by an earlier configuration maybe.
    fn has_whole_log(&self) -> anyhow::Result<bool> {
        Ok(Fs::new(self.log.clone(), None)?.existing_offsets()?.first() == Some(&0))
    }

    /// A snapshot gets another name before its files go, so that no start takes half of one.
    fn remove_snapshots_before(&self, oldest_kept: u64) -> anyhow::Result<()> {
        for offset in self.snapshots.all_snapshots()?.filter(|offset| *offset < oldest_kept) {
            self.snapshots.snapshot_dir_path(offset).rename_as_archived()?;
        }
        for snapshot in self.snapshots.all_archived_snapshots()? {
            SnapshotRepository::remove_archived_snapshot(&snapshot)?;
        }
        Ok(())
    }

    /// The segment that the snapshot was taken in has what came after it, and stays.
    fn remove_log_before(&self, snapshot: u64) -> anyhow::Result<()> {
        let log = Fs::new(self.log.clone(), None)?;
        let segments = log.existing_offsets()?;
        let needed_from = segments.partition_point(|first| *first <= snapshot).saturating_sub(1);
        for segment in &segments[..needed_from] {
            log.remove_segment(*segment)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use spacetimedb_lib::Identity;
    use spacetimedb_paths::FromPathUnchecked;
    use spacetimedb_paths::server::SnapshotsPath;
    use spacetimedb_table::blob_store::HashMapBlobStore;

    use super::*;

    const SNAPSHOTS: [u64; 4] = [5, 15, 25, 35];
    const SEGMENTS: [u64; 5] = [0, 10, 20, 30, 40];

    /// A database with empty snapshots and empty segments.
    fn history(config: HistoryConfig) -> anyhow::Result<(tempfile::TempDir, Arc<History>)> {
        let folder = tempfile::tempdir()?;
        let path = SnapshotsPath::from_path_unchecked(folder.path().join("snapshots"));
        path.create()?;
        let snapshots = Arc::new(SnapshotRepository::open(path, Identity::ZERO, 1)?);
        for offset in SNAPSHOTS {
            snapshots.create_snapshot(&mut std::iter::empty(), &HashMapBlobStore::default(), offset)?.sync_all()?;
        }
        let log = CommitLogDir::from_path_unchecked(folder.path().join("clog"));
        log.create()?;
        for offset in SEGMENTS {
            std::fs::write(log.segment(offset), [])?;
        }
        Ok((folder, Arc::new(History::new(config, snapshots, log))))
    }

    fn kept(history: &History) -> anyhow::Result<(Vec<u64>, Vec<u64>)> {
        let mut snapshots: Vec<u64> = history.snapshots.all_snapshots()?.collect();
        snapshots.sort_unstable();
        Ok((snapshots, Fs::new(history.log.clone(), None)?.existing_offsets()?))
    }

    #[tokio::test]
    async fn the_newest_snapshots_stay_and_the_whole_log() -> anyhow::Result<()> {
        let (_folder, history) = history(HistoryConfig { snapshots: 3, whole_log: true })?;
        history.clone().forget(40).await?;
        assert_eq!(kept(&history)?, (vec![15, 25, 35], SEGMENTS.to_vec()));
        Ok(())
    }

    #[tokio::test]
    async fn the_log_stays_since_the_oldest_snapshot_if_asked_for() -> anyhow::Result<()> {
        let (_folder, history) = history(HistoryConfig { snapshots: 2, whole_log: false })?;
        history.clone().forget(40).await?;
        assert_eq!(kept(&history)?, (vec![25, 35], vec![20, 30, 40]));
        Ok(())
    }

    #[tokio::test]
    async fn all_stays_until_there_are_more_snapshots_than_may_stay() -> anyhow::Result<()> {
        for snapshots in [0, 5] {
            let (_folder, history) = history(HistoryConfig { snapshots, whole_log: false })?;
            history.clone().forget(40).await?;
            assert_eq!(kept(&history)?, (SNAPSHOTS.to_vec(), SEGMENTS.to_vec()), "{snapshots}");
        }
        Ok(())
    }

    #[tokio::test]
    async fn snapshots_of_what_a_crash_may_undo_do_not_count() -> anyhow::Result<()> {
        let (_folder, history) = history(HistoryConfig { snapshots: 2, whole_log: false })?;
        history.clone().forget(34).await?;
        assert_eq!(kept(&history)?, (vec![15, 25, 35], vec![10, 20, 30, 40]));
        Ok(())
    }

    fn damage(history: &History, snapshot: u64) -> anyhow::Result<()> {
        let file = history.snapshots.snapshot_dir_path(snapshot).snapshot_file(snapshot);
        let mut bytes = std::fs::read(&file)?;
        *bytes.last_mut().unwrap() ^= 1;
        Ok(std::fs::write(&file, bytes)?)
    }

    #[tokio::test]
    async fn no_log_goes_before_a_damaged_snapshot() -> anyhow::Result<()> {
        let (_folder, history) = history(HistoryConfig { snapshots: 2, whole_log: false })?;
        damage(&history, 25)?;
        assert!(history.clone().forget(40).await.is_err());
        assert_eq!(kept(&history)?, (SNAPSHOTS.to_vec(), SEGMENTS.to_vec()));
        Ok(())
    }

    #[tokio::test]
    async fn snapshots_before_a_damaged_one_go_only_if_the_log_is_whole() -> anyhow::Result<()> {
        let (_folder, history) = history(HistoryConfig { snapshots: 2, whole_log: true })?;
        damage(&history, 25)?;
        Fs::new(history.log.clone(), None)?.remove_segment(0)?;
        assert!(history.clone().forget(40).await.is_err());
        assert_eq!(kept(&history)?.0, SNAPSHOTS);
        std::fs::write(history.log.segment(0), [])?;
        history.clone().forget(40).await?;
        assert_eq!(kept(&history)?, (vec![25, 35], SEGMENTS.to_vec()));
        Ok(())
    }
}
