//! What the module says by itself, by subscription. A subscription lives as long as its connection; whoever holds
//! one takes the next connection after a loss and subscribes again.

use std::sync::Arc;

use spacetimedb_sdk::{DbContext, Table, Uuid};
use tokio::sync::mpsc;
use worldloom_client::{
    AiOpenTask, AiTaskFeedTableAccess, AiTaskNews, OpenAiTasksTableAccess, SubscriptionHandle,
    ai_task_feedQueryTableAccess, open_ai_tasksQueryTableAccess,
};

use super::NodeClient;
use super::connection::Connection;

/// One connection to the module, for as long as it stands.
#[derive(Clone)]
pub struct Live(Arc<Connection>);

/// A change of the open tasks.
#[derive(Debug, Clone)]
pub enum OpenTaskChange {
    /// A task is open, or has changed while it is.
    Is(AiOpenTask),
    /// This state of a task is past.
    Was(AiOpenTask),
}

impl NodeClient {
    /// The present connection, or the next one.
    pub async fn live(&self) -> Option<Live> {
        let mut connection = self.connection.clone();
        let standing =
            connection.wait_for(|now| now.as_ref().is_some_and(|now| !now.lost.is_cancelled())).await.ok()?;
        standing.clone().map(Live)
    }
}

impl Live {
    /// Waits until the connection is no more.
    pub async fn lost(&self) {
        self.0.lost.cancelled().await;
    }

    /// Follows the open tasks. To be called once for a connection.
    pub fn open_tasks(&self) -> mpsc::UnboundedReceiver<OpenTaskChange> {
        let (sender, changes) = mpsc::unbounded_channel();
        let removals = sender.clone();
        // Nobody receives any more when the worker has gone on to another connection.
        let table = self.0.db.db.open_ai_tasks();
        table.on_insert(move |_, task| drop(sender.send(OpenTaskChange::Is(task.clone()))));
        table.on_delete(move |_, task| drop(removals.send(OpenTaskChange::Was(task.clone()))));
        let failed = |what: &'static str| move |error: String| tracing::error!(error, what, "A subscription failed");
        let on_error = failed("open_ai_tasks");
        self.0
            .db
            .subscription_builder()
            .on_error(move |_, error| on_error(error.to_string()))
            .add_query(|query| query.from.open_ai_tasks())
            .subscribe();
        changes
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
