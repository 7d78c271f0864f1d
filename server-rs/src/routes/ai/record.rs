//! A task as clients of the HTTP API see it.

use serde::Serialize;
use uuid::Uuid;
use worldloom_client::{AiStageStatus, AiTaskSnapshot, AiTaskStage, AiTaskStatus};

/// A generation task.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TaskRecord {
    /// The task.
    pub task_id: Uuid,
    /// What is to be made.
    pub kind: String,
    /// `pending`, `running`, `completed`, `failed` or `cancelled`.
    pub status: &'static str,
    /// How often a worker has begun it.
    pub attempt: u32,
    /// How often a worker may begin it.
    pub attempts_max: u32,
    /// What went wrong last.
    pub error: Option<String>,
    /// Tokens that models have read for it.
    pub input_tokens: u64,
    /// Tokens that models have written for it.
    pub output_tokens: u64,
    /// Its stages in their order.
    pub stages: Vec<StageRecord>,
    /// What it has made.
    pub results: Vec<ResultRecord>,
}

/// A stage of a task.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StageRecord {
    /// Place in the task, from 0.
    pub position: u32,
    /// What it is.
    pub key: String,
    /// For people.
    pub title: String,
    /// `pending`, `running`, `completed`, `failed` or `cancelled`.
    pub status: &'static str,
    /// How often it has been begun; each attempt has a text of its own.
    pub attempt: u32,
}

/// Something that a task has made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ResultRecord {
    /// What it is.
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// A task's status in the API's words.
pub fn task_status(status: AiTaskStatus) -> &'static str {
    match status {
        AiTaskStatus::Pending => "pending",
        AiTaskStatus::Running => "running",
        AiTaskStatus::Completed => "completed",
        AiTaskStatus::Failed => "failed",
        AiTaskStatus::Cancelled => "cancelled",
    }
}

/// A stage's status in the API's words.
pub fn stage_status(status: AiStageStatus) -> &'static str {
    match status {
        AiStageStatus::Pending => "pending",
        AiStageStatus::Running => "running",
        AiStageStatus::Completed => "completed",
        AiStageStatus::Failed => "failed",
        AiStageStatus::Cancelled => "cancelled",
    }
}

impl From<AiTaskSnapshot> for TaskRecord {
    fn from(AiTaskSnapshot { task, stages, results }: AiTaskSnapshot) -> Self {
        Self {
            task_id: Uuid::from_u128(task.task_id.as_u128()),
            kind: task.kind,
            status: task_status(task.status),
            attempt: task.attempt,
            attempts_max: task.attempts_max,
            error: task.error,
            input_tokens: task.input_tokens,
            output_tokens: task.output_tokens,
            stages: stages.into_iter().map(StageRecord::from).collect(),
            results: results
                .into_iter()
                .map(|result| ResultRecord { kind: result.result_kind, id: result.result_id })
                .collect(),
        }
    }
}

impl From<AiTaskStage> for StageRecord {
    fn from(AiTaskStage { position, key, title, status, attempt, .. }: AiTaskStage) -> Self {
        Self { position, key, title, status: stage_status(status), attempt }
    }
}
