//! Work on one task, from its lease to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use worldloom_client::{
    AiFailureOutlook, AiStageStatus, AiTask, AiTaskCompletion, AiTaskFailure, AiTaskSnapshot, AiTaskStage,
    AiTextChunkListing, AiTokenUsage, AiUsageReport,
};

use super::lease::Lease;
use super::{Workshop, insist, stage};
use crate::ai::provider::Tokens;
use crate::ai::recipes::Recipe;
use crate::node_client::{CallError, NodeClient};

/// Longest account of a failure that the module takes.
const ERROR_BYTES_MAX: usize = 2_048;
/// Most chunks in one listing.
const LISTING_CHUNKS_MAX: u32 = 256;

/// A task under work.
pub struct Job {
    pub(super) workshop: Arc<Workshop>,
    /// The task.
    pub task: AiTask,
    /// Its stages, as they stood when the lease was taken.
    pub stages: Vec<AiTaskStage>,
    /// How this kind is done.
    pub recipe: Recipe,
    pub(super) lease: Arc<Lease>,
    pub(super) meter: Arc<Meter>,
}

/// Why work on a task ended before its end.
#[derive(Debug)]
pub enum Ended {
    /// It is no longer this worker's: cancelled, or taken over. Nothing more is to be said about it.
    Lost,
    /// It failed.
    Failed(AiFailureOutlook, String),
}

impl Ended {
    /// Another attempt may help.
    pub fn passing(error: impl Into<String>) -> Self {
        Self::Failed(AiFailureOutlook::Passing, error.into())
    }

    /// Another attempt would end the same.
    pub fn for_good(error: impl Into<String>) -> Self {
        Self::Failed(AiFailureOutlook::Final, error.into())
    }
}

impl From<CallError> for Ended {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(refusal) => match refusal.code {
                worldloom_client::DomainErrorCode::LimitExceeded(_) => Self::for_good(refusal.message),
                // Another lease, or a state that allows no work: somebody else has had a say.
                _ => Self::Lost,
            },
            error => Self::passing(error.to_string()),
        }
    }
}

/// Counts tokens that have not been reported.
#[derive(Default)]
pub struct Meter {
    input: AtomicU64,
    output: AtomicU64,
}

impl Meter {
    /// Adds.
    pub fn add(&self, tokens: Tokens) {
        self.input.fetch_add(tokens.input, Ordering::Relaxed);
        self.output.fetch_add(tokens.output, Ordering::Relaxed);
    }

    /// Takes what there is.
    pub fn take(&self) -> AiTokenUsage {
        AiTokenUsage {
            input_tokens: self.input.swap(0, Ordering::Relaxed),
            output_tokens: self.output.swap(0, Ordering::Relaxed),
        }
    }
}

/// Books what no other call has booked. Once only: sent twice, it would be booked twice.
async fn book(node: &NodeClient, bill: AiUsageReport) {
    if (bill.usage.input_tokens, bill.usage.output_tokens) == (0, 0) {
        return;
    }
    let task_id = bill.task_id;
    if let Err(error) = node.book_usage(bill).await {
        tracing::warn!(task = %task_id, %error, "What a task has cost could not be booked");
    }
}

/// Works on a task that has just been leased.
pub async fn work(workshop: Arc<Workshop>, snapshot: AiTaskSnapshot, lease: Lease) {
    let AiTaskSnapshot { task, stages, .. } = snapshot;
    let (kind, task_id) = (task.kind.clone(), task.task_id);
    let Some(recipe) = Recipe::of_kind(&kind) else { return };
    tracing::debug!(task = %task_id, kind, attempt = task.attempt, "Working on a task");
    let (lease, meter) = (Arc::new(lease), Arc::new(Meter::default()));
    let job = Job { workshop: workshop.clone(), task, stages, recipe, lease: lease.clone(), meter };
    let outcome = tokio::select! {
        biased;
        () = lease.gone.cancelled() => Err(Ended::Lost),
        () = lease.keep(&workshop.node, workshop.config.lease_s) => Err(Ended::Lost),
        outcome = job.all_stages() => outcome,
    };
    let label = match &outcome {
        Ok(()) => "completed",
        Err(Ended::Lost) => "lost",
        Err(Ended::Failed(..)) => "failed",
    };
    workshop.metrics.task_ended(recipe.kind(), label);
    job.end(outcome).await;
}

