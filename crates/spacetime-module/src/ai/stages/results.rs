//! References to what a task has made.

use crate::*;

/// Something that a task has made.
#[table(
    accessor = ai_result_reference,
    index(accessor = by_result, btree(columns = [task_id, result_kind, result_id]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AiResultReference {
    /// Number of the reference.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The task.
    pub task_id: Uuid,
    /// The task's owner.
    #[index(btree)]
    pub owner: Identity,
    /// Place of the stage that made it, if it was one stage's work.
    pub position: Option<u32>,
    /// What was made, such as `asset_object`.
    pub result_kind: String,
    /// Its id; unique in the task together with the kind.
    pub result_id: String,
    /// When it was attached.
    pub attached_at: Timestamp,
}

/// A result to attach.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiResultAttachment {
    /// The task.
    pub task_id: Uuid,
    /// Token of the lease.
    pub lease_token: String,
    /// Place of the stage that made it, if it was one stage's work.
    pub position: Option<u32>,
    /// What was made: lower-case letters, digits and ._-, at most 64 bytes.
    pub result_kind: String,
    /// Its id: letters, digits and ._:-, at most 128 bytes.
    pub result_id: String,
}

/// Attaches a reference to something that the task has made, and returns it; attaching it again
/// returns it unchanged. Nobody checks that the thing exists: the worker has made it.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only); `invalid_argument`,
/// `limit_exceeded` (also for more than 64 results of a task); `not_found`, also for the stage;
/// `conflict` if the caller does not hold the lease or it has run out; `illegal_transition` if
/// the task is not running.
#[procedure]
pub fn attach_ai_result_reference_and_return(
    ctx: &mut ProcedureContext,
    request: AiResultAttachment,
) -> Result<AiResultReference, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, None)?;
        attach_result(tx, &caller, &request)
    })
}

/// References to what the sender's own tasks have made.
#[view(accessor = my_ai_result_references, public, primary_key = id)]
pub fn my_ai_result_references(ctx: &ViewContext) -> Vec<AiResultReference> {
    ctx.db.ai_result_reference().owner().filter(ctx.sender()).collect()
}

fn attach_result(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &AiResultAttachment,
) -> Result<AiResultReference, DomainError> {
    module_ai::check_result(&request.result_kind, &request.result_id)?;
    let task = held_ai_task(ctx, caller, request.task_id, &request.lease_token)?;
    if let Some(position) = request.position {
        load_ai_stage(ctx, task.task_id, position)?;
    }
    let references = ctx.db.ai_result_reference();
    let place = (task.task_id, request.result_kind.as_str(), request.result_id.as_str());
    if let Some(attached) = references.by_result().filter(place).next() {
        return Ok(attached);
    }
    module_ai::check_result_count(references.by_result().filter(task.task_id).count() as u64)?;
    let reference = AiResultReference {
        id: 0,
        task_id: task.task_id,
        owner: task.owner,
        position: request.position,
        result_kind: request.result_kind.clone(),
        result_id: request.result_id.clone(),
        attached_at: ctx.timestamp,
    };
    references.try_insert(reference).map_err(|_| DomainError::no_fresh_id())
}
