//! Tasks: asked for, looked at, cancelled and forgotten by players.
//!
//! What workers do with a task is in [`tasks::work`](self): they take a lease on it first.

mod queues;
mod work;

pub use queues::*;
pub use work::*;

use module_ai::{StagePlan, StageState, Step, TaskRequest, TaskState, TaskStatus};

use crate::*;

/// How far a task has come.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum AiTaskStatus {
    /// Waits for a worker.
    Pending,
    /// A worker holds its lease.
    Running,
    /// Done.
    Completed,
    /// Given up.
    Failed,
    /// Its owner no longer wants it.
    Cancelled,
}

/// Something that a player wants made.
#[table(
    accessor = ai_task,
    index(accessor = by_queue, btree(columns = [kind, status, available_at])),
    index(accessor = by_owner_status, btree(columns = [owner, status, updated_at]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AiTask {
    /// UUIDv7.
    #[primary_key]
    pub task_id: Uuid,
    /// The player who wants it.
    #[index(btree)]
    pub owner: Identity,
    /// What is to be made, such as `world-outline`. Workers ask for tasks by it.
    pub kind: String,
    /// Text or JSON that the worker understands.
    pub request: String,
    /// How far it has come.
    #[index(btree)]
    pub status: AiTaskStatus,
    /// How often a worker has begun it.
    pub attempt: u32,
    /// How often a worker may begin it.
    pub attempts_max: u32,
    /// Who holds the lease; after the work, who held the last one.
    pub lease_owner: Option<Identity>,
    /// The worker's token for this lease. No secret: it is of use to its holder alone.
    pub lease_token: Option<String>,
    /// When the lease runs out; after the work, when it ended.
    pub lease_expires_at: Option<Timestamp>,
    /// Tokens that models have read for it.
    pub input_tokens: u64,
    /// Tokens that models have written for it.
    pub output_tokens: u64,
    /// What went wrong last.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// From when on a worker may take it; the queue is in this order.
    pub available_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
    /// When it was completed, given up or cancelled.
    pub finished_at: Option<Timestamp>,
}

/// One stage to go through.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiStagePlan {
    /// What the stage is, such as `outline`; unique within the task.
    pub key: String,
    /// For people.
    pub title: String,
}

/// A task to create.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiTaskCreation {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// What is to be made: lower-case letters, digits and ._-, at most 64 bytes.
    pub kind: String,
    /// Text or JSON that the worker understands, at most 32 KiB.
    pub request: String,
    /// The stages in their order, from 1 to 16.
    pub stages: Vec<AiStagePlan>,
    /// How often a worker may begin it, from 1 to 5.
    pub attempts_max: u32,
}

/// Asks for a task for the sender.
///
/// Errors: as [`create_ai_task_and_return`].
#[reducer]
pub fn create_ai_task(ctx: &ReducerContext, request: AiTaskCreation) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    create_task(ctx, &caller, &request).map(drop)
}

/// Asks for a task and returns it with its stages. It waits until a worker takes it.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `invalid_argument`, `limit_exceeded` (also for more than 8 open tasks of a player, and if the
/// player's tokens of the day are used up);
/// `conflict` if the idempotency key was used for another request; `not_found` if the task that
/// was created under the key has been forgotten.
#[procedure]
pub fn create_ai_task_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: AiTaskCreation,
) -> Result<AiTaskSnapshot, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        create_task(tx, &caller, &request)
    })
}

/// Cancels a task of the sender.
///
/// Errors: as [`cancel_ai_task_and_return`].
#[reducer]
pub fn cancel_ai_task(ctx: &ReducerContext, task_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    cancel_task(ctx, &caller, task_id).map(drop)
}

/// Cancels a task, pending or running, and returns it; cancelling again returns it unchanged.
/// Its worker is refused from now on. The text that had arrived stays.
///
/// Errors: `unauthenticated`; `forbidden` (also for a Moderator); `not_found`, also for another
/// player's; `illegal_transition` if it is completed or has failed.
#[procedure]
pub fn cancel_ai_task_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    task_id: Uuid,
) -> Result<AiTaskSnapshot, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        cancel_task(tx, &caller, task_id)
    })
}

