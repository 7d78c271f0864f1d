//! Waiting for tasks and taking them. The module tells by subscription which tasks wait; a lease is asked for only
//! when one does, and several facades may ask for the same: one gets it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use worldloom_client::AiTaskLeaseRequest;

use super::{Workshop, task};
use crate::ai::recipes::Recipe;
use crate::node_client::{Live, WorkNews};

/// How long to wait after a call that failed.
const FAILURE_PAUSE: Duration = Duration::from_millis(500);
/// How long to wait without news. What waits for another attempt when a connection begins is no news.
const IDLE_PAUSE: Duration = Duration::from_secs(10);

/// When to ask for a task.
struct Agenda {
    due: BTreeSet<Instant>,
    asked_at: Instant,
    /// The token of a request for a lease whose answer was lost. Asked again, it has the same answer.
    token: Option<String>,
}

/// Takes tasks until `stop`.
pub async fn run(workshop: Arc<Workshop>, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(workshop.config.concurrency));
    let mut agenda = Agenda { due: BTreeSet::new(), asked_at: Instant::now(), token: None };
    while let Some(Some(live)) = stop.run_until_cancelled(workshop.node.live()).await {
        agenda.due = BTreeSet::from([Instant::now()]);
        serve(&workshop, &places, &mut agenda, &live, &stop).await;
    }
}

/// Takes tasks until the connection is lost, or until `stop`; a task that is being taken is taken to its end, since the
/// module may have given its lease.
async fn serve(
    workshop: &Arc<Workshop>,
    places: &Arc<Semaphore>,
    agenda: &mut Agenda,
    live: &Live,
    stop: &CancellationToken,
) {
    let mut news = live.work_news(kinds());
    loop {
        let next = agenda.next();
        let turn = async {
            sleep_until(next).await;
            places.clone().acquire_owned().await
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = live.lost() => return,
            Some(news) = news.recv() => match news {
                WorkNews::Waiting(wait) => agenda.ask_after(wait),
                WorkNews::LeaseOver(token) => workshop.leases.is_over(&token),
            },
            Ok(place) = turn => take_one(workshop, agenda, place).await,
        }
    }
}

fn kinds() -> Vec<String> {
    Recipe::ALL.map(|recipe| recipe.kind().to_owned()).to_vec()
}

async fn take_one(workshop: &Arc<Workshop>, agenda: &mut Agenda, place: OwnedSemaphorePermit) {
    agenda.begin();
    let lease_token = agenda.token.take().unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string());
    let lease_seconds = workshop.config.lease_s;
    let request = AiTaskLeaseRequest { kinds: kinds(), lease_token: lease_token.clone(), lease_seconds };
    match workshop.node.lease_next_task(request).await {
        Ok(Some(snapshot)) => {
            // Where one has waited there may be more.
            agenda.ask_after(Duration::ZERO);
            let lease = workshop.leases.hold(snapshot.task.task_id, lease_token);
            let work = task::work(workshop.clone(), snapshot, lease);
            workshop.tasks.spawn(async move {
                work.await;
                drop(place);
            });
        }
        Ok(None) => {}
        Err(error) => {
            tracing::warn!(%error, "No task could be taken");
            agenda.token = error.is_outcome_unknown().then_some(lease_token);
            agenda.ask_after(FAILURE_PAUSE);
        }
    }
}

impl Agenda {
    fn ask_after(&mut self, wait: Duration) {
        self.due.insert(Instant::now() + wait);
    }

    fn next(&self) -> Instant {
        let idle = self.asked_at + IDLE_PAUSE;
        self.due.first().map_or(idle, |first| idle.min(*first))
    }

    /// What was due by now is settled by one question: whoever gets a task asks again.
    fn begin(&mut self) {
        self.asked_at = Instant::now();
        self.due.retain(|due| *due > self.asked_at);
    }
}
