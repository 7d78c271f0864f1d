//! Text as it arrives: appended in sequence, never changed, read from anywhere on.
//!
//! Each attempt at a stage has a text of its own, whose sequence begins with 1. A reader that
//! knows stage, attempt and sequence number can therefore go on where it was, and sees that an
//! attempt is over when the stage has a later one; what had arrived stays.

use module_ai::{Append, check_chunk_batch, check_chunk_listing, check_chunk_text};

use crate::*;

/// A piece of a stage's text.
#[table(
    accessor = ai_text_chunk,
    index(accessor = by_sequence, btree(columns = [task_id, position, attempt, sequence]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AiTextChunk {
    /// Number of the chunk.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The task.
    pub task_id: Uuid,
    /// The task's owner.
    #[index(btree)]
    pub owner: Identity,
    /// Place of the stage.
    pub position: u32,
    /// Which attempt at the stage, from 1.
    pub attempt: u32,
    /// Place in the attempt's text, from 1 without gaps; the four together are unique.
    pub sequence: u32,
    /// The text.
    pub text: String,
    /// When it arrived.
    pub appended_at: Timestamp,
}

/// A piece of text to append.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiTextChunkAppend {
    /// The task.
    pub task_id: Uuid,
    /// Token of the lease.
    pub lease_token: String,
    /// Place of the stage, from 0.
    pub position: u32,
    /// The present attempt at the stage, as beginning it returned it.
    pub attempt: u32,
    /// Place in the attempt's text, from 1.
    pub sequence: u32,
    /// The text, from 1 byte to 16 KiB.
    pub text: String,
}

/// Pieces of text to append together, of one task or of many.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiTextChunkBatch {
    /// From 1 to 512, each as if it were alone; those of one attempt in their sequence.
    pub appends: Vec<AiTextChunkAppend>,
}

/// What became of one piece of a batch.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub enum AiTextChunkOutcome {
    /// It is stored, now or since an earlier call.
    Stored,
    /// It is not, and the others do not suffer by it.
    Refused(DomainError),
}

/// Which chunks to list.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiTextChunkListing {
    /// The task.
    pub task_id: Uuid,
    /// Place of the stage, from 0.
    pub position: u32,
    /// Which attempt at the stage, from 1.
    pub attempt: u32,
    /// The last sequence number that the caller knows, or 0.
    pub after_sequence: u32,
    /// The most chunks to return, from 1 to 256.
    pub limit: u32,
}

/// Appends a chunk and returns it. A sequence number that has been stored before is ignored and
/// returns the chunk as it was stored.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only); `invalid_argument`,
/// `limit_exceeded` (also for more than 4,096 chunks or 512 KiB in an attempt); `not_found`;
/// `conflict` if the caller does not hold the lease, it has run out, the attempt is not the
/// present one, or a chunk before this one is missing; `illegal_transition` if the task or the
/// stage is not running.
#[procedure]
pub fn append_ai_text_chunk_and_return(
    ctx: &mut ProcedureContext,
    request: AiTextChunkAppend,
) -> Result<AiTextChunk, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, None)?;
        append_chunk(tx, &caller, &request)
    })
}

/// Appends chunks of whatever tasks the caller works on, in one transaction, and says of each what
/// became of it, in their order. A worker that streams many texts at once calls this at a steady
/// pace, so that the cost of a transaction does not come with each piece.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only); `invalid_argument` or
/// `limit_exceeded` for the number of chunks. What is wrong with one chunk is in its outcome, as
/// `append_ai_text_chunk_and_return` would have it.
#[procedure]
pub fn append_ai_text_chunks_and_return(
    ctx: &mut ProcedureContext,
    request: AiTextChunkBatch,
) -> Result<Vec<AiTextChunkOutcome>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, None)?;
        append_batch(tx, &caller, &request)
    })
}

/// Lists the chunks of an attempt at a stage, in sequence. Fewer than `limit` are all there are
/// so far.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `invalid_argument`, `limit_exceeded`; `not_found`, also for what the player may not see.
#[procedure]
pub fn list_ai_task_chunks_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: AiTextChunkListing,
) -> Result<Vec<AiTextChunk>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        list_chunks(tx, &caller, &request)
    })
}

/// The text of the sender's own tasks. Subscribe with a condition on `task_id`.
#[view(accessor = my_ai_text_chunks, public, primary_key = id)]
pub fn my_ai_text_chunks(ctx: &ViewContext) -> Vec<AiTextChunk> {
    ctx.db.ai_text_chunk().owner().filter(ctx.sender()).collect()
}

fn append_chunk(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &AiTextChunkAppend,
) -> Result<AiTextChunk, DomainError> {
    check_chunk_text(&request.text)?;
    let task = held_ai_task(ctx, caller, request.task_id, &request.lease_token)?;
    let stage = load_ai_stage(ctx, task.task_id, request.position)?;
    let length = request.text.len() as u64;
    match stage.as_state().append(request.attempt, request.sequence, length)? {
        Append::Seen => {
            let place = (task.task_id, request.position, request.attempt, request.sequence);
            let stored = ctx.db.ai_text_chunk().by_sequence().filter(place).next();
            Ok(stored.ok_or(RuleError::Hidden { what: "chunk" })?)
        }
        Append::Stored(next) => {
            let chunk = AiTextChunk {
                id: 0,
                task_id: task.task_id,
                owner: task.owner,
                position: request.position,
                attempt: request.attempt,
                sequence: request.sequence,
                text: request.text.clone(),
                appended_at: ctx.timestamp,
            };
            ctx.db.ai_task_stage().id().update(stage.with_state(next));
            ctx.db.ai_text_chunk().try_insert(chunk).map_err(|_| DomainError::no_fresh_id())
        }
    }
}

/// An append refuses before it writes, so a refused one leaves nothing behind; only what the
/// engine itself cannot do ends the whole batch.
fn append_batch(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &AiTextChunkBatch,
) -> Result<Vec<AiTextChunkOutcome>, DomainError> {
    check_chunk_batch(request.appends.len())?;
    let mut outcomes = Vec::with_capacity(request.appends.len());
    for append in &request.appends {
        outcomes.push(match append_chunk(ctx, caller, append) {
            Ok(_) => AiTextChunkOutcome::Stored,
            Err(error) if error.code == DomainErrorCode::Internal => return Err(error),
            Err(refusal) => AiTextChunkOutcome::Refused(refusal),
        });
    }
    Ok(outcomes)
}

fn list_chunks(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &AiTextChunkListing,
) -> Result<Vec<AiTextChunk>, DomainError> {
    check_chunk_listing(request.limit)?;
    let task = readable_ai_task(ctx, caller, request.task_id)?;
    let stage = load_ai_stage(ctx, task.task_id, request.position)?;
    let Some(from) = request.after_sequence.checked_add(1) else {
        return Ok(Vec::new());
    };
    // Sequences have no gaps, and the engine reads a whole range before its first row arrives.
    let page = from..from.saturating_add(request.limit);
    Ok(ctx.db.ai_text_chunk().by_sequence().filter((task.task_id, stage.position, request.attempt, page)).collect())
}
