//! The life of a task: pending, leased and worked on, ended or given back.

use module_rules::{RuleError, TextRule};

use crate::{Lease, lease_expiry};

/// Longest account of a failure, in bytes.
pub const ERROR_LENGTH_MAX: usize = 2_048;
/// The account of a failure for which no worker was there to give one.
pub const LEASE_LOST: &str = "The worker's lease ran out.";
/// How long a task that failed for the first time waits before it is tried again: 2 s, in
/// microseconds. The pause doubles with each attempt.
pub const RETRY_PAUSE_MICROS: i64 = 2_000_000;
/// The longest such pause: one minute.
pub const RETRY_PAUSE_MAX_MICROS: i64 = 60_000_000;

const ERROR: TextRule = TextRule {
    field: "error",
    length: "The length of `error` in bytes",
    length_max: ERROR_LENGTH_MAX,
    rule: "say what went wrong",
    accepts: |text| !text.trim().is_empty(),
};

/// How far a task has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskStatus {
    /// Waits for a worker.
    Pending,
    /// A worker holds its lease.
    Running,
    /// Done.
    Completed,
    /// Given up.
    Failed,
    /// Its owner no longer wants it.
    Cancelled,
}

impl TaskStatus {
    /// Every state.
    pub const ALL: [TaskStatus; 5] =
        [TaskStatus::Pending, TaskStatus::Running, TaskStatus::Completed, TaskStatus::Failed, TaskStatus::Cancelled];
    /// The states in which a task waits or is worked on.
    pub const OPEN: [TaskStatus; 2] = [TaskStatus::Pending, TaskStatus::Running];
    /// The states in which nothing happens to a task any more.
    pub const FINISHED: [TaskStatus; 3] = [TaskStatus::Completed, TaskStatus::Failed, TaskStatus::Cancelled];

    /// The state's name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            TaskStatus::Pending => "pending",
            TaskStatus::Running => "running",
            TaskStatus::Completed => "completed",
            TaskStatus::Failed => "failed",
            TaskStatus::Cancelled => "cancelled",
        }
    }

    /// Whether nothing happens to the task any more.
    pub const fn is_finished(self) -> bool {
        matches!(self, TaskStatus::Completed | TaskStatus::Failed | TaskStatus::Cancelled)
    }
}

/// What a legal transition does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is already there: a repeated request, to be answered like the first.
    Already,
    /// It moves.
    Moved,
}

/// Whether another attempt may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// It may: the model was busy, the stream broke.
    Passing,
    /// It would not: the request cannot be answered.
    Final,
}

/// Decides the step of a task from one state to another.
///
/// Errors: `IllegalTransition`.
pub fn transition_task(from: TaskStatus, to: TaskStatus) -> Result<Step, RuleError> {
    use TaskStatus::{Cancelled, Completed, Failed, Pending, Running};
    match (from, to) {
        (Pending, Pending)
        | (Running, Running)
        | (Completed, Completed)
        | (Failed, Failed)
        | (Cancelled, Cancelled) => Ok(Step::Already),
        (Pending, Running | Cancelled) | (Running, Pending | Completed | Failed | Cancelled) => Ok(Step::Moved),
        (Pending, Completed | Failed)
        | (Completed, Pending | Running | Failed | Cancelled)
        | (Failed, Pending | Running | Completed | Cancelled)
        | (Cancelled, Pending | Running | Completed | Failed) => Err(illegal(from, to.name())),
    }
}

/// A task's state and its lease. Each method gives the state after a step, or refuses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskState<P> {
    /// How far it has come.
    pub status: TaskStatus,
    /// How often a worker has begun it.
    pub attempt: u32,
    /// How often a worker may begin it.
    pub attempts_max: u32,
    /// The present lease while the task runs, and the last one afterwards, so that a worker that
    /// did not hear the answer to its last call is recognised when it asks again.
    pub lease: Option<Lease<P>>,
}

impl<P: PartialEq + Clone> TaskState<P> {
    /// Gives the lease to `holder` under `token` for so many seconds from `now`.
    ///
    /// A lease that has run out stands in nobody's way, even if the schedule has not come round.
    /// Errors: `Differs` if another worker holds the task, or if the token is that of the last
    /// lease (its delayed messages could not be told from those of the new one);
    /// `IllegalTransition` if the task is finished.
    pub fn begin(&self, holder: P, token: &str, seconds: u32, now: i64) -> Result<(Step, TaskState<P>), RuleError> {
        let present = self.after_expiry(now).unwrap_or_else(|| self.clone());
        let last_is_same = present.lease.as_ref().is_some_and(|lease| lease.is_of(&holder, token));
        match transition_task(present.status, TaskStatus::Running)? {
            Step::Already if last_is_same => Ok((Step::Already, present)),
            Step::Already => Err(differs("The task to start", "free", "held by another lease")),
            Step::Moved if last_is_same => Err(differs("The lease token", "a new one", "that of the last lease")),
            Step::Moved => {
                let lease = Lease { holder, token: token.to_owned(), expires_at: lease_expiry(now, seconds) };
                let attempt = present.attempt.saturating_add(1);
                Ok((Step::Moved, TaskState { status: TaskStatus::Running, attempt, lease: Some(lease), ..present }))
            }
        }
    }