impl Job {
    async fn all_stages(&self) -> Result<(), Ended> {
        for row in self.stages.iter().filter(|stage| stage.status != AiStageStatus::Completed) {
            stage::work(self, row).await?;
        }
        Ok(())
    }

    /// Tells the module how it ended.
    async fn end(&self, outcome: Result<(), Ended>) {
        let (task_id, lease_token, usage) = (self.task.task_id, self.lease.token.clone(), self.meter.take());
        let told = match outcome {
            Ok(()) => {
                let request = AiTaskCompletion { task_id, lease_token, usage: usage.clone() };
                self.report(usage, request, |node, request| async move { node.complete_task(request).await })
                    .await
                    .map(drop)
            }
            Err(Ended::Failed(outlook, mut error)) => {
                tracing::info!(task = %task_id, error, ?outlook, "A task failed");
                error.truncate(error.floor_char_boundary(ERROR_BYTES_MAX));
                let request = AiTaskFailure { task_id, lease_token, error, outlook, usage: usage.clone() };
                self.report(usage, request, |node, request| async move { node.fail_task(request).await })
                    .await
                    .map(drop)
            }
            Err(Ended::Lost) => return book(self.node(), self.bill(usage)).await,
        };
        if let Err(error) = told {
            tracing::warn!(task = %task_id, %error, "The end of a task could not be told; its lease runs out");
        }
    }

    /// Makes a call that books `usage`. One that is refused has booked nothing, so the usage is booked by itself then:
    /// whoever cancels a task at the last moment pays for it all the same. It goes on when nobody waits for it any more.
    pub(super) async fn report<R, T, F>(
        &self,
        usage: AiTokenUsage,
        request: R,
        call: impl Fn(NodeClient, R) -> F + Send + Sync + 'static,
    ) -> Result<T, CallError>
    where
        R: Clone + Send + Sync + 'static,
        T: Send + 'static,
        F: Future<Output = Result<T, CallError>> + Send,
    {
        let (node, patience, bill) = (self.node().clone(), self.patience(), self.bill(usage));
        let told = self.workshop.tasks.spawn(async move {
            // An attempt whose answer was lost may have booked what the next one is refused for.
            let may_be_booked = AtomicBool::new(false);
            let told = insist(patience, || async {
                let told = call(node.clone(), request.clone()).await;
                if told.as_ref().is_err_and(CallError::is_outcome_unknown) {
                    may_be_booked.store(true, Ordering::Relaxed);
                }
                told
            })
            .await;
            if matches!(told, Err(CallError::Refused(_))) && !may_be_booked.load(Ordering::Relaxed) {
                book(&node, bill).await;
            }
            told
        });
        told.await.unwrap_or(Err(CallError::OutcomeUnknown { procedure: "the end of a stage or task" }))
    }

    fn bill(&self, usage: AiTokenUsage) -> AiUsageReport {
        let AiTask { task_id, owner, .. } = self.task;
        AiUsageReport { task_id, owner, lease_token: self.lease.token.clone(), usage }
    }

    /// How long a call is repeated: until the lease has run out.
    fn patience(&self) -> Duration {
        Duration::from_secs(u64::from(self.workshop.config.lease_s))
    }

    /// The connection to the module.
    pub fn node(&self) -> &NodeClient {
        &self.workshop.node
    }

    /// The token of the lease.
    pub fn lease_token(&self) -> String {
        self.lease.token.clone()
    }

    /// Makes a call that may be repeated, while its outcome is unknown.
    pub async fn insist<T, F>(&self, call: impl FnMut() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        insist(self.patience(), call).await
    }

    /// The text of a stage that was completed, in this attempt at the task or in an earlier one.
    pub async fn text_of(&self, position: u32) -> Result<String, Ended> {
        let snapshot = self.node().read_task(self.task.owner, self.task.task_id).await?;
        let stage = snapshot.stages.into_iter().find(|stage| stage.position == position);
        let stage = stage.ok_or_else(|| Ended::for_good("The task has no such stage."))?;
        let mut text = String::new();
        let mut after_sequence = 0;
        loop {
            let request = AiTextChunkListing {
                task_id: self.task.task_id,
                position,
                attempt: stage.attempt,
                after_sequence,
                limit: LISTING_CHUNKS_MAX,
            };
            let page = self.node().list_chunks(None, request).await?;
            let Some(last) = page.last() else { return Ok(text) };
            after_sequence = last.sequence;
            page.iter().for_each(|chunk| text.push_str(&chunk.text));
        }
    }
}
