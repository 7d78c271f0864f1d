//! Work on tasks: taking a lease, renewing it, ending the task, losing the lease.
//!
//! Several facades work at once, all with the Service's role. A lease is known by the identity
//! that took it and the token that it chose; the token is made anew for each lease.

use module_ai::{LEASE_LOST, Outlook, Step, TokenUsage, check_lease_seconds, check_lease_token};

use super::queues::longest_waiting;
use crate::*;

/// A lease, and when to look whether it has run out: one row per running task.
#[table(
    accessor = ai_task_lease_expiry,
    scheduled(expire_ai_task_lease),
    index(accessor = by_holder, btree(columns = [holder, lease_token]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AiTaskLeaseExpiry {
    /// Number of the timer.
    #[primary_key]
    #[auto_inc]
    pub scheduled_id: u64,
    /// The due time: when the lease runs out.
    pub scheduled_at: ScheduleAt,
    /// The task; unique, so that it is never worked on under two leases.
    #[unique]
    pub task_id: Uuid,
    /// Who took the lease.
    #[index(btree)]
    pub holder: Identity,
    /// Its token.
    pub lease_token: String,
}

/// A task to take a lease on.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiTaskStart {
    /// The task.
    pub task_id: Uuid,
    /// Made anew by the worker for this lease: visible ASCII characters, at most 64.
    pub lease_token: String,
    /// How long the lease lasts unless it is renewed, from 5 to 900 seconds.
    pub lease_seconds: u32,
}

/// A wish for work.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiTaskLeaseRequest {
    /// Kinds of tasks that the worker can do, from 1 to 16.
    pub kinds: Vec<String>,
    /// Made anew by the worker for this lease: visible ASCII characters, at most 64.
    pub lease_token: String,
    /// How long the lease lasts unless it is renewed, from 5 to 900 seconds.
    pub lease_seconds: u32,
}

/// Tokens that models have read and written since the last report.
#[derive(SpacetimeType, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AiTokenUsage {
    /// Tokens read, at most 10⁹.
    pub input_tokens: u64,
    /// Tokens written, at most 10⁹.
    pub output_tokens: u64,
}

/// The good end of a task.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiTaskCompletion {
    /// The task.
    pub task_id: Uuid,
    /// Token of the lease.
    pub lease_token: String,
    /// What was used since the last report.
    pub usage: AiTokenUsage,
}

/// Whether another attempt may help.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum AiFailureOutlook {
    /// It may: the model was busy, the stream broke.
    Passing,
    /// It would not: the request cannot be answered.
    Final,
}

/// The bad end of a task, or of an attempt at it.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiTaskFailure {
    /// The task.
    pub task_id: Uuid,
    /// Token of the lease.
    pub lease_token: String,
    /// What went wrong, for people; at most 2,048 bytes.
    pub error: String,
    /// Whether another attempt may help.
    pub outlook: AiFailureOutlook,
    /// What was used since the last report.
    pub usage: AiTokenUsage,
}

/// Takes a lease on a task. For the Service.
///
/// Errors: as [`start_ai_task_and_return`].
#[reducer]
pub fn start_ai_task(ctx: &ReducerContext, request: AiTaskStart) -> Result<(), DomainError> {
    let caller = guard(ctx, SERVICE, None)?;
    start_task(ctx, &caller, &request).map(drop)
}

/// Takes a lease on a task and returns it; the holder may repeat it.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only); `invalid_argument`,
/// `limit_exceeded`; `not_found`; `conflict` if another lease holds it, or if the token has been
/// used; `illegal_transition` if it is finished.
#[procedure]
pub fn start_ai_task_and_return(
    ctx: &mut ProcedureContext,
    request: AiTaskStart,
) -> Result<AiTaskSnapshot, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, None)?;
        start_task(tx, &caller, &request)
    })
}

/// Takes a lease on the task of these kinds that has waited longest, and returns it, or nothing
/// if none waits. The holder may repeat it: the same token gets the same task.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only); `invalid_argument`,
/// `limit_exceeded`; `conflict` if the token has been used.
#[procedure]
pub fn lease_next_ai_task_and_return(
    ctx: &mut ProcedureContext,
    request: AiTaskLeaseRequest,
) -> Result<Option<AiTaskSnapshot>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, None)?;
        lease_next_task(tx, &caller, &request)
    })
}

/// Lets a lease run for so many seconds from now, and returns the task; never shortens it.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only); `invalid_argument`,
/// `limit_exceeded`; `not_found`; `conflict` if the caller does not hold the lease or it has run
/// out; `illegal_transition` if the task is not running, for example because it was cancelled.
#[procedure]
pub fn renew_ai_task_lease_and_return(ctx: &mut ProcedureContext, request: AiTaskStart) -> Result<AiTask, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, None)?;
        renew_lease(tx, &caller, &request)
    })
}

