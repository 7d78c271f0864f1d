//! The worker: takes tasks by lease, works on them, and lets go of them the moment that they are no longer its own.
//!
//! `queue` waits for tasks and takes them, `task` works on one, `stage` on one stage of it. `text_sink` gathers a
//! stage's text into chunks, `appender` sends the chunks of all tasks together, `lease` keeps a lease alive.

mod appender;
mod lease;
mod queue;
mod stage;
mod task;
mod text_sink;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::AiConfig;
use super::prompts::Prompts;
use super::provider::Models;
use crate::metrics::Metrics;
use crate::node_client::{CallError, NodeClient};

pub use task::{Ended, Job};

use appender::Appender;
use lease::Leases;

/// How long to wait before a call is repeated whose outcome is unknown.
const REPEAT_PAUSE: Duration = Duration::from_millis(100);

/// What all work shares.
pub struct Workshop {
    node: NodeClient,
    models: Models,
    prompts: Prompts,
    config: AiConfig,
    metrics: Metrics,
    appender: Appender,
    leases: Leases,
    tasks: TaskTracker,
    cut: CancellationToken,
}

impl Workshop {
    /// Work under way is counted by `tasks`; at `cut`, what has not ended is given back.
    pub fn new(
        node: NodeClient,
        models: Models,
        prompts: Prompts,
        config: AiConfig,
        metrics: &Metrics,
        tasks: &TaskTracker,
        cut: &CancellationToken,
    ) -> Self {
        let appender = Appender::start(node.clone(), Duration::from_secs(u64::from(config.lease_s)));
        let (metrics, tasks, cut) = (metrics.clone(), tasks.clone(), cut.clone());
        Self { node, models, prompts, config, metrics, appender, leases: Leases::default(), tasks, cut }
    }
}

/// Takes tasks and works on them until `stop`. Those under way go on after it.
pub async fn run(workshop: Workshop, stop: CancellationToken) {
    queue::run(Arc::new(workshop), stop).await;
}

/// Makes a call that may be repeated, again and again while its outcome is unknown, for as long as a lease lasts.
async fn insist<T, F>(patience: Duration, mut call: impl FnMut() -> F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>>,
{
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        match call().await {
            Err(CallError::OutcomeUnknown { .. } | CallError::Unavailable)
                if tokio::time::Instant::now() < deadline =>
            {
                tokio::time::sleep(REPEAT_PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}
