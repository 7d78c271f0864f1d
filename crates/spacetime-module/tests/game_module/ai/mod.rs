//! Generation tasks: asked for by players, worked on by facades under leases.

mod feeds;
mod leases;
mod queues;
mod quotas;
mod stages;
mod tasks;
mod text;

use spacetime_module::*;
use spacetimedb::{Table, Uuid};

use crate::world::{Actor, World};

/// A valid request for a task of two stages, told apart from others by `name`.
pub fn task_request(name: &str) -> AiTaskCreation {
    let stage = |key: &str, title: &str| AiStagePlan { key: key.to_owned(), title: title.to_owned() };
    AiTaskCreation {
        idempotency_key: format!("task-{name}"),
        kind: "world-outline".to_owned(),
        request: format!("{{\"theme\": \"{name}\"}}"),
        stages: vec![stage("outline", "Outline"), stage("chapters", "Chapters")],
        attempts_max: 2,
    }
}

pub fn create(world: &World, player: Actor, request: AiTaskCreation) -> Result<AiTaskSnapshot, DomainError> {
    world.call(Actor::Service, |ctx| create_ai_task_and_return(ctx, Some(player.identity()), request))
}

/// A pending task of `player`.
pub fn pending_task(world: &World, player: Actor, name: &str) -> AiTask {
    create(world, player, task_request(name)).unwrap().task
}

/// A task of `player` on which the Service has a lease of 60 seconds under the token `lease`.
pub fn running_task(world: &World, player: Actor, name: &str) -> AiTask {
    let task = pending_task(world, player, name);
    start(world, task.task_id, "lease").unwrap().task
}

pub fn start(world: &World, task_id: Uuid, token: &str) -> Result<AiTaskSnapshot, DomainError> {
    world.call(Actor::Service, |ctx| start_ai_task_and_return(ctx, lease_of(task_id, token)))
}

pub fn lease_of(task_id: Uuid, token: &str) -> AiTaskStart {
    AiTaskStart { task_id, lease_token: token.to_owned(), lease_seconds: 60 }
}

pub fn lease_next(world: &World, kinds: &[&str], token: &str) -> Result<Option<AiTaskSnapshot>, DomainError> {
    let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let request = AiTaskLeaseRequest { kinds, lease_token: token.to_owned(), lease_seconds: 60 };
    world.call(Actor::Service, |ctx| lease_next_ai_task_and_return(ctx, request))
}

pub fn stage_start(task_id: Uuid, token: &str, position: u32) -> AiStageStart {
    AiStageStart { task_id, lease_token: token.to_owned(), position }
}

pub fn start_stage(world: &World, task_id: Uuid, token: &str, position: u32) -> Result<AiTaskStage, DomainError> {
    world.call(Actor::Service, |ctx| start_ai_task_stage_and_return(ctx, stage_start(task_id, token, position)))
}

pub fn stage_completion(task_id: Uuid, token: &str, position: u32) -> AiStageCompletion {
    let usage = AiTokenUsage { input_tokens: 100, output_tokens: 7 };
    AiStageCompletion { task_id, lease_token: token.to_owned(), position, usage }
}

pub fn complete_stage(world: &World, task_id: Uuid, token: &str, position: u32) -> Result<AiTaskStage, DomainError> {
    world.call(Actor::Service, |ctx| complete_ai_stage_and_return(ctx, stage_completion(task_id, token, position)))
}

pub fn chunk(task_id: Uuid, token: &str, attempt: u32, sequence: u32) -> AiTextChunkAppend {
    let text = format!("text {attempt}.{sequence}");
    AiTextChunkAppend { task_id, lease_token: token.to_owned(), position: 0, attempt, sequence, text }
}

pub fn usage(input_tokens: u64, output_tokens: u64) -> AiTokenUsage {
    AiTokenUsage { input_tokens, output_tokens }
}

pub fn append_all(world: &World, appends: Vec<AiTextChunkAppend>) -> Result<Vec<AiTextChunkOutcome>, DomainError> {
    world.call(Actor::Service, |ctx| append_ai_text_chunks_and_return(ctx, AiTextChunkBatch { appends }))
}

pub fn append(world: &World, request: AiTextChunkAppend) -> Result<AiTextChunk, DomainError> {
    world.call(Actor::Service, |ctx| append_ai_text_chunk_and_return(ctx, request))
}

/// The sequence numbers and texts of an attempt at the first stage.
pub fn text_of(world: &World, task_id: Uuid, attempt: u32) -> Vec<(u32, String)> {
    let request = AiTextChunkListing { task_id, position: 0, attempt, after_sequence: 0, limit: 256 };
    let chunks = world.call(Actor::Service, |ctx| list_ai_task_chunks_and_return(ctx, None, request)).unwrap();
    chunks.into_iter().map(|chunk| (chunk.sequence, chunk.text)).collect()
}

pub fn attachment(task_id: Uuid, token: &str, result_id: &str) -> AiResultAttachment {
    AiResultAttachment {
        task_id,
        lease_token: token.to_owned(),
        position: Some(1),
        result_kind: "asset_object".to_owned(),
        result_id: result_id.to_owned(),
    }
}

pub fn completion(task_id: Uuid, token: &str) -> AiTaskCompletion {
    let usage = AiTokenUsage { input_tokens: 1, output_tokens: 2 };
    AiTaskCompletion { task_id, lease_token: token.to_owned(), usage }
}

pub fn complete(world: &World, task_id: Uuid, token: &str) -> Result<AiTaskSnapshot, DomainError> {
    world.call(Actor::Service, |ctx| complete_ai_task_and_return(ctx, completion(task_id, token)))
}

pub fn failure(task_id: Uuid, token: &str, outlook: AiFailureOutlook) -> AiTaskFailure {
    let usage = AiTokenUsage { input_tokens: 10, output_tokens: 20 };
    let error = "The model was busy.".to_owned();
    AiTaskFailure { task_id, lease_token: token.to_owned(), error, outlook, usage }
}

pub fn fail(
    world: &World,
    task_id: Uuid,
    token: &str,
    outlook: AiFailureOutlook,
) -> Result<AiTaskSnapshot, DomainError> {
    world.call(Actor::Service, |ctx| fail_ai_task_and_return(ctx, failure(task_id, token, outlook)))
}

pub fn cancel(world: &World, actor: Actor, task_id: Uuid) -> Result<AiTaskSnapshot, DomainError> {
    world.call(actor, |ctx| cancel_ai_task_and_return(ctx, None, task_id))
}

pub fn read(world: &World, task_id: Uuid) -> AiTaskSnapshot {
    world.call(Actor::Service, |ctx| read_ai_task_and_return(ctx, None, task_id)).unwrap()
}

/// Works through both stages of a task that the lease holds, and completes it.
pub fn work_through(world: &World, task_id: Uuid, token: &str) -> AiTaskSnapshot {
    for position in 0..2 {
        start_stage(world, task_id, token, position).unwrap();
        complete_stage(world, task_id, token, position).unwrap();
    }
    complete(world, task_id, token).unwrap()
}

/// The timer of the only running task.
pub fn lease_timer(world: &World) -> AiTaskLeaseExpiry {
    let timers: Vec<_> = world.test.db.ai_task_lease_expiry().iter().collect();
    let [timer] = timers.try_into().unwrap();
    timer
}