/// Forgets a finished task of the sender.
///
/// Errors: as [`forget_ai_task_and_return`].
#[reducer]
pub fn forget_ai_task(ctx: &ReducerContext, task_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    forget_task(ctx, &caller, task_id).map(drop)
}

/// Forgets a finished task with its stages, its text and its references to results, and returns
/// what it was. Without this, a player's 50 newest finished tasks are kept.
///
/// Errors: `unauthenticated`; `forbidden` (also for a Moderator); `not_found`, also for another
/// player's; `conflict` if the task is not finished.
#[procedure]
pub fn forget_ai_task_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    task_id: Uuid,
) -> Result<AiTaskSnapshot, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        forget_task(tx, &caller, task_id)
    })
}

/// Returns a task with its stages and its references to results.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`, also for what the player may not see.
#[procedure]
pub fn read_ai_task_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    task_id: Uuid,
) -> Result<AiTaskSnapshot, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        readable_ai_task(tx, &caller, task_id).map(|task| ai_task_snapshot(tx, task))
    })
}

/// The sender's own tasks: the open ones and the newest finished ones.
#[view(accessor = my_ai_tasks, public, primary_key = task_id)]
pub fn my_ai_tasks(ctx: &ViewContext) -> Vec<AiTask> {
    ctx.db.ai_task().owner().filter(ctx.sender()).collect()
}

fn create_task(ctx: &ReducerContext, caller: &Caller, request: &AiTaskCreation) -> Result<AiTaskSnapshot, DomainError> {
    request.as_rule().check()?;
    let replayable = Replayable::new(caller.player, "create_ai_task", &request.idempotency_key, request)?;
    if let Some(task_id) = replayable.first_result(ctx)? {
        return load_ai_task(ctx, task_id).map(|task| ai_task_snapshot(ctx, task));
    }
    check_open_tasks(ctx, caller.player)?;
    check_tokens_left(ctx, caller.player)?;
    let task = insert_task(ctx, caller.player, request)?;
    replayable.remember(ctx, task.task_id)?;
    Ok(ai_task_snapshot(ctx, task))
}

fn check_open_tasks(ctx: &ReducerContext, owner: Identity) -> Result<(), DomainError> {
    let open: usize = TaskStatus::OPEN.map(|status| count_tasks(ctx, owner, status)).into_iter().sum();
    Ok(module_ai::check_open_tasks(open as u64)?)
}

fn count_tasks(ctx: &ReducerContext, owner: Identity, status: TaskStatus) -> usize {
    ctx.db.ai_task().by_owner_status().filter((owner, AiTaskStatus::from(status))).count()
}

fn insert_task(ctx: &ReducerContext, owner: Identity, request: &AiTaskCreation) -> Result<AiTask, DomainError> {
    let tasks = ctx.db.ai_task();
    let now = ctx.timestamp;
    let task = AiTask {
        task_id: fresh_id(ctx, |id| tasks.task_id().find(id).is_some())?,
        owner,
        kind: request.kind.clone(),
        request: request.request.clone(),
        status: AiTaskStatus::Pending,
        attempt: 0,
        attempts_max: request.attempts_max,
        lease_owner: None,
        lease_token: None,
        lease_expires_at: None,
        input_tokens: 0,
        output_tokens: 0,
        error: None,
        created_at: now,
        available_at: now,
        updated_at: now,
        finished_at: None,
    };
    let task = tasks.try_insert(task).map_err(|_| DomainError::no_fresh_id())?;
    tell_queue(ctx, &task);
    for (position, plan) in (0..).zip(&request.stages) {
        insert_ai_stage(ctx, &task, position, plan, StageState::NEW)?;
    }
    Ok(task)
}

fn cancel_task(ctx: &ReducerContext, caller: &Caller, task_id: Uuid) -> Result<AiTaskSnapshot, DomainError> {
    let task = changeable_task(ctx, caller, task_id)?;
    let (step, next) = task.as_state().cancel(ai_micros(ctx.timestamp))?;
    let task = match step {
        Step::Already => task,
        Step::Moved => advance_ai_task(ctx, task, next)?,
    };
    Ok(ai_task_snapshot(ctx, task))
}

