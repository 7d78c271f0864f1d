//! A player's run of a puzzle: moves, and when it ends.

use module_rules::{RuleError, check_limit};

use crate::{Board, Step};

/// Most moves in one call.
pub const MOVES_PER_BATCH_MAX: u64 = 256;
/// Most moves of one run.
pub const MOVES_PER_RUN_MAX: u32 = 20_000;
/// Most runs of one player that go on.
pub const OPEN_RUNS_MAX: u64 = 16;
/// How many of a player's ended runs are kept; the oldest goes as another one ends.
pub const ENDED_RUNS_MAX: usize = 50;
/// Boards of a player that were begun, are not solved, and come back.
pub const BOARDS_PER_PLAYER_MAX: usize = 500;

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunStatus {
    /// It goes on.
    Running,
    /// Every piece is in its place.
    Finished,
    /// The player gave it up.
    Abandoned,
}

impl RunStatus {
    /// Every state.
    pub const ALL: [RunStatus; 3] = [RunStatus::Running, RunStatus::Finished, RunStatus::Abandoned];
    /// The states in which nothing happens to a run any more.
    pub const ENDED: [RunStatus; 2] = [RunStatus::Finished, RunStatus::Abandoned];

    /// The state's name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            RunStatus::Running => "running",
            RunStatus::Finished => "finished",
            RunStatus::Abandoned => "abandoned",
        }
    }
}

/// Decides the step of a run from one state to another.
///
/// Errors: `IllegalTransition`.
pub fn transition_run(from: RunStatus, to: RunStatus) -> Result<Step, RuleError> {
    use RunStatus::{Abandoned, Finished, Running};
    match (from, to) {
        (Running, Running) | (Finished, Finished) | (Abandoned, Abandoned) => Ok(Step::Already),
        (Running, Finished | Abandoned) => Ok(Step::Moved),
        (Finished, Running | Abandoned) | (Abandoned, Running | Finished) => Err(illegal(from.name(), to.name())),
    }
}

/// A run's state after some moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The pieces.
    pub board: Board,
    /// How many moves have been made since it began.
    pub moves: u32,
    /// Whether that was the end.
    pub status: RunStatus,
}

impl Progress {
    /// Makes moves one after the other: each names the place whose piece slides into the hole.
    /// All of them are made, or none.
    ///
    /// Errors: `IllegalTransition` if the run has ended, also if it ends before the last move;
    /// `Differs` unless `expected_moves` have been made before; `Malformed`; `AboveLimit`.
    pub fn after_moves(&self, expected_moves: u32, places: &[u8]) -> Result<Progress, RuleError> {
        check_limit("The number of moves in one call", MOVES_PER_BATCH_MAX, places.len() as u64)?;
        if places.is_empty() {
            return Err(RuleError::Malformed { field: "places", rule: "make at least one move" });
        }
        if self.status == RunStatus::Running && expected_moves != self.moves {
            let (expected, actual) = (self.moves.to_string(), expected_moves.to_string());
            return Err(RuleError::Differs { what: "The number of moves made before", expected, actual });
        }
        places.iter().try_fold(self.clone(), |progress, place| progress.after_move(*place))
    }

    fn after_move(mut self, place: u8) -> Result<Progress, RuleError> {
        if self.status != RunStatus::Running {
            return Err(illegal(self.status.name(), "played on"));
        }
        let moves = self.moves.saturating_add(1);
        check_limit("The number of moves of a run", u64::from(MOVES_PER_RUN_MAX), u64::from(moves))?;
        self.board.slide(place)?;
        let status = if self.board.is_solved() { RunStatus::Finished } else { RunStatus::Running };
        Ok(Progress { moves, status, ..self })
    }
}

/// Errors: `AboveLimit` if a player with `open` runs may not begin another.
pub fn check_open_runs(open: u64) -> Result<(), RuleError> {
    check_limit("The number of a player's runs that go on", OPEN_RUNS_MAX, open.saturating_add(1))
}

const fn illegal(from: &'static str, to: &'static str) -> RuleError {
    RuleError::IllegalTransition { what: "A run", from, to, advice: " Begin a new one." }
}
