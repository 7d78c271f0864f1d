//! Who has a turn to publish, who waits for one, and who is told to come back later.
//!
//! All of them wait in the handler of their request, before their operation begins, so that who leaves is forgotten.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use spacetimedb_lib::Identity;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::control::Name;
use crate::error::ApiError;
use crate::node::Node;
use crate::turns::Turns;

/// Programs of everybody that may wait for a place, each of them held in memory.
const WAITING_MAX: usize = 32;
/// Programs of one owner that may wait or be tried out, so that nobody has the whole queue.
const OWNERS_MAX: usize = 8;
/// How long an operation on a database waits for another.
const TURN_LIMIT: Duration = Duration::from_secs(5);

/// Those of one node who publish, or wait to.
pub struct Queues {
    waiting: Arc<Semaphore>,
    owners: Turns,
    databases: Turns,
}

impl Default for Queues {
    fn default() -> Self {
        let waiting = Arc::new(Semaphore::new(WAITING_MAX));
        Self { waiting, owners: Turns::default(), databases: Turns::default() }
    }
}

impl Queues {
    /// The turn of an operation on a database. The engine has a lock for this as well and waits for it as long, but what
    /// it says then reads as if the module were at fault.
    pub(super) async fn turn(&self, database: Identity) -> Result<OwnedMutexGuard<()>, ApiError> {
        let turn = self.databases.of(database).lock_owned();
        tokio::time::timeout(TURN_LIMIT, turn).await.map_err(|_| database_in_use())
    }

    /// Puts a program among those that wait, unless too many do.
    pub(super) fn begin_to_wait(&self, owner: Identity) -> Result<Waiting, ApiError> {
        let owner = self.owners.of(owner);
        // Each of the owner's programs has one of these, this one included.
        if Arc::strong_count(&owner) > OWNERS_MAX {
            return Err(too_many());
        }
        let among_all = self.waiting.clone().try_acquire_owned().map_err(|_| too_many())?;
        Ok(Waiting { owner, _among_all: among_all })
    }
}

/// A name whose first publish is under way, so that two publishes do not both create a database.
pub(super) struct Reservation {
    node: Arc<Node>,
    name: Name,
}

impl Reservation {
    pub(super) fn take(node: &Arc<Node>, name: &Name) -> Result<Self, ApiError> {
        if node.publishing.lock().insert(name.clone()) {
            return Ok(Self { node: node.clone(), name: name.clone() });
        }
        Err(in_progress(format!("Somebody is publishing `{name}` right now; try again when that is done.")))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.node.publishing.lock().remove(&self.name);
    }
}

/// 409: something else is being done with the database.
pub(super) fn database_in_use() -> ApiError {
    let sentence = "Somebody is publishing over this database right now, or reading or changing its environment; try \
                    again when that is done.";
    in_progress(sentence)
}

/// 409: another publish comes first.
pub(super) fn in_progress(sentence: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, "publish_in_progress", sentence)
}

/// A program among those that wait for a place.
pub(super) struct Waiting {
    owner: Arc<Turn<()>>,
    _among_all: OwnedSemaphorePermit,
}

impl Waiting {
    /// Waits until the program may be tried out: no owner has two places, and the node has only so many.
    pub(super) async fn place(self, node: &Arc<Node>) -> Result<Place, ApiError> {
        let owner = self.owner.lock_owned().await;
        node.trials.acquire().await.map_err(ApiError::internal)?.forget();
        Ok(Place { node: node.clone(), _owner: owner })
    }
}

fn too_many() -> ApiError {
    let sentence = "More modules wait to be published than this node takes; try again in a minute.";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_publishes", sentence)
}

/// A place in which a program is tried out, given back when this goes.
pub(super) struct Place {
    node: Arc<Node>,
    _owner: OwnedMutexGuard<()>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.node.trials.add_permits(1);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn an_owner_waits_with_few_programs_and_makes_room_by_leaving() {
        let owner = Identity::from_byte_array([7; 32]);
        let queues = Queues::default();
        let begin = || queues.begin_to_wait(owner);
        let mut waiting: Vec<_> = (0..OWNERS_MAX).map(|_| begin().unwrap()).collect();
        assert_eq!(begin().err().unwrap().code, "too_many_publishes");
        waiting.pop();
        assert!(begin().is_ok());
    }

    #[tokio::test]
    async fn a_database_has_one_turn_at_a_time() {
        let (one, two) = (Identity::from_byte_array([8; 32]), Identity::from_byte_array([9; 32]));
        let queues = Queues::default();
        let first = queues.turn(one).await.unwrap();
        assert!(queues.turn(two).now_or_never().is_some());
        assert!(queues.turn(one).now_or_never().is_none());
        drop(first);
        assert!(queues.turn(one).now_or_never().is_some());
    }
}
