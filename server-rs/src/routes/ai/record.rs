//! A task as clients of the HTTP API see it.

use serde::Serialize;
use uuid::Uuid;
use worldloom_client::{AiStageStatus, AiTaskSnapshot, AiTaskStage, AiTaskStatus};

/// How far a task or a stage has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkStatus {
    /// It waits.
    Pending,
    /// A worker is at it.
    Running,
    /// It has come to its end.
    Completed,
    /// It has come to nothing.
    Failed,
    /// It was given up.
    Cancelled,
}

impl WorkStatus {
    /// Whether nothing more will happen.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// A generation task.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TaskRecord {
    /// The task.
    pub task_id: Uuid,
    /// What is to be made.
    #[schema(example = "text")]
    pub kind: String,
    /// How far it has come.
    pub status: WorkStatus,
    /// How often a worker has begun it.
    #[schema(example = 1)]
    pub attempt: u32,
    /// How often a worker may begin it.
    #[schema(example = 2)]
    pub attempts_max: u32,
    /// What went wrong last.
    pub error: Option<String>,
    /// Tokens that models have read for it.
    #[schema(example = 58)]
    pub input_tokens: u64,
    /// Tokens that models have written for it.
    #[schema(example = 214)]
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
    #[schema(example = 0)]
    pub position: u32,
    /// What it is.
    #[schema(example = "song")]
    pub key: String,
    /// For people.
    #[schema(example = "The song")]
    pub title: String,
    /// How far it has come.
    pub status: WorkStatus,
    /// How often it has been begun; each attempt has a text of its own.
    #[schema(example = 1)]
    pub attempt: u32,
}

/// Something that a task has made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ResultRecord {
    /// What it is.
    #[schema(example = "world_draft")]
    pub kind: String,
    /// Its id.
    #[schema(example = "draft-1")]
    pub id: String,
}

/// One event of a task's stream.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes events, which are written by their parts")]
pub struct TaskEvent {
    /// What kind of event it is.
    #[schema(example = "text")]
    event: EventName,
    /// Only of `text`: its place, to be sent back as `Last-Event-ID`.
    #[schema(example = "0.1.17")]
    id: Option<String>,
    /// JSON: a StageEvent, a TextEvent or an EndEvent, by the event's kind.
    #[schema(example = r#"{"position":0,"attempt":1,"sequence":17,"text":"the lamp turns"}"#)]
    data: String,
}

/// The kinds of events.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the names, which are written where the events are")]
enum EventName {
    Stage,
    Text,
    End,
}

/// Data of the event `stage`: a stage begins or ends.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StageEvent<'a> {
    /// Place in the task, from 0.
    #[schema(example = 0)]
    pub position: u32,
    /// What it is.
    #[schema(example = "song")]
    pub key: &'a str,
    /// How far it has come.
    pub status: WorkStatus,
    /// How often it has been begun.
    #[schema(example = 1)]
    pub attempt: u32,
}

/// Data of the event `text`: a piece of a stage's text. The event's id is position, attempt and sequence, with points.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TextEvent<'a> {
    /// The stage.
    #[schema(example = 0)]
    pub position: u32,
    /// Its attempt; the text of each begins anew.
    #[schema(example = 1)]
    pub attempt: u32,
    /// Number of the piece, from 1.
    #[schema(example = 17)]
    pub sequence: u32,
    /// The piece.
    #[schema(example = "the lamp turns")]
    pub text: &'a str,
}

/// Data of the event `end`: how the task ended. The stream ends with it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EndEvent<'a> {
    /// How it ended.
    pub status: WorkStatus,
    /// What went wrong last.
    pub error: Option<&'a str>,
    /// Tokens that models have read for it.
    #[schema(example = 58)]
    pub input_tokens: u64,
    /// Tokens that models have written for it.
    #[schema(example = 214)]
    pub output_tokens: u64,
}

impl From<AiTaskStatus> for WorkStatus {
    fn from(status: AiTaskStatus) -> Self {
        match status {
            AiTaskStatus::Pending => Self::Pending,
            AiTaskStatus::Running => Self::Running,
            AiTaskStatus::Completed => Self::Completed,
            AiTaskStatus::Failed => Self::Failed,
            AiTaskStatus::Cancelled => Self::Cancelled,
        }
    }
}

impl From<AiStageStatus> for WorkStatus {
    fn from(status: AiStageStatus) -> Self {
        match status {
            AiStageStatus::Pending => Self::Pending,
            AiStageStatus::Running => Self::Running,
            AiStageStatus::Completed => Self::Completed,
            AiStageStatus::Failed => Self::Failed,
            AiStageStatus::Cancelled => Self::Cancelled,
        }
    }
}

impl From<AiTaskSnapshot> for TaskRecord {
    fn from(AiTaskSnapshot { task, stages, results }: AiTaskSnapshot) -> Self {
        Self {
            task_id: Uuid::from_u128(task.task_id.as_u128()),
            kind: task.kind,
            status: task.status.into(),
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
        Self { position, key, title, status: status.into(), attempt }
    }
}