/// Completes a task whose stages are all completed, and returns it; the holder may repeat it.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only); `limit_exceeded`; `not_found`;
/// `conflict` if the caller does not hold the lease, it has run out, or a stage is not completed;
/// `illegal_transition` if the task is not running.
#[procedure]
pub fn complete_ai_task_and_return(
    ctx: &mut ProcedureContext,
    request: AiTaskCompletion,
) -> Result<AiTaskSnapshot, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, None)?;
        complete_task(tx, &caller, &request)
    })
}

/// Gives a task up, or back for another attempt if that may help and one is left, and returns
/// it; the holder may repeat it. The text that had arrived stays.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only); `invalid_argument`,
/// `limit_exceeded`; `not_found`; `conflict` if the caller does not hold the lease or it has run
/// out; `illegal_transition` if the task is not running.
#[procedure]
pub fn fail_ai_task_and_return(
    ctx: &mut ProcedureContext,
    request: AiTaskFailure,
) -> Result<AiTaskSnapshot, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, None)?;
        fail_task(tx, &caller, &request)
    })
}

/// Takes a task from a worker whose lease has run out: it waits again, or has failed if that was
/// the last attempt. Run by the schedule.
///
/// Errors: `forbidden` for every caller but the engine.
#[reducer]
pub fn expire_ai_task_lease(ctx: &ReducerContext, timer: AiTaskLeaseExpiry) -> Result<(), DomainError> {
    guard(ctx, Admits::Engine, None)?;
    let Some(task) = ctx.db.ai_task().task_id().find(timer.task_id) else {
        return Ok(());
    };
    match task.as_state().after_expiry(ai_micros(ctx.timestamp)) {
        Some(next) => advance_ai_task(ctx, AiTask { error: Some(LEASE_LOST.to_owned()), ..task }, next).map(drop),
        // Renewed meanwhile, or the timer came early: the engine drops it, so set another.
        None => set_ai_lease_timer(ctx, &task),
    }
}

fn start_task(ctx: &ReducerContext, caller: &Caller, request: &AiTaskStart) -> Result<AiTaskSnapshot, DomainError> {
    check_lease_token(&request.lease_token)?;
    check_lease_seconds(request.lease_seconds)?;
    if let Some(held) = find_lease(ctx, caller.player, &request.lease_token)
        && held.task_id != request.task_id
    {
        return Err(DomainError::conflict(
            "a new one",
            "that of another lease",
            "This lease token holds another task. Make a new one for each lease.",
        ));
    }
    let task = load_ai_task(ctx, request.task_id)?;
    lease_task(ctx, caller, task, &request.lease_token, request.lease_seconds)
}

fn lease_next_task(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &AiTaskLeaseRequest,
) -> Result<Option<AiTaskSnapshot>, DomainError> {
    module_ai::check_kinds(&request.kinds)?;
    check_lease_token(&request.lease_token)?;
    check_lease_seconds(request.lease_seconds)?;
    let task = match find_lease(ctx, caller.player, &request.lease_token) {
        Some(held) => Some(load_ai_task(ctx, held.task_id)?),
        None => longest_waiting(ctx, &request.kinds)?,
    };
    task.map(|task| lease_task(ctx, caller, task, &request.lease_token, request.lease_seconds)).transpose()
}

fn lease_task(
    ctx: &ReducerContext,
    caller: &Caller,
    mut task: AiTask,
    token: &str,
    seconds: u32,
) -> Result<AiTaskSnapshot, DomainError> {
    let now = ai_micros(ctx.timestamp);
    let (step, next) = task.as_state().begin(caller.player, token, seconds, now)?;
    if step == Step::Moved {
        if let Some(expired) = task.as_state().after_expiry(now) {
            // The schedule has not come round yet; the stages must still see the lease end.
            task = advance_ai_task(ctx, AiTask { error: Some(LEASE_LOST.to_owned()), ..task }, expired)?;
        }
        task = advance_ai_task(ctx, task, next)?;
    }
    Ok(ai_task_snapshot(ctx, task))
}

fn renew_lease(ctx: &ReducerContext, caller: &Caller, request: &AiTaskStart) -> Result<AiTask, DomainError> {
    check_lease_seconds(request.lease_seconds)?;
    let task = load_ai_task(ctx, request.task_id)?;
    let (now, state) = (ai_micros(ctx.timestamp), task.as_state());
    let next = state.renew(&caller.player, &request.lease_token, request.lease_seconds, now)?;
    if next == state { Ok(task) } else { advance_ai_task(ctx, task, next) }
}

