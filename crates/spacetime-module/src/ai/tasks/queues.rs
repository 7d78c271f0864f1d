//! The queues of tasks that wait, one for each kind: workers watch them, and take what has waited longest.

use crate::*;

/// The queue of one kind, from when a worker first asked for a task of it.
#[table(accessor = ai_task_queue)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AiTaskQueue {
    /// What is to be made.
    #[primary_key]
    pub kind: String,
    /// No task of the kind waits that may be taken from an earlier time on.
    pub nothing_before: Timestamp,
    /// How often a task has come to wait here.
    pub arrivals: u64,
    /// When the last one came.
    pub arrived_at: Timestamp,
    /// From when on that one may be taken.
    pub available_at: Timestamp,
}

/// What workers are told of a queue.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiQueueNews {
    /// What is to be made.
    pub kind: String,
    /// How often a task has come to wait here.
    pub arrivals: u64,
    /// When the last one came.
    pub arrived_at: Timestamp,
    /// From when on that one may be taken.
    pub available_at: Timestamp,
}

/// A lease that is held.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiHeldLease {
    /// The task.
    pub task_id: Uuid,
    /// The lease's token.
    pub lease_token: String,
}

/// That another task waits in a queue, for which some worker has asked before. For the Service; nobody else sees any.
#[view(accessor = ai_queue_news, public)]
pub fn ai_queue_news(ctx: &ViewContext, kind: String) -> Option<AiQueueNews> {
    if !is_service(ctx) {
        return None;
    }
    let AiTaskQueue { kind, arrivals, arrived_at, available_at, .. } = ctx.db.ai_task_queue().kind().find(kind)?;
    Some(AiQueueNews { kind, arrivals, arrived_at, available_at })
}

/// The leases that the sender holds. One that is not there any more is over, whoever has ended it.
#[view(accessor = held_ai_leases, public)]
pub fn held_ai_leases(ctx: &ViewContext) -> Vec<AiHeldLease> {
    let held = ctx.db.ai_task_lease_expiry().holder().filter(ctx.sender());
    held.map(|AiTaskLeaseExpiry { task_id, lease_token, .. }| AiHeldLease { task_id, lease_token }).collect()
}

/// Tells the queue of a task, if it waits and workers have asked for its kind.
pub(super) fn tell_queue(ctx: &ReducerContext, task: &AiTask) {
    if task.status != AiTaskStatus::Pending {
        return;
    }
    if let Some(queue) = ctx.db.ai_task_queue().kind().find(&task.kind) {
        ctx.db.ai_task_queue().kind().update(AiTaskQueue {
            nothing_before: queue.nothing_before.min(task.available_at),
            arrivals: queue.arrivals.saturating_add(1),
            arrived_at: ctx.timestamp,
            available_at: task.available_at,
            ..queue
        });
    }
}

/// The task of these kinds that has waited longest, of those that may be taken.
///
/// Errors: `internal` if a new queue has no room.
pub(super) fn longest_waiting(ctx: &ReducerContext, kinds: &[String]) -> Result<Option<AiTask>, DomainError> {
    let mut longest: Option<AiTask> = None;
    for kind in kinds {
        let first = first_of(ctx, load_queue(ctx, kind)?);
        longest = longest.into_iter().chain(first).min_by_key(|task| (task.available_at, task.created_at));
    }
    Ok(longest)
}

/// The queue of a kind, which exists from now on.
fn load_queue(ctx: &ReducerContext, kind: &str) -> Result<AiTaskQueue, DomainError> {
    let queues = ctx.db.ai_task_queue();
    if let Some(queue) = queues.kind().find(kind.to_owned()) {
        return Ok(queue);
    }
    let (never, kind) = (Timestamp::UNIX_EPOCH, kind.to_owned());
    let queue = AiTaskQueue { kind, nothing_before: never, arrivals: 0, arrived_at: never, available_at: never };
    queues.try_insert(queue).map_err(|_| DomainError::no_fresh_id())
}

/// The host reads a whole range before its first row, so a long queue is not read as one.
fn first_of(ctx: &ReducerContext, queue: AiTaskQueue) -> Option<AiTask> {
    for (begin, end) in module_rules::widening_spans(ai_micros(queue.nothing_before), ai_micros(ctx.timestamp)) {
        let span = (&queue.kind, AiTaskStatus::Pending, ai_instant(begin)..=ai_instant(end));
        let waiting = ctx.db.ai_task().by_queue().filter(span);
        if let Some(first) = waiting.min_by_key(|task| (task.available_at, task.created_at)) {
            let nothing_before = first.available_at;
            ctx.db.ai_task_queue().kind().update(AiTaskQueue { nothing_before, ..queue });
            return Some(first);
        }
    }
    None
}
