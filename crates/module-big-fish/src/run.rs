//! The life of a run, and its times in microseconds.

use module_rules::{RuleError, check_limit, check_same};

use crate::{Heading, Step};

/// Time between two ticks.
pub const TICK_MICROS: i64 = 100_000;
/// A player who has not steered for this long is away, and the run pauses.
pub const ABSENCE_MICROS: i64 = 5_000_000;
/// An unchanged heading is stored again after this long, to show that the player is there.
pub const STEERING_NOTED_MICROS: i64 = 1_000_000;
/// Most runs of one player that are not over.
pub const ACTIVE_RUNS_MAX: u64 = 1;
/// Most runs that are kept for one player; the oldest make way.
pub const RUNS_KEPT_MAX: usize = 50;

const _: () = assert!(TICK_MICROS < STEERING_NOTED_MICROS && STEERING_NOTED_MICROS * 2 < ABSENCE_MICROS);

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunStatus {
    /// Ticks go on.
    Running,
    /// Ticks rest, because the player is away or wants so.
    Paused,
    /// A fish of the school reached the top level.
    Victory,
    /// The school was eaten, or time ran out.
    Defeat,
    /// The player gave up.
    Abandoned,
}

impl RunStatus {
    /// Every status.
    pub const ALL: [RunStatus; 5] =
        [RunStatus::Running, RunStatus::Paused, RunStatus::Victory, RunStatus::Defeat, RunStatus::Abandoned];

    /// The status' name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            RunStatus::Running => "running",
            RunStatus::Paused => "paused",
            RunStatus::Victory => "victory",
            RunStatus::Defeat => "defeat",
            RunStatus::Abandoned => "abandoned",
        }
    }

    /// Whether the run can never go on.
    pub const fn is_over(self) -> bool {
        matches!(self, RunStatus::Victory | RunStatus::Defeat | RunStatus::Abandoned)
    }
}

/// Decides the step from one status to another. What is over stays over.
///
/// Errors: [`RuleError::IllegalTransition`].
pub fn transition_run(from: RunStatus, to: RunStatus) -> Result<Step, RuleError> {
    use RunStatus::{Abandoned, Defeat, Paused, Running, Victory};
    match (from, to) {
        (Running, Running) | (Paused, Paused) | (Victory, Victory) | (Defeat, Defeat) | (Abandoned, Abandoned) => {
            Ok(Step::Already)
        }
        (Running, Paused | Victory | Defeat | Abandoned) | (Paused, Running | Abandoned) => Ok(Step::Moved),
        (Paused, Victory | Defeat) => Err(illegal(from, to, " Resume the run.")),
        (Victory, Running | Paused | Defeat | Abandoned)
        | (Defeat, Running | Paused | Victory | Abandoned)
        | (Abandoned, Running | Paused | Victory | Defeat) => Err(illegal(from, to, " Start a new run.")),
    }
}

const fn illegal(from: RunStatus, to: RunStatus, advice: &'static str) -> RuleError {
    RuleError::IllegalTransition { what: "A run", from: from.name(), to: to.name(), advice }
}

/// Errors: `Differs` unless the run is running, so that it can be steered.
pub fn check_running(status: RunStatus) -> Result<(), RuleError> {
    check_same("The status of a run to steer", RunStatus::Running.name(), status.name())
}

/// Errors: `AboveLimit` if a player with `count` runs that are not over may not start another.
pub fn check_active_runs(count: u64) -> Result<(), RuleError> {
    check_limit("The number of your runs that are not over", ACTIVE_RUNS_MAX, count.saturating_add(1))
}

/// How many of a player's `kept` runs must go before another is added.
pub const fn runs_to_forget(kept: usize) -> usize {
    (kept + 1).saturating_sub(RUNS_KEPT_MAX)
}

/// When to tick after the tick that was due at `due` and ran at `now`.
///
/// Ticks keep their beat while they are on time. Ticks that were missed, because the node stood
/// still, are left out: the next one is due a whole tick from now, never at once.
pub const fn next_due(due: i64, now: i64) -> i64 {
    let regular = due.saturating_add(TICK_MICROS);
    if regular > now { regular } else { now.saturating_add(TICK_MICROS) }
}

/// Whether a player who last steered at `seen_at` is away at `now`.
pub const fn is_absent(seen_at: i64, now: i64) -> bool {
    now.saturating_sub(seen_at) >= ABSENCE_MICROS
}

/// Whether steering to `new` at `now` says nothing that is not stored: the same heading, lately.
pub fn is_steering_noted(stored: Heading, seen_at: i64, new: Heading, now: i64) -> bool {
    stored == new && now.saturating_sub(seen_at) < STEERING_NOTED_MICROS
}
