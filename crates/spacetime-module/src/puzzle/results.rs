//! Results: the best run of each player, and who leads.

use module_puzzle::{RESULTS_PER_PLAYER_MAX, Score};

use crate::*;

/// What one player has achieved in one puzzle.
#[table(
    accessor = puzzle_result,
    index(accessor = by_puzzle, btree(columns = [owner, puzzle_id])),
    index(accessor = by_age, btree(columns = [owner, last_finished_at]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PuzzleResult {
    /// Number of the result.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The puzzle; the pair is unique.
    pub puzzle_id: Uuid,
    /// The best run: fewest moves, then least time.
    pub best_run_id: Uuid,
    /// Its moves.
    pub best_moves: u32,
    /// Its time, in microseconds.
    pub best_elapsed_micros: i64,
    /// When it was finished.
    pub best_at: Timestamp,
    /// How many runs the player has finished.
    pub finished_runs: u32,
    /// When the player last finished one.
    pub last_finished_at: Timestamp,
}

/// One of the 20 best players of a puzzle that was published when they finished it.
#[table(accessor = puzzle_leader, public)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PuzzleLeader {
    /// Number of the row.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The puzzle.
    #[index(btree)]
    pub puzzle_id: Uuid,
    /// The player, at most once in a puzzle.
    pub player: Identity,
    /// Moves of the player's best run.
    pub moves: u32,
    /// Its time, in microseconds.
    pub elapsed_micros: i64,
    /// When it was finished.
    pub achieved_at: Timestamp,
}

/// The sender's own results.
#[view(accessor = my_puzzle_results, public, primary_key = id)]
pub fn my_puzzle_results(ctx: &ViewContext) -> Vec<PuzzleResult> {
    ctx.db.puzzle_result().owner().filter(ctx.sender()).collect()
}

/// Counts a finished run: the player's result, and the leaders if everybody could play it.
pub(crate) fn record_result(ctx: &ReducerContext, run: &PuzzleRun) -> Result<(), DomainError> {
    let score = run.as_score();
    let results = ctx.db.puzzle_result();
    let earlier = results.by_puzzle().filter((run.owner, run.puzzle_id)).next();
    let is_better = earlier.as_ref().is_none_or(|result| score < result.as_score());
    match earlier {
        Some(result) => {
            results.id().update(result.with_run(run, is_better));
        }
        None => insert_result(ctx, run)?,
    }
    let puzzle = ctx.db.picture_puzzle().puzzle_id().find(run.puzzle_id);
    match puzzle {
        Some(PicturePuzzle { status: PuzzleStatus::Published, .. }) => record_leader(ctx, run),
        _ => Ok(()),
    }
}

fn insert_result(ctx: &ReducerContext, run: &PuzzleRun) -> Result<(), DomainError> {
    let results = ctx.db.puzzle_result();
    if results.owner().filter(run.owner).count() >= RESULTS_PER_PLAYER_MAX {
        let oldest = results.by_age().filter(run.owner).next();
        oldest.map(|result| results.id().delete(result.id));
    }
    let result = PuzzleResult {
        id: 0,
        owner: run.owner,
        puzzle_id: run.puzzle_id,
        best_run_id: run.run_id,
        best_moves: run.moves,
        best_elapsed_micros: run.as_score().elapsed_micros,
        best_at: run.updated_at,
        finished_runs: 1,
        last_finished_at: run.updated_at,
    };
    results.try_insert(result).map_err(|_| DomainError::no_fresh_id())?;
    Ok(())
}

/// Puts a player's run in the place of one that was worse, and drops whoever is last. The player's own result is not what
/// it is held against: that may be from before the puzzle was published.
fn record_leader(ctx: &ReducerContext, run: &PuzzleRun) -> Result<(), DomainError> {
    let leaders = ctx.db.puzzle_leader();
    let score = run.as_score();
    let (own, mut present): (Vec<_>, Vec<_>) =
        leaders.puzzle_id().filter(run.puzzle_id).partition(|leader| leader.player == run.owner);
    for earlier in own {
        if earlier.as_score() <= score {
            return Ok(());
        }
        leaders.id().delete(earlier.id);
    }
    let leader = PuzzleLeader {
        id: 0,
        puzzle_id: run.puzzle_id,
        player: run.owner,
        moves: score.moves,
        elapsed_micros: score.elapsed_micros,
        achieved_at: run.updated_at,
    };
    present.push(leaders.try_insert(leader).map_err(|_| DomainError::no_fresh_id())?);
    let places: Vec<_> = present.into_iter().map(|leader| (leader.as_score(), leader.achieved_at, leader.id)).collect();
    module_puzzle::last_place(&places).map(|id| leaders.id().delete(id));
    Ok(())
}

impl PuzzleRun {
    fn as_score(&self) -> Score {
        let micros = Timestamp::to_micros_since_unix_epoch;
        Score::new(self.moves, micros(self.begun_at), micros(self.updated_at))
    }
}

impl PuzzleResult {
    fn as_score(&self) -> Score {
        Score { moves: self.best_moves, elapsed_micros: self.best_elapsed_micros }
    }

    /// With another finished run counted.
    fn with_run(self, run: &PuzzleRun, is_better: bool) -> PuzzleResult {
        let finished_runs = self.finished_runs.saturating_add(1);
        let counted = PuzzleResult { finished_runs, last_finished_at: run.updated_at, ..self };
        if !is_better {
            return counted;
        }
        PuzzleResult {
            best_run_id: run.run_id,
            best_moves: run.moves,
            best_elapsed_micros: run.as_score().elapsed_micros,
            best_at: run.updated_at,
            ..counted
        }
    }
}

impl PuzzleLeader {
    fn as_score(&self) -> Score {
        Score { moves: self.moves, elapsed_micros: self.elapsed_micros }
    }
}
