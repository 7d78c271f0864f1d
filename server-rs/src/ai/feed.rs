//! News of tasks for readers: one subscription to the module for each task that somebody here reads, however many do.

pub mod seats;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use spacetimedb_sdk::{SubscriptionHandle as _, Uuid};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use worldloom_client::{AiNews, AiTaskNews, SubscriptionHandle};

use crate::node_client::{Live, NodeClient};
use seats::Seats;

/// How much news a reader may be behind before it has to list what it missed.
const NEWS_KEPT: usize = 64;

/// News, or that some may have been missed.
#[derive(Debug, Clone)]
pub enum Heard {
    /// Something has happened.
    News(Arc<AiNews>),
    /// The connection is new: list what there is.
    Anew,
}

/// The tasks that are read. Clones share them.
#[derive(Clone, Default)]
pub struct Feeds {
    state: Arc<Mutex<State>>,
    /// How many streams each player reads at once.
    pub seats: Seats,
}

#[derive(Default)]
struct State {
    live: Option<Live>,
    tasks: HashMap<Uuid, Followed>,
}

struct Followed {
    sender: broadcast::Sender<Heard>,
    readers: usize,
    subscription: Option<SubscriptionHandle>,
}

/// One reader's place; dropping it ends the subscription with the last reader.
pub struct Reader {
    feeds: Feeds,
    task_id: Uuid,
    /// What happens from now on.
    pub news: broadcast::Receiver<Heard>,
}

impl Feeds {
    /// Follows the tasks that are read on each connection anew, until `stop`.
    pub async fn run(self, node: NodeClient, stop: CancellationToken) {
        while let Some(Some(live)) = stop.run_until_cancelled(node.live()).await {
            let feeds = self.clone();
            live.on_task_news(move |news| feeds.tell(news));
            self.take_up(live.clone());
            let _ = stop.run_until_cancelled(live.lost()).await;
            self.state().live = None;
        }
    }

    /// Begins to read a task. Whoever does has checked that it may.
    pub fn read(&self, task_id: Uuid) -> Reader {
        let mut state = self.state();
        let live = state.live.clone();
        let followed = state.tasks.entry(task_id).or_insert_with(|| Followed {
            sender: broadcast::Sender::new(NEWS_KEPT),
            readers: 0,
            subscription: live.map(|live| live.follow_task(task_id)),
        });
        followed.readers += 1;
        Reader { feeds: self.clone(), task_id, news: followed.sender.subscribe() }
    }

    fn take_up(&self, live: Live) {
        let mut state = self.state();
        for (task_id, followed) in &mut state.tasks {
            followed.subscription = Some(live.follow_task(*task_id));
            // Nobody listens if the last reader is just leaving.
            let _ = followed.sender.send(Heard::Anew);
        }
        state.live = Some(live);
    }

    fn tell(&self, news: &AiTaskNews) {
        if let Some(followed) = self.state().tasks.get(&news.task_id) {
            let _ = followed.sender.send(Heard::News(Arc::new(news.news.clone())));
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.feeds.state();
        let Some(followed) = state.tasks.get_mut(&self.task_id) else { return };
        followed.readers -= 1;
        if followed.readers > 0 {
            return;
        }
        let subscription = state.tasks.remove(&self.task_id).and_then(|followed| followed.subscription);
        drop(state);
        if let Some(subscription) = subscription {
            // An error says that it has ended already, with its connection.
            let _ = subscription.unsubscribe();
        }
    }
}
