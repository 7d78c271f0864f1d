//! Forgets what views have returned, as soon as nobody watches them any more.
//!
//! Whenever a view runs, the commit goes through all that views have read and that is not forgotten yet
//! (`ViewReadSets` of `spacetimedb-datastore` 2.14). The engine forgets ten minutes after the last watcher has gone, a
//! thousand views at once: each save and each subscription would cost the more, the more players have been there
//! lately, and the forgetting itself would stop the database for seconds. Here only those who are there count. Whoever
//! comes back has its views run anew, which takes less than going through everybody else's.
//!
//! The engine counts some as watchers who have gone ([`watchers`]).

mod watchers;

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use spacetimedb_datastore::execution_context::Workload;
use spacetimedb_engine::relational_db::RelationalDB;
use spacetimedb_lib::Identity;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};

use watchers::take_off;
pub use watchers::{Watcher, Watchers};

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
    watchers: Arc<Watchers>,
    /// The last forgetting in this database.
    forgetting: Option<JoinHandle<()>>,
}

impl UnwatchedViews {
    /// Looks after a database from now on, until it stops.
    pub fn look_after(&self, database: &Arc<RelationalDB>) {
        self.watchers(database);
    }

    /// A connection that may watch views of a database.
    pub fn watcher(&self, database: &Arc<RelationalDB>, identity: Identity) -> Watcher {
        Watcher::new(self.watchers(database), identity)
    }

    fn watchers(&self, database: &Arc<RelationalDB>) -> Arc<Watchers> {
        let mut databases = self.0.lock();
        let database = Arc::downgrade(database);
        if let Some(known) = databases.iter().find(|known| known.database.ptr_eq(&database)) {
            return known.watchers.clone();
        }
        let watchers = Arc::<Watchers>::default();
        databases.push(Running { database, watchers: watchers.clone(), forgetting: None });
        watchers
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
            let (database, watchers) = (self.database.clone(), self.watchers.clone());
            self.forgetting = Some(spawn_blocking(move || forget_unwatched(&database, &watchers)));
        }
    }
}

/// Held no longer than this takes, because a database that is held cannot be opened anew.
fn forget_unwatched(database: &Weak<RelationalDB>, watchers: &Watchers) {
    let mut is_more = true;
    while is_more && let Some(database) = database.upgrade() {
        is_more = forget_some(&database, watchers).unwrap_or_else(|cause| {
            tracing::warn!(database = %database.database_identity(), "Views cannot be forgotten yet: {cause:#}");
            false
        });
    }
}

/// Returns whether there may be more to forget.
fn forget_some(database: &RelationalDB, watchers: &Watchers) -> anyhow::Result<bool> {
    let (gone, forgotten) = database.with_auto_commit(Workload::Internal, |transaction| {
        // Whoever comes back while the transaction has the database's lock watches nothing before its end.
        let gone = watchers.gone();
        take_off(transaction, &gone)?;
        let forgotten = transaction.clear_expired_views(UNWATCHED_FOR, Duration::ZERO, VIEWS_AT_ONCE)?;
        Ok::<_, anyhow::Error>((gone, forgotten))
    })?;
    watchers.forget(&gone);
    Ok(forgotten.backlog || !gone.is_empty())
}