/// Cancels all that a player waits for, so that nothing is made for an account that is closed.
pub(crate) fn cancel_open_ai_tasks(ctx: &ReducerContext, owner: Identity) -> Result<(), DomainError> {
    let of_status = |status| ctx.db.ai_task().by_owner_status().filter((owner, AiTaskStatus::from(status)));
    let open: Vec<_> = TaskStatus::OPEN.into_iter().flat_map(of_status).collect();
    for task in open {
        let (_, next) = task.as_state().cancel(ai_micros(ctx.timestamp))?;
        advance_ai_task(ctx, task, next)?;
    }
    Ok(())
}

fn forget_task(ctx: &ReducerContext, caller: &Caller, task_id: Uuid) -> Result<AiTaskSnapshot, DomainError> {
    let task = changeable_task(ctx, caller, task_id)?;
    module_ai::check_forgettable(task.status.into())?;
    let snapshot = ai_task_snapshot(ctx, task);
    delete_task(ctx, task_id);
    Ok(snapshot)
}

/// Stores a task's next state. Its stages follow, its timer is set or removed, and when it ends,
/// the oldest finished task of the same player gives way.
pub(crate) fn advance_ai_task(
    ctx: &ReducerContext,
    task: AiTask,
    next: TaskState<Identity>,
) -> Result<AiTask, DomainError> {
    let status = next.status;
    let task = AiTask { updated_at: ctx.timestamp, ..task.with_state(next) };
    set_ai_lease_timer(ctx, &task)?;
    stop_ai_stages(ctx, task.task_id, status);
    tell_queue(ctx, &task);
    if !status.is_finished() {
        return Ok(ctx.db.ai_task().task_id().update(task));
    }
    let task = ctx.db.ai_task().task_id().update(AiTask { finished_at: Some(ctx.timestamp), ..task });
    forget_oldest_finished(ctx, task.owner);
    Ok(task)
}

fn forget_oldest_finished(ctx: &ReducerContext, owner: Identity) {
    let of_status = |status| ctx.db.ai_task().by_owner_status().filter((owner, AiTaskStatus::from(status)));
    let finished: Vec<_> =
        TaskStatus::FINISHED.into_iter().flat_map(of_status).map(|task| (task.finished_at, task.task_id)).collect();
    if finished.len() <= module_ai::FINISHED_TASKS_MAX {
        return;
    }
    // Not the first that the index gives: rows of the running transaction come before all others.
    if let Some((_, task_id)) = finished.into_iter().min() {
        delete_task(ctx, task_id);
    }
}

fn delete_task(ctx: &ReducerContext, task_id: Uuid) {
    ctx.db.ai_text_chunk().by_sequence().delete(task_id);
    ctx.db.ai_task_stage().by_position().delete(task_id);
    ctx.db.ai_result_reference().by_result().delete(task_id);
    ctx.db.ai_task().task_id().delete(task_id);
}

/// Errors: `not_found`.
pub(crate) fn load_ai_task(ctx: &ReducerContext, task_id: Uuid) -> Result<AiTask, DomainError> {
    Ok(ctx.db.ai_task().task_id().find(task_id).ok_or(RuleError::Hidden { what: "task" })?)
}

/// Errors: `not_found`, also if the caller may not see it.
pub(crate) fn readable_ai_task(ctx: &ReducerContext, caller: &Caller, task_id: Uuid) -> Result<AiTask, DomainError> {
    let task = load_ai_task(ctx, task_id)?;
    module_ai::check_read(module_ai::task_standing(&task.owner, &caller.player, caller.roles))?;
    Ok(task)
}

fn changeable_task(ctx: &ReducerContext, caller: &Caller, task_id: Uuid) -> Result<AiTask, DomainError> {
    let task = load_ai_task(ctx, task_id)?;
    module_ai::check_cancel(module_ai::task_standing(&task.owner, &caller.player, caller.roles))?;
    Ok(task)
}

impl AiTaskCreation {
    fn as_rule(&self) -> TaskRequest<'_> {
        let mut stages = Vec::with_capacity(self.stages.len());
        for AiStagePlan { key, title } in &self.stages {
            stages.push(StagePlan { key, title });
        }
        TaskRequest { kind: &self.kind, request: &self.request, stages, attempts_max: self.attempts_max }
    }
}
