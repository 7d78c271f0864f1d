//! What the module says by itself, by subscription. A subscription lives as long as its connection; whoever holds
//! one takes the next connection after a loss and subscribes again.

use std::sync::Arc;
use std::time::Duration;

use spacetimedb_sdk::{DbContext, Table, Uuid};
use tokio::sync::mpsc;
use worldloom_client::{
    AiHeldLease, AiQueueNews, AiQueueNewsTableAccess, AiTaskFeedTableAccess, AiTaskNews, ErrorContext,
    HeldAiLeasesTableAccess, SubscriptionHandle, ai_queue_newsQueryTableAccess, ai_task_feedQueryTableAccess,
    held_ai_leasesQueryTableAccess,
};

use super::connection::Connection;
use super::{NodeClient, stands};

/// One connection to the module, for as long as it stands.
#[derive(Clone)]
pub struct Live(Arc<Connection>);

/// What a worker is told.
#[derive(Debug, Clone)]
pub enum WorkNews {
    /// Another task waits, or one waited already when the subscription began; it may be taken after so long.
    Waiting(Duration),
    /// The lease with this token is over.
    LeaseOver(String),
}

impl NodeClient {
    /// The connection that has the subscriptions, as it stands now or next.
    pub async fn live(&self) -> Option<Live> {
        stands(self.connections[0].clone()).await.map(Live)
    }
}

impl Live {
    /// Waits until the connection is no more.
    pub async fn lost(&self) {
        self.0.lost.cancelled().await;
    }

    /// Follows the queues of these kinds, and the leases of this facade's account. To be called once for a connection.
    pub fn work_news(&self, kinds: impl IntoIterator<Item = String>) -> mpsc::UnboundedReceiver<WorkNews> {
        let (arrivals, news) = mpsc::unbounded_channel();
        let ends = arrivals.clone();
        // Nobody receives any more when the worker has gone on to another connection.
        let rows = &self.0.db.db;
        rows.ai_queue_news().on_insert(move |_, queue| drop(arrivals.send(WorkNews::Waiting(wait_of(queue)))));
        let tell_end = move |lease: &AiHeldLease| drop(ends.send(WorkNews::LeaseOver(lease.lease_token.clone())));
        rows.held_ai_leases().on_delete(move |_, lease| tell_end(lease));
        let failed = |_: &ErrorContext, error| tracing::error!(%error, "The queues cannot be followed");
        let mut queries =
            self.0.db.subscription_builder().on_error(failed).add_query(|query| query.from.held_ai_leases());
        for kind in kinds {
            queries = queries.add_query(|query| query.from.ai_queue_news(kind.clone()));
        }
        queries.subscribe();
        news
    }

    /// Hands on all news of the tasks that are followed. To be called once for a connection.
    pub fn on_task_news(&self, hear: impl Fn(&AiTaskNews) + Send + 'static) {
        self.0.db.db.ai_task_feed().on_insert(move |_, news| hear(news));
    }

    /// Follows one task until the handle's `unsubscribe`. `applied` is called once when its news begin.
    pub fn follow_task(&self, task_id: Uuid) -> SubscriptionHandle {
        self.0
            .db
            .subscription_builder()
            .on_error(|_, error| tracing::error!(%error, "A task cannot be followed"))
            .add_query(|query| query.from.ai_task_feed(task_id))
            .subscribe()
    }
}

/// By the module's clock alone, which may differ from this machine's.
fn wait_of(queue: &AiQueueNews) -> Duration {
    queue.available_at.duration_since(queue.arrived_at).unwrap_or_default()
}
