//! Stages of a task, their text and its results.

mod results;
mod text;

pub use results::*;
pub use text::*;

use module_ai::{StageState, Step, TaskStatus};

use crate::*;

/// How far a stage has come.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum AiStageStatus {
    /// Nobody has begun it.
    Pending,
    /// The holder of the task's lease works on it.
    Running,
    /// It is done; a later attempt at the task does not repeat it.
    Completed,
    /// Its last attempt failed; if the task is tried again, so is the stage.
    Failed,
    /// The task ended before it did.
    Cancelled,
}

/// One step on the way to a task's end.
#[table(
    accessor = ai_task_stage,
    index(accessor = by_position, btree(columns = [task_id, position]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AiTaskStage {
    /// Number of the stage.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// Its task.
    pub task_id: Uuid,
    /// The task's owner.
    #[index(btree)]
    pub owner: Identity,
    /// Place in the task, from 0; the pair is unique.
    pub position: u32,
    /// What it is, such as `outline`; unique within the task.
    pub key: String,
    /// For people.
    pub title: String,
    /// How far it has come.
    pub status: AiStageStatus,
    /// How often it has been begun; each attempt has a text of its own.
    pub attempt: u32,
    /// Sequence number that the next chunk of the present attempt must have, from 1.
    pub next_sequence: u32,
    /// Length of the present attempt's text in bytes.
    pub text_bytes: u64,
    /// When the present attempt was begun.
    pub started_at: Option<Timestamp>,
    /// When it was completed, failed or cancelled.
    pub finished_at: Option<Timestamp>,
}

/// A stage to begin.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiStageStart {
    /// The task.
    pub task_id: Uuid,
    /// Token of the lease.
    pub lease_token: String,
    /// Place of the stage, from 0.
    pub position: u32,
}

/// The good end of a stage.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiStageCompletion {
    /// The task.
    pub task_id: Uuid,
    /// Token of the lease.
    pub lease_token: String,
    /// Place of the stage, from 0.
    pub position: u32,
    /// What was used since the last report.
    pub usage: AiTokenUsage,
}

/// Begins a stage. For the Service.
///
/// Errors: as [`start_ai_task_stage_and_return`].
#[reducer]
pub fn start_ai_task_stage(ctx: &ReducerContext, request: AiStageStart) -> Result<(), DomainError> {
    let caller = guard(ctx, SERVICE, None)?;
    start_stage(ctx, &caller, &request).map(drop)
}

/// Begins a stage, or begins a failed one again with an empty text, and returns it; beginning it
/// twice returns it unchanged. The text of earlier attempts stays readable.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only); `not_found`; `conflict` if the
/// caller does not hold the lease, it has run out, or an earlier stage is not completed;
/// `illegal_transition` if the task is not running or the stage is completed; `limit_exceeded` if
/// the player's tokens of the day are used up.
#[procedure]
pub fn start_ai_task_stage_and_return(
    ctx: &mut ProcedureContext,
    request: AiStageStart,
) -> Result<AiTaskStage, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, None)?;
        start_stage(tx, &caller, &request)
    })
}

/// Completes a stage and returns it; completing it again returns it unchanged.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only); `limit_exceeded`; `not_found`;
/// `conflict` if the caller does not hold the lease or it has run out; `illegal_transition` if
/// the task or the stage is not running.
#[procedure]
pub fn complete_ai_stage_and_return(
    ctx: &mut ProcedureContext,
    request: AiStageCompletion,
) -> Result<AiTaskStage, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, None)?;
        complete_stage(tx, &caller, &request)
    })
}

/// The stages of the sender's own tasks.
#[view(accessor = my_ai_task_stages, public, primary_key = id)]
pub fn my_ai_task_stages(ctx: &ViewContext) -> Vec<AiTaskStage> {
    ctx.db.ai_task_stage().owner().filter(ctx.sender()).collect()
}

fn start_stage(ctx: &ReducerContext, caller: &Caller, request: &AiStageStart) -> Result<AiTaskStage, DomainError> {
    let task = held_ai_task(ctx, caller, request.task_id, &request.lease_token)?;
    let stage = load_ai_stage(ctx, task.task_id, request.position)?;
    let earlier = ai_stages_of(ctx, task.task_id).into_iter().take_while(|other| other.position < stage.position);
    module_ai::check_earlier_completed(earlier.map(|other| other.status.into()))?;
    match stage.as_state().start()? {
        (Step::Already, _) => Ok(stage),
        (Step::Moved, next) => {
            check_tokens_left(ctx, task.owner)?;
            let stage = AiTaskStage { started_at: Some(ctx.timestamp), finished_at: None, ..stage };
            Ok(ctx.db.ai_task_stage().id().update(stage.with_state(next)))
        }
    }
}

fn complete_stage(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &AiStageCompletion,
) -> Result<AiTaskStage, DomainError> {
    let task = held_ai_task(ctx, caller, request.task_id, &request.lease_token)?;
    let stage = load_ai_stage(ctx, task.task_id, request.position)?;
    match stage.as_state().complete()? {
        (Step::Already, _) => Ok(stage),
        (Step::Moved, next) => {
            if request.usage != AiTokenUsage::default() {
                let task = with_booked_usage(ctx, task, request.usage)?;
                let task = AiTask { updated_at: ctx.timestamp, ..task };
                ctx.db.ai_task().task_id().update(task);
            }
            let stage = AiTaskStage { finished_at: Some(ctx.timestamp), ..stage };
            Ok(ctx.db.ai_task_stage().id().update(stage.with_state(next)))
        }
    }
}

/// Stores a stage of a new task.
pub(crate) fn insert_ai_stage(
    ctx: &ReducerContext,
    task: &AiTask,
    position: u32,
    plan: &AiStagePlan,
    state: StageState,
) -> Result<(), DomainError> {
    let stage = AiTaskStage {
        id: 0,
        task_id: task.task_id,
        owner: task.owner,
        position,
        key: plan.key.clone(),
        title: plan.title.clone(),
        status: state.status.into(),
        attempt: state.attempt,
        next_sequence: state.next_sequence,
        text_bytes: state.text_bytes,
        started_at: None,
        finished_at: None,
    };
    ctx.db.ai_task_stage().try_insert(stage).map_err(|_| DomainError::no_fresh_id())?;
    Ok(())
}

/// Lets the stages follow their task as it stops running or is cancelled.
pub(crate) fn stop_ai_stages(ctx: &ReducerContext, task_id: Uuid, task: TaskStatus) {
    if matches!(task, TaskStatus::Running | TaskStatus::Completed) {
        return;
    }
    for stage in ai_stages_of(ctx, task_id) {
        let status = module_ai::StageStatus::from(stage.status).after_task(task).into();
        if status != stage.status {
            ctx.db.ai_task_stage().id().update(AiTaskStage { status, finished_at: Some(ctx.timestamp), ..stage });
        }
    }
}

/// A task's stages in their order.
pub(crate) fn ai_stages_of(ctx: &ReducerContext, task_id: Uuid) -> Vec<AiTaskStage> {
    ascending(ctx.db.ai_task_stage().by_position().filter(task_id), |stage| stage.position)
}

/// Errors: `not_found`.
pub(crate) fn load_ai_stage(ctx: &ReducerContext, task_id: Uuid, position: u32) -> Result<AiTaskStage, DomainError> {
    let stage = ctx.db.ai_task_stage().by_position().filter((task_id, position)).next();
    Ok(stage.ok_or(RuleError::Hidden { what: "stage" })?)
}
