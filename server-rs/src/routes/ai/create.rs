//! Asking for a task.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header::LOCATION};
use axum::response::IntoResponse;
use serde::Deserialize;
use worldloom_client::{AiStagePlan, AiTaskCreation};

use super::record::TaskRecord;
use crate::ai::recipes::Recipe;
use crate::app::App;
use crate::auth::Player;
use crate::problem::Problem;
use crate::routes::extract;
use crate::routes::idempotency_key::IdempotencyKey;

/// A task to create.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskRequest {
    /// What is to be made: `text`, or one of the kinds that docs/ai.md lists.
    #[schema(pattern = "^[a-z0-9][a-z0-9._-]*$", max_length = 64, example = "text")]
    kind: String,
    /// Text or JSON, as the kind asks; at most 32 KiB.
    #[schema(min_length = 1, example = "A lullaby for a lighthouse keeper.")]
    request: String,
    /// The stages in their order, at most 16; those of the kind, if left out.
    #[serde(default)]
    stages: Vec<StageRequest>,
    /// How often a worker may begin it, from 1 to 5.
    #[serde(default = "two")]
    #[schema(minimum = 1, maximum = 5, example = 2)]
    attempts_max: u32,
}

/// One stage to go through.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StageRequest {
    /// Unique within the task.
    #[schema(example = "song")]
    key: String,
    /// For people.
    #[schema(example = "The song")]
    title: String,
}

fn two() -> u32 {
    2
}

/// Asks for a task. It waits until a worker takes it; follow it at `/ai/tasks/{task_id}/events`.
#[utoipa::path(
    post, path = "/ai/tasks", tag = "ai", operation_id = "create_task",
    request_body = TaskRequest,
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, fresh for each task: the same key and request give the same answer",
         min_length = 1, max_length = 128, pattern = "^[!-~]+$", example = "0194f0c5-0000-7000-8000-0000000000aa")),
    security(("player" = [])),
    responses(
        (status = 201, description = "The task", body = TaskRecord, headers(("Location" = String, description = "Path of the task"))),
        (status = 409),
    )
)]
pub async fn create(
    State(app): State<App>,
    Player(player): Player,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    extract::Json(request): extract::Json<TaskRequest>,
) -> Result<impl IntoResponse, Problem> {
    let TaskRequest { kind, request, stages, attempts_max } = request;
    let mut stages: Vec<_> = stages.into_iter().map(|StageRequest { key, title }| AiStagePlan { key, title }).collect();
    if let (true, Some(recipe)) = (stages.is_empty(), Recipe::of_kind(&kind)) {
        stages.extend(recipe.stages().iter().map(|key| AiStagePlan { key: (*key).into(), title: (*key).into() }));
    }
    let creation = AiTaskCreation { idempotency_key, kind, request, stages, attempts_max };
    let record = TaskRecord::from(app.node.create_task(player, creation).await?);
    let location = format!("/ai/tasks/{}", record.task_id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(record)))
}
