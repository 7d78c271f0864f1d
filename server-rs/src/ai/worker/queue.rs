//! Waiting for tasks and taking them. The module tells by subscription which tasks wait; a lease is asked for only
//! when one does, and several facades may ask for the same: one gets it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use spacetimedb_sdk::{Timestamp, Uuid};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use worldloom_client::{AiOpenTask, AiTaskLeaseRequest, AiTaskStatus};

use super::{Workshop, task};
use crate::ai::recipes::Recipe;
use crate::node_client::{Live, OpenTaskChange};

/// How long to wait when a task that should wait for a worker was not given out: another facade has it and the news
/// is on its way, or the node's clock is behind.
const DENIED_PAUSE: Duration = Duration::from_millis(500);

/// The tasks that wait, as the module has told.
struct Queue {
    waiting: HashMap<Uuid, Timestamp>,
    not_before: Instant,
    /// The token of a request for a lease whose answer was lost. Asked again, it has the same answer.
    token: Option<String>,
}

/// Takes tasks until `stop`.
pub async fn run(workshop: Arc<Workshop>, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(workshop.config.concurrency));
    let mut queue = Queue { waiting: HashMap::new(), not_before: Instant::now(), token: None };
    while let Some(Some(live)) = stop.run_until_cancelled(workshop.node.live()).await {
        queue.waiting.clear();
        let _ = stop.run_until_cancelled(serve(&workshop, &places, &mut queue, &live)).await;
    }
}

/// Takes tasks until the connection is lost.
async fn serve(workshop: &Arc<Workshop>, places: &Arc<Semaphore>, queue: &mut Queue, live: &Live) {
    let mut changes = live.open_tasks();
    loop {
        let due = queue.due();
        let turn = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
            places.clone().acquire_owned().await
        };
        tokio::select! {
            biased;
            () = live.lost() => return,
            Some(change) = changes.recv() => queue.apply(change, workshop),
            Ok(place) = turn => take_one(workshop, queue, place).await,
        }
    }
}

async fn take_one(workshop: &Arc<Workshop>, queue: &mut Queue, place: OwnedSemaphorePermit) {
    let lease_token = queue.token.take().unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string());
    let request = AiTaskLeaseRequest {
        kinds: Recipe::ALL.map(|recipe| recipe.kind().to_owned()).to_vec(),
        lease_token: lease_token.clone(),
        lease_seconds: workshop.config.lease_s,
    };
    match workshop.node.lease_next_task(request).await {
        Ok(Some(snapshot)) => {
            queue.waiting.remove(&snapshot.task.task_id);
            let lease = workshop.leases.hold(snapshot.task.task_id, lease_token);
            let work = task::work(workshop.clone(), snapshot, lease);
            workshop.tasks.spawn(async move {
                work.await;
                drop(place);
            });
        }
        Ok(None) => queue.not_before = Instant::now() + DENIED_PAUSE,
        Err(error) => {
            tracing::warn!(%error, "No task could be taken");
            queue.token = error.is_outcome_unknown().then_some(lease_token);
            queue.not_before = Instant::now() + DENIED_PAUSE;
        }
    }
}

impl Queue {
    fn apply(&mut self, change: OpenTaskChange, workshop: &Workshop) {
        match change {
            OpenTaskChange::Is(task) if task.status == AiTaskStatus::Pending => {
                if Recipe::of_kind(&task.kind).is_some() {
                    self.waiting.insert(task.task_id, task.available_at);
                    self.not_before = Instant::now();
                }
            }
            OpenTaskChange::Is(_) => {}
            OpenTaskChange::Was(AiOpenTask { status: AiTaskStatus::Pending, task_id, available_at, .. }) => {
                if self.waiting.get(&task_id) == Some(&available_at) {
                    self.waiting.remove(&task_id);
                }
            }
            OpenTaskChange::Was(task) => {
                if let Some(token) = task.lease_token {
                    workshop.leases.is_over(&token);
                }
            }
        }
    }

    /// When to ask for a lease.
    fn due(&self) -> Option<Instant> {
        if self.token.is_some() {
            return Some(self.not_before);
        }
        let first = self.waiting.values().min()?;
        let available: SystemTime = (*first).into();
        let wait = available.duration_since(SystemTime::now()).unwrap_or_default();
        Some((Instant::now() + wait).max(self.not_before))
    }
}