    /// Errors: `IllegalTransition` to the state `to` unless the task is running; `Differs` unless
    /// `holder` has its lease under `token` and the lease has not run out.
    pub fn check_held(&self, holder: &P, token: &str, now: i64, to: &'static str) -> Result<(), RuleError> {
        let lease = match (self.status, &self.lease) {
            (TaskStatus::Running, Some(lease)) => lease,
            _ => return Err(illegal(self.status, to)),
        };
        if !lease.is_of(holder, token) {
            return Err(differs("The lease", "the task's present one", "another one"));
        }
        if lease.has_run_out(now) {
            return Err(differs("The lease", "live", "run out"));
        }
        Ok(())
    }

    /// Lets the lease run from `now` for so many seconds; never shortens it.
    ///
    /// Errors: as [`TaskState::check_held`].
    pub fn renew(&self, holder: &P, token: &str, seconds: u32, now: i64) -> Result<TaskState<P>, RuleError> {
        self.check_held(holder, token, now, "renewed")?;
        let lease = self.lease.clone().map(|lease| {
            let expires_at = lease.expires_at.max(lease_expiry(now, seconds));
            Lease { expires_at, ..lease }
        });
        Ok(TaskState { lease, ..self.clone() })
    }

    /// Ends the task well. The holder may repeat it.
    ///
    /// Errors: as [`TaskState::check_held`].
    pub fn complete(&self, holder: &P, token: &str, now: i64) -> Result<(Step, TaskState<P>), RuleError> {
        self.end(holder, token, now, TaskStatus::Completed)
    }

    /// Gives the task up, or back for another attempt if that may help and one is left. The
    /// holder may repeat it.
    ///
    /// Errors: as [`TaskState::check_held`].
    pub fn fail(&self, holder: &P, token: &str, outlook: Outlook, now: i64) -> Result<(Step, TaskState<P>), RuleError> {
        let to = match outlook {
            Outlook::Passing => self.after_lost_attempt(),
            Outlook::Final => TaskStatus::Failed,
        };
        self.end(holder, token, now, to)
    }

    /// Ends the task for its owner, whoever works on it.
    ///
    /// Errors: `IllegalTransition` if it has been completed or has failed.
    pub fn cancel(&self, now: i64) -> Result<(Step, TaskState<P>), RuleError> {
        match transition_task(self.status, TaskStatus::Cancelled)? {
            Step::Already => Ok((Step::Already, self.clone())),
            Step::Moved => Ok((Step::Moved, self.ended(TaskStatus::Cancelled, now))),
        }
    }

    /// The state after the lease has run out, if it has by `now`.
    pub fn after_expiry(&self, now: i64) -> Option<TaskState<P>> {
        let lease = self.lease.as_ref()?;
        let is_over = self.status == TaskStatus::Running && lease.has_run_out(now);
        is_over.then(|| self.ended(self.after_lost_attempt(), lease.expires_at))
    }

    fn after_lost_attempt(&self) -> TaskStatus {
        if self.attempt < self.attempts_max { TaskStatus::Pending } else { TaskStatus::Failed }
    }

    fn end(&self, holder: &P, token: &str, now: i64, to: TaskStatus) -> Result<(Step, TaskState<P>), RuleError> {
        let was_held = self.lease.as_ref().is_some_and(|lease| lease.is_of(holder, token));
        if was_held && self.status == to {
            return Ok((Step::Already, self.clone()));
        }
        self.check_held(holder, token, now, to.name())?;
        transition_task(self.status, to)?;
        Ok((Step::Moved, self.ended(to, now)))
    }

    /// The lease ends with the work; if it had run out before, it stays as it is.
    fn ended(&self, status: TaskStatus, now: i64) -> TaskState<P> {
        let lease = self.lease.clone().map(|lease| Lease { expires_at: lease.expires_at.min(now), ..lease });
        TaskState { status, lease, ..self.clone() }
    }
}

/// Checks a worker's account of a failure.
///
/// Errors: `AboveLimit`, `Malformed`.
pub fn check_error(error: &str) -> Result<(), RuleError> {
    ERROR.check(error)
}

/// Errors: `Differs` unless nothing happens to the task any more, so that its rows may go.
pub fn check_forgettable(status: TaskStatus) -> Result<(), RuleError> {
    if status.is_finished() { Ok(()) } else { Err(differs("A task to forget", "finished", status.name())) }
}

/// How long a task waits after its attempt number `attempt` (from 1) failed, in microseconds.
pub fn retry_pause(attempt: u32) -> i64 {
    let doublings = attempt.saturating_sub(1).min(16);
    RETRY_PAUSE_MICROS.saturating_mul(1 << doublings).min(RETRY_PAUSE_MAX_MICROS)
}

const fn illegal(from: TaskStatus, to: &'static str) -> RuleError {
    RuleError::IllegalTransition { what: "A task", from: from.name(), to, advice: "" }
}

fn differs(what: &'static str, expected: &str, actual: &str) -> RuleError {
    RuleError::Differs { what, expected: expected.to_owned(), actual: actual.to_owned() }
}