fn complete_task(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &AiTaskCompletion,
) -> Result<AiTaskSnapshot, DomainError> {
    let task = load_ai_task(ctx, request.task_id)?;
    let (step, next) = task.as_state().complete(&caller.player, &request.lease_token, ai_micros(ctx.timestamp))?;
    if step == Step::Already {
        return Ok(ai_task_snapshot(ctx, task));
    }
    let stages = ai_stages_of(ctx, task.task_id).into_iter();
    module_ai::check_all_completed(stages.map(|stage| stage.status.into()))?;
    let task = advance_ai_task(ctx, with_booked_usage(ctx, task, request.usage)?, next)?;
    Ok(ai_task_snapshot(ctx, task))
}

fn fail_task(ctx: &ReducerContext, caller: &Caller, request: &AiTaskFailure) -> Result<AiTaskSnapshot, DomainError> {
    module_ai::check_error(&request.error)?;
    let task = load_ai_task(ctx, request.task_id)?;
    let now = ai_micros(ctx.timestamp);
    let (step, next) = task.as_state().fail(&caller.player, &request.lease_token, request.outlook.into(), now)?;
    if step == Step::Already {
        return told_after_expiry(ctx, task, request);
    }
    let available_at = ai_instant(now.saturating_add(module_ai::retry_pause(task.attempt)));
    let task = with_booked_usage(ctx, task, request.usage)?;
    let task = AiTask { error: Some(request.error.clone()), available_at, ..task };
    let task = advance_ai_task(ctx, task, next)?;
    Ok(ai_task_snapshot(ctx, task))
}

/// A worker's account of an attempt that has ended before, either told once already, or by the end of its lease. Then it
/// takes the place of the words about that, by which the next repetition is known.
fn told_after_expiry(
    ctx: &ReducerContext,
    task: AiTask,
    request: &AiTaskFailure,
) -> Result<AiTaskSnapshot, DomainError> {
    if task.error.as_deref() != Some(LEASE_LOST) {
        return Ok(ai_task_snapshot(ctx, task));
    }
    let task = with_booked_usage(ctx, task, request.usage)?;
    let told = AiTask { error: Some(request.error.clone()), updated_at: ctx.timestamp, ..task };
    Ok(ai_task_snapshot(ctx, ctx.db.ai_task().task_id().update(told)))
}

/// The task on which the caller has a live lease, to do something that would make it `to`.
///
/// Errors: `not_found`, `conflict`, `illegal_transition`.
pub(crate) fn held_ai_task(
    ctx: &ReducerContext,
    caller: &Caller,
    task_id: Uuid,
    lease_token: &str,
) -> Result<AiTask, DomainError> {
    let task = load_ai_task(ctx, task_id)?;
    task.as_state().check_held(&caller.player, lease_token, ai_micros(ctx.timestamp), "continued")?;
    Ok(task)
}

/// Sets the timer of a running task to the end of its lease, and removes any other task's.
///
/// A timer is replaced, never changed: the engine has the old row in its queue under its number.
pub(crate) fn set_ai_lease_timer(ctx: &ReducerContext, task: &AiTask) -> Result<(), DomainError> {
    let timers = ctx.db.ai_task_lease_expiry();
    timers.task_id().delete(task.task_id);
    let (AiTaskStatus::Running, Some(holder), Some(lease_token), Some(expires_at)) =
        (task.status, task.lease_owner, task.lease_token.clone(), task.lease_expires_at)
    else {
        return Ok(());
    };
    let scheduled_at = ScheduleAt::Time(expires_at);
    let timer = AiTaskLeaseExpiry { scheduled_id: 0, scheduled_at, task_id: task.task_id, holder, lease_token };
    timers.try_insert(timer).map_err(|_| DomainError::no_fresh_id())?;
    Ok(())
}

fn find_lease(ctx: &ReducerContext, holder: Identity, token: &str) -> Option<AiTaskLeaseExpiry> {
    ctx.db.ai_task_lease_expiry().by_holder().filter((holder, token)).next()
}

impl From<AiTokenUsage> for TokenUsage {
    fn from(usage: AiTokenUsage) -> Self {
        TokenUsage { input_tokens: usage.input_tokens, output_tokens: usage.output_tokens }
    }
}

impl From<AiFailureOutlook> for Outlook {
    fn from(outlook: AiFailureOutlook) -> Self {
        match outlook {
            AiFailureOutlook::Passing => Outlook::Passing,
            AiFailureOutlook::Final => Outlook::Final,
        }
    }
}
