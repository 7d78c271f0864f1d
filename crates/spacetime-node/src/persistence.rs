//! Databases on this machine's disk, each opened only once nothing of this process still writes to its log.
//!
//! A transaction that the disk had no room for stays in the engine's buffer, although its caller was refused. The
//! buffer is written out when the last handle of that log goes (`Drop` in `spacetimedb-commitlog` 2.14). Was the
//! database opened again by then, the old transaction would be written over acknowledged ones.
//!
//! With the engine's own `LocalPersistenceProvider` 2.14 the last handle goes when the process ends: its task that
//! compresses a log holds that log, which in turn holds what the task waits for. Here the task ends with the database.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use async_trait::async_trait;
use spacetimedb_core::db::persistence::{Database, Persistence, PersistenceProvider};
use spacetimedb_durability::local::Options;
use spacetimedb_durability::{Close, Durability, DurableOffset, PreparedTx};
use spacetimedb_engine::relational_db::{
    LocalDurability, Txdata, local_durability_with_options, open_snapshot_repo, snapshot_watching_commitlog_compressor,
};
use spacetimedb_engine::snapshot::{Compression, SnapshotWorker};
use spacetimedb_paths::server::ServerDataDir;
use spacetimedb_runtime::{AbortHandle, Handle};
use tokio::time::{Instant, sleep};

use crate::history::{History, HistoryConfig};
use crate::torn_segment;

/// How long an opening waits; below the five seconds after which the engine turns away who waits for the opening.
const WAIT_MAX: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(10);

/// The files of this process, each a link to what it has open. Linux has this folder.
const OPEN_FILES: &str = "/proc/self/fd";

/// Opens databases in a data folder.
pub struct LocalDisk {
    data_dir: Arc<ServerDataDir>,
    options: Options,
    history: HistoryConfig,
}

impl LocalDisk {
    /// Writes logs as `options` say, and keeps as much of the past as `history` says.
    pub fn new(data_dir: Arc<ServerDataDir>, options: Options, history: HistoryConfig) -> Self {
        Self { data_dir, options, history }
    }
}

#[async_trait]
impl PersistenceProvider for LocalDisk {
    async fn persistence(&self, database: &Database, replica_id: u64) -> anyhow::Result<Persistence> {
        let folder = self.data_dir.replica(replica_id);
        wait_until_released(&folder.commit_log().0, WAIT_MAX).await?;
        let runtime = Handle::tokio_current();
        let (path, identity) = (folder.snapshots(), database.database_identity);
        let snapshots = tokio::task::spawn_blocking(move || open_snapshot_repo(path, identity, replica_id)).await??;
        let history = History::new(self.history, snapshots.clone(), folder.commit_log());
        let snapshots = SnapshotWorker::new(snapshots, Compression::Enabled, runtime.clone());
        let (log, disk_size) =
            local_durability_with_options(folder, runtime.clone(), Some(&snapshots), self.options).await?;
        let forgetter = history.forget_by_and_by(snapshots.subscribe(), log.durable_tx_offset());
        let created = snapshots.subscribe();
        let compressor = snapshot_watching_commitlog_compressor(created, None, None, log.clone(), runtime.clone());
        let tasks = [runtime.spawn(forgetter).abort_handle(), runtime.spawn(compressor).abort_handle()];
        let durability = Arc::new(TendedLog { log, tasks });
        Ok(Persistence { durability, disk_size, snapshots: Some(snapshots), runtime })
    }
}

/// Puts right what a power cut or a full disk may have left of a replica's log; says whether there was anything.
///
/// Errors: something uses the log, or it cannot be read.
pub async fn mend_log(data_dir: &ServerDataDir, replica_id: u64) -> anyhow::Result<bool> {
    let log = data_dir.replica(replica_id).commit_log();
    wait_until_released(&log.0, Duration::ZERO).await?;
    Ok(tokio::task::spawn_blocking(move || torn_segment::put_aside(&log)).await??)
}

/// A database's log, and the tasks that compress what is older than its newest snapshot and remove what is too old.
struct TendedLog {
    log: LocalDurability,
    tasks: [AbortHandle; 2],
}

impl Durability for TendedLog {
    type TxData = Txdata;

    fn append_tx(&self, transaction: PreparedTx<Txdata>) {
        self.log.append_tx(transaction);
    }

    fn durable_tx_offset(&self) -> DurableOffset {
        self.log.durable_tx_offset()
    }

    fn close(&self) -> Close {
        self.log.close()
    }
}

impl Drop for TendedLog {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

async fn wait_until_released(folder: &Path, wait_max: Duration) -> anyhow::Result<()> {
    // A new database has none.
    let Ok(folder) = folder.canonicalize() else { return Ok(()) };
    let deadline = Instant::now() + wait_max;
    while is_open(&folder)? {
        if Instant::now() >= deadline {
            bail!("what still writes to its log from before has not ended yet");
        }
        sleep(PAUSE).await;
    }
    Ok(())
}

/// Whether this process has a file of `folder` open. Where a system does not tell, none is.
fn is_open(folder: &Path) -> anyhow::Result<bool> {
    let Ok(files) = fs::read_dir(OPEN_FILES) else { return Ok(false) };
    for file in files {
        let file = file.with_context(|| format!("{OPEN_FILES} cannot be listed"))?;
        // One that cannot be read has been closed meanwhile.
        if fs::read_link(file.path()).is_ok_and(|opened| opened.starts_with(folder)) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::File;
    use std::time::Duration;

    use super::wait_until_released;

    #[tokio::test]
    async fn a_log_is_released_once_its_last_file_is_closed() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("clog");
        wait_until_released(&log, Duration::ZERO).await?;
        std::fs::create_dir(&log)?;
        wait_until_released(&log, Duration::ZERO).await?;
        let files = [File::create(log.join("0"))?, File::create(log.join("1"))?];
        for file in files {
            assert!(wait_until_released(&log, Duration::ZERO).await.is_err());
            drop(file);
        }
        wait_until_released(&log, Duration::ZERO).await
    }

    #[tokio::test]
    async fn an_opening_waits_for_the_files_of_before() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let file = File::create(folder.path().join("0"))?;
        let minute = Duration::from_secs(60);
        let (released, ()) = tokio::join!(wait_until_released(folder.path(), minute), async { drop(file) });
        released
    }
}
