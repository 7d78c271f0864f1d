//! Between rows, the rules' states, and the snapshot that callers receive.

use module_ai::{Lease, StageState, StageStatus, TaskState, TaskStatus};

use crate::*;

/// A task as it stands, with everything but its text.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiTaskSnapshot {
    /// The task.
    pub task: AiTask,
    /// Its stages in their order.
    pub stages: Vec<AiTaskStage>,
    /// What it has made.
    pub results: Vec<AiResultReference>,
}

/// A task with its stages and results as they stand.
pub(crate) fn ai_task_snapshot(ctx: &ReducerContext, task: AiTask) -> AiTaskSnapshot {
    let stages = ai_stages_of(ctx, task.task_id);
    let results = ctx.db.ai_result_reference().by_result().filter(task.task_id).collect();
    AiTaskSnapshot { task, stages, results }
}

/// Microseconds since the epoch, as the rules count.
pub(crate) fn ai_micros(time: Timestamp) -> i64 {
    time.to_micros_since_unix_epoch()
}

/// The time that is so many microseconds after the epoch.
pub(crate) fn ai_instant(micros: i64) -> Timestamp {
    Timestamp::from_micros_since_unix_epoch(micros)
}

impl AiTask {
    /// What the rules know of the row.
    pub(crate) fn as_state(&self) -> TaskState<Identity> {
        let lease = match (self.lease_owner, &self.lease_token, self.lease_expires_at) {
            (Some(holder), Some(token), Some(expires_at)) => {
                Some(Lease { holder, token: token.clone(), expires_at: ai_micros(expires_at) })
            }
            _ => None,
        };
        let (attempt, attempts_max) = (self.attempt, self.attempts_max);
        TaskState { status: self.status.into(), attempt, attempts_max, lease }
    }

    /// The row with what the rules decided.
    pub(crate) fn with_state(self, state: TaskState<Identity>) -> AiTask {
        let (lease_owner, lease_token, lease_expires_at) = match state.lease {
            Some(lease) => (Some(lease.holder), Some(lease.token), Some(ai_instant(lease.expires_at))),
            None => (None, None, None),
        };
        let (status, attempt) = (state.status.into(), state.attempt);
        AiTask { status, attempt, lease_owner, lease_token, lease_expires_at, ..self }
    }
}

impl AiTaskStage {
    /// What the rules know of the row.
    pub(crate) fn as_state(&self) -> StageState {
        StageState {
            status: self.status.into(),
            attempt: self.attempt,
            next_sequence: self.next_sequence,
            text_bytes: self.text_bytes,
        }
    }

    /// The row with what the rules decided.
    pub(crate) fn with_state(self, state: StageState) -> AiTaskStage {
        AiTaskStage {
            status: state.status.into(),
            attempt: state.attempt,
            next_sequence: state.next_sequence,
            text_bytes: state.text_bytes,
            ..self
        }
    }
}

impl From<AiTaskStatus> for TaskStatus {
    fn from(status: AiTaskStatus) -> Self {
        match status {
            AiTaskStatus::Pending => TaskStatus::Pending,
            AiTaskStatus::Running => TaskStatus::Running,
            AiTaskStatus::Completed => TaskStatus::Completed,
            AiTaskStatus::Failed => TaskStatus::Failed,
            AiTaskStatus::Cancelled => TaskStatus::Cancelled,
        }
    }
}

impl From<TaskStatus> for AiTaskStatus {
    fn from(status: TaskStatus) -> Self {
        match status {
            TaskStatus::Pending => AiTaskStatus::Pending,
            TaskStatus::Running => AiTaskStatus::Running,
            TaskStatus::Completed => AiTaskStatus::Completed,
            TaskStatus::Failed => AiTaskStatus::Failed,
            TaskStatus::Cancelled => AiTaskStatus::Cancelled,
        }
    }
}

impl From<AiStageStatus> for StageStatus {
    fn from(status: AiStageStatus) -> Self {
        match status {
            AiStageStatus::Pending => StageStatus::Pending,
            AiStageStatus::Running => StageStatus::Running,
            AiStageStatus::Completed => StageStatus::Completed,
            AiStageStatus::Failed => StageStatus::Failed,
            AiStageStatus::Cancelled => StageStatus::Cancelled,
        }
    }
}

impl From<StageStatus> for AiStageStatus {
    fn from(status: StageStatus) -> Self {
        match status {
            StageStatus::Pending => AiStageStatus::Pending,
            StageStatus::Running => AiStageStatus::Running,
            StageStatus::Completed => AiStageStatus::Completed,
            StageStatus::Failed => AiStageStatus::Failed,
            StageStatus::Cancelled => AiStageStatus::Cancelled,
        }
    }
}
