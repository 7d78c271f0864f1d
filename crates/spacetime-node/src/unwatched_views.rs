//! Forgets what views have returned, as soon as nobody watches them any more.
//!
//! Whenever a view runs, the commit goes through all that views have read and that is not forgotten yet
//! (`ViewReadSets` of `spacetimedb-datastore` 2.14). The engine forgets ten minutes after the last watcher has gone, a
//! thousand views at once: each save and each subscription would cost the more, the more players have been there
//! lately, and the forgetting itself would stop the database for seconds. Here only those who are there count. Whoever
//! comes back has its views run anew, which takes less than going through everybody else's.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use spacetimedb_datastore::execution_context::Workload;
use spacetimedb_engine::relational_db::RelationalDB;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};

/// How long nobody has watched a view before it is forgotten: long enough for a subscription to replace another.
const UNWATCHED_FOR: Duration = Duration::from_secs(1);
/// Time from one look at all databases to the next.
const PAUSE: Duration = Duration::from_millis(500);
/// Views that are forgotten in one transaction. Others get their turn in between.
const VIEWS_AT_ONCE: usize = 8;

/// The databases that run.
#[derive(Clone, Default)]
pub struct UnwatchedViews(Arc<Mutex<Vec<Running>>>);

struct Running {
    database: Weak<RelationalDB>,
    /// The last forgetting in this database.
    forgetting: Option<JoinHandle<()>>,
}

impl UnwatchedViews {
    /// Looks after a database from now on, until it stops.
    pub fn look_after(&self, database: &Arc<RelationalDB>) {
        let mut databases = self.0.lock();
        let database = Arc::downgrade(database);
        if !databases.iter().any(|known| known.database.ptr_eq(&database)) {
            databases.push(Running { database, forgetting: None });
        }
    }

    /// Forgets for as long as it is polled.
    pub async fn forget_regularly(self) {
        let mut ticks = interval(PAUSE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.begin_to_forget();
        }
    }

    fn begin_to_forget(&self) {
        let mut databases = self.0.lock();
        databases.retain(|known| known.database.strong_count() > 0);
        databases.iter_mut().for_each(Running::begin_to_forget);
    }
}

impl Running {
    /// In a task of its own, which waits for the database's lock, so that no database waits for another's. Where that
    /// is still under way, a second one would only wait with it.
    fn begin_to_forget(&mut self) {
        if self.forgetting.as_ref().is_none_or(JoinHandle::is_finished) {
            let database = self.database.clone();
            self.forgetting = Some(spawn_blocking(move || forget_unwatched(&database)));
        }
    }
}

/// Held no longer than this takes, because a database that is held cannot be opened anew.
fn forget_unwatched(database: &Weak<RelationalDB>) {
    let mut is_more = true;
    while is_more && let Some(database) = database.upgrade() {
        let forgotten = database.with_auto_commit(Workload::Internal, |transaction| {
            Ok::<_, anyhow::Error>(transaction.clear_expired_views(UNWATCHED_FOR, Duration::ZERO, VIEWS_AT_ONCE)?)
        });
        is_more = match forgotten {
            Ok(forgotten) => forgotten.backlog,
            Err(cause) => {
                tracing::warn!(database = %database.database_identity(), "Views cannot be forgotten yet: {cause:#}");
                false
            }
        };
    }
}
