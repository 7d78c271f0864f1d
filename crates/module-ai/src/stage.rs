//! The life of a stage, and of the text of its attempts.

use module_rules::{RuleError, check_same};

use crate::chunk::decide_append;
use crate::{Append, Step, TaskStatus};

/// How far a stage has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StageStatus {
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

impl StageStatus {
    /// Every state.
    pub const ALL: [StageStatus; 5] = [
        StageStatus::Pending,
        StageStatus::Running,
        StageStatus::Completed,
        StageStatus::Failed,
        StageStatus::Cancelled,
    ];

    /// The state's name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            StageStatus::Pending => "pending",
            StageStatus::Running => "running",
            StageStatus::Completed => "completed",
            StageStatus::Failed => "failed",
            StageStatus::Cancelled => "cancelled",
        }
    }

    /// What becomes of a stage in this state as its task stops running or is cancelled.
    pub const fn after_task(self, task: TaskStatus) -> StageStatus {
        match (self, task) {
            (StageStatus::Running, TaskStatus::Pending | TaskStatus::Failed) => StageStatus::Failed,
            (StageStatus::Pending, TaskStatus::Failed) => StageStatus::Cancelled,
            (StageStatus::Pending | StageStatus::Running, TaskStatus::Cancelled) => StageStatus::Cancelled,
            (unchanged, _) => unchanged,
        }
    }
}

/// Decides the step of a stage from one state to another.
///
/// Errors: `IllegalTransition`.
pub fn transition_stage(from: StageStatus, to: StageStatus) -> Result<Step, RuleError> {
    use StageStatus::{Cancelled, Completed, Failed, Pending, Running};
    match (from, to) {
        (Pending, Pending)
        | (Running, Running)
        | (Completed, Completed)
        | (Failed, Failed)
        | (Cancelled, Cancelled) => Ok(Step::Already),
        (Pending | Failed, Running) | (Pending, Cancelled) | (Running, Completed | Failed | Cancelled) => {
            Ok(Step::Moved)
        }
        (Pending, Completed | Failed)
        | (Running, Pending)
        | (Completed, Pending | Running | Failed | Cancelled)
        | (Failed, Pending | Completed | Cancelled)
        | (Cancelled, Pending | Running | Completed | Failed) => Err(illegal(from.name(), to.name())),
    }
}

/// A stage and the text of its present attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageState {
    /// How far it has come.
    pub status: StageStatus,
    /// How often it has been begun; each attempt has a text of its own.
    pub attempt: u32,
    /// Sequence number that the next chunk of the present attempt must have, from 1.
    pub next_sequence: u32,
    /// Length of the present attempt's text in bytes.
    pub text_bytes: u64,
}

impl StageState {
    /// A stage that nobody has begun.
    pub const NEW: StageState =
        StageState { status: StageStatus::Pending, attempt: 0, next_sequence: 1, text_bytes: 0 };

    /// Begins the stage, or begins it again: the new attempt's text begins empty.
    ///
    /// Errors: `IllegalTransition` if it is completed or cancelled.
    pub fn start(&self) -> Result<(Step, StageState), RuleError> {
        match transition_stage(self.status, StageStatus::Running)? {
            Step::Already => Ok((Step::Already, *self)),
            Step::Moved => {
                let attempt = self.attempt.saturating_add(1);
                Ok((Step::Moved, StageState { status: StageStatus::Running, attempt, ..StageState::NEW }))
            }
        }
    }

    /// Decides an append; see [`Append`].
    ///
    /// Errors: `Differs` for another attempt than the present one, and for a sequence number
    /// behind a gap; `IllegalTransition` if the stage is not being worked on; `AboveLimit`;
    /// `Malformed`.
    pub fn append(&self, attempt: u32, sequence: u32, length: u64) -> Result<Append, RuleError> {
        decide_append(self, attempt, sequence, length)
    }

    /// Ends the stage well.
    ///
    /// Errors: `IllegalTransition` unless it is being worked on or completed.
    pub fn complete(&self) -> Result<(Step, StageState), RuleError> {
        let step = transition_stage(self.status, StageStatus::Completed)?;
        Ok((step, StageState { status: StageStatus::Completed, ..*self }))
    }

    /// Errors: `IllegalTransition` unless the stage is being worked on.
    pub(crate) fn check_running(&self, to: &'static str) -> Result<(), RuleError> {
        match self.status {
            StageStatus::Running => Ok(()),
            other => Err(illegal(other.name(), to)),
        }
    }
}

/// Stages are worked on in their order, so only one is at a time.
///
/// Errors: `Differs` unless every one of the `earlier` stages is completed.
pub fn check_earlier_completed(earlier: impl IntoIterator<Item = StageStatus>) -> Result<(), RuleError> {
    check_completed("Each stage before this one", earlier)
}

/// Errors: `Differs` unless every one of the `stages` of a task to complete is completed.
pub fn check_all_completed(stages: impl IntoIterator<Item = StageStatus>) -> Result<(), RuleError> {
    check_completed("Each stage of a task to complete", stages)
}

fn check_completed(what: &'static str, stages: impl IntoIterator<Item = StageStatus>) -> Result<(), RuleError> {
    stages.into_iter().try_for_each(|status| check_same(what, StageStatus::Completed.name(), status.name()))
}

const fn illegal(from: &'static str, to: &'static str) -> RuleError {
    RuleError::IllegalTransition { what: "A stage", from, to, advice: "" }
}
