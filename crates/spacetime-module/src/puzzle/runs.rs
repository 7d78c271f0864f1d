//! Runs: a player's moves from a shuffled board to the picture. The server makes every move.

use module_puzzle::{Board, Grid, Progress, RunStatus, Step};

use crate::*;

/// How far a run has come.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PuzzleRunStatus {
    /// It goes on.
    Running,
    /// Every piece is in its place.
    Finished,
    /// The player gave it up.
    Abandoned,
}

/// One player's run of one puzzle. It can be finished whatever becomes of the puzzle.
#[table(
    accessor = puzzle_run,
    index(accessor = by_owner_status, btree(columns = [owner, status, updated_at]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PuzzleRun {
    /// UUIDv7.
    #[primary_key]
    pub run_id: Uuid,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The puzzle.
    pub puzzle_id: Uuid,
    /// Pieces from left to right.
    pub columns: u8,
    /// Pieces from top to bottom.
    pub rows: u8,
    /// What the board was shuffled with.
    pub seed: u64,
    /// The piece in each place, row by row; the last piece is the hole.
    pub cells: Vec<u8>,
    /// How many moves have been made.
    pub moves: u32,
    /// How far it has come.
    pub status: PuzzleRunStatus,
    /// When the player first began this board: giving it up and beginning it again does not set the
    /// clock back.
    pub begun_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
    /// When it was finished or given up.
    pub ended_at: Option<Timestamp>,
}

/// A run to begin.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct PuzzleRunBeginning {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// The puzzle.
    pub puzzle_id: Uuid,
}

/// Moves to make, all or none.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct PuzzleMoves {
    /// The run.
    pub run_id: Uuid,
    /// How many moves have been made before these.
    pub expected_moves: u32,
    /// For each move the place, from 0 row by row, whose piece slides into the hole; 1 to 256.
    pub places: Vec<u8>,
}

/// Begins a run for the sender.
///
/// Errors: as [`begin_puzzle_run_and_return`].
#[reducer]
pub fn begin_puzzle_run(ctx: &ReducerContext, request: PuzzleRunBeginning) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    begin_run(ctx, &caller, &request).map(drop)
}

/// Begins a run of a published puzzle, or of one's own, and returns it with its shuffled board: the
/// same one until the player has solved it.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `invalid_argument`, `limit_exceeded` (also for more than 16 runs that go on); `not_found`,
/// also if the run that was begun under the key is no longer kept; `conflict` if the key was used
/// for another request.
#[procedure]
pub fn begin_puzzle_run_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: PuzzleRunBeginning,
) -> Result<PuzzleRun, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        begin_run(tx, &caller, &request)
    })
}

/// Makes moves in a run of the sender.
///
/// Errors: as [`move_puzzle_pieces_and_return`].
#[reducer]
pub fn move_puzzle_pieces(ctx: &ReducerContext, request: PuzzleMoves) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    move_pieces(ctx, &caller, &request).map(drop)
}

/// Makes moves and returns the run; it is finished as soon as every piece is in its place.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `invalid_argument` if a piece is not next to the hole in its turn; `limit_exceeded` (256 moves
/// in a call, 20,000 in a run); `not_found`, also for another player's run; `conflict` if another
/// number of moves has been made before; `illegal_transition` if the run has ended, or ends
/// before the last of the moves.
#[procedure]
pub fn move_puzzle_pieces_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: PuzzleMoves,
) -> Result<PuzzleRun, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        move_pieces(tx, &caller, &request)
    })
}

/// Gives up a run of the sender.
///
/// Errors: as [`abandon_puzzle_run_and_return`].
#[reducer]
pub fn abandon_puzzle_run(ctx: &ReducerContext, run_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    abandon_run(ctx, &caller, run_id).map(drop)
}

/// Gives up a run and returns it; doing it again returns it unchanged.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`, also for another player's run; `illegal_transition` if it is finished.
#[procedure]
pub fn abandon_puzzle_run_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    run_id: Uuid,
) -> Result<PuzzleRun, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        abandon_run(tx, &caller, run_id)
    })
}

/// Returns a run of the player.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`, also for another player's run.
#[procedure]
pub fn read_puzzle_run_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    run_id: Uuid,
) -> Result<PuzzleRun, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        own_run(tx, &caller, run_id)
    })
}

/// The sender's own runs: those that go on, and the newest ended ones.
#[view(accessor = my_puzzle_runs, public, primary_key = run_id)]
pub fn my_puzzle_runs(ctx: &ViewContext) -> Vec<PuzzleRun> {
    ctx.db.puzzle_run().owner().filter(ctx.sender()).collect()
}

fn begin_run(ctx: &ReducerContext, caller: &Caller, request: &PuzzleRunBeginning) -> Result<PuzzleRun, DomainError> {
    let replayable = Replayable::new(caller.player, "begin_puzzle_run", &request.idempotency_key, request)?;
    if let Some(run_id) = replayable.first_result(ctx)? {
        return own_run(ctx, caller, run_id);
    }
    let puzzle = playable_puzzle(ctx, caller, request.puzzle_id)?;
    module_puzzle::check_open_runs(count_runs(ctx, caller.player, RunStatus::Running) as u64)?;
    let runs = ctx.db.puzzle_run();
    let board = board_of(ctx, caller.player, puzzle.puzzle_id)?;
    let run = PuzzleRun {
        run_id: fresh_id(ctx, |id| runs.run_id().find(id).is_some())?,
        owner: caller.player,
        puzzle_id: puzzle.puzzle_id,
        columns: puzzle.columns,
        rows: puzzle.rows,
        seed: board.seed,
        cells: module_puzzle::shuffled(puzzle.grid()?, board.seed).cells().to_vec(),
        moves: 0,
        status: PuzzleRunStatus::Running,
        begun_at: board.begun_at,
        updated_at: ctx.timestamp,
        ended_at: None,
    };
    let run = runs.try_insert(run).map_err(|_| DomainError::no_fresh_id())?;
    replayable.remember(ctx, run.run_id)?;
    Ok(run)
}

fn move_pieces(ctx: &ReducerContext, caller: &Caller, request: &PuzzleMoves) -> Result<PuzzleRun, DomainError> {
    let run = own_run(ctx, caller, request.run_id)?;
    let after = run.as_progress()?.after_moves(request.expected_moves, &request.places)?;
    let run = PuzzleRun { cells: after.board.cells().to_vec(), moves: after.moves, updated_at: ctx.timestamp, ..run };
    match after.status {
        RunStatus::Finished => {
            let run = end_run(ctx, run, RunStatus::Finished);
            forget_solved_board(ctx, &run);
            record_result(ctx, &run)?;
            Ok(run)
        }
        RunStatus::Running | RunStatus::Abandoned => Ok(ctx.db.puzzle_run().run_id().update(run)),
    }
}

fn abandon_run(ctx: &ReducerContext, caller: &Caller, run_id: Uuid) -> Result<PuzzleRun, DomainError> {
    let run = own_run(ctx, caller, run_id)?;
    match module_puzzle::transition_run(run.status.into(), RunStatus::Abandoned)? {
        Step::Already => Ok(run),
        Step::Moved => Ok(end_run(ctx, run, RunStatus::Abandoned)),
    }
}

/// Ends a run; the player's oldest ended one gives way.
fn end_run(ctx: &ReducerContext, run: PuzzleRun, status: RunStatus) -> PuzzleRun {
    let now = ctx.timestamp;
    let run = PuzzleRun { status: status.into(), updated_at: now, ended_at: Some(now), ..run };
    let run = ctx.db.puzzle_run().run_id().update(run);
    forget_oldest_ended(ctx, run.owner);
    run
}

fn forget_oldest_ended(ctx: &ReducerContext, owner: Identity) {
    let of_status = |status| ctx.db.puzzle_run().by_owner_status().filter((owner, PuzzleRunStatus::from(status)));
    let ended: Vec<_> =
        RunStatus::ENDED.into_iter().flat_map(of_status).map(|run| (run.ended_at, run.run_id)).collect();
    if ended.len() <= module_puzzle::ENDED_RUNS_MAX {
        return;
    }
    // Not the first that the index gives: rows of the running transaction come before all others.
    if let Some((_, run_id)) = ended.into_iter().min() {
        ctx.db.puzzle_run().run_id().delete(run_id);
    }
}

fn count_runs(ctx: &ReducerContext, owner: Identity, status: RunStatus) -> usize {
    ctx.db.puzzle_run().by_owner_status().filter((owner, PuzzleRunStatus::from(status))).count()
}

/// Errors: `not_found`, also for another player's.
fn own_run(ctx: &ReducerContext, caller: &Caller, run_id: Uuid) -> Result<PuzzleRun, DomainError> {
    let run = ctx.db.puzzle_run().run_id().find(run_id);
    let own = run.filter(|run| run.owner == caller.player);
    Ok(own.ok_or(RuleError::Hidden { what: "run" })?)
}

impl PuzzleRun {
    fn as_progress(&self) -> Result<Progress, DomainError> {
        let board = Board::from_cells(Grid::new(self.columns, self.rows)?, self.cells.clone())?;
        Ok(Progress { board, moves: self.moves, status: self.status.into() })
    }
}

impl From<PuzzleRunStatus> for RunStatus {
    fn from(status: PuzzleRunStatus) -> Self {
        match status {
            PuzzleRunStatus::Running => RunStatus::Running,
            PuzzleRunStatus::Finished => RunStatus::Finished,
            PuzzleRunStatus::Abandoned => RunStatus::Abandoned,
        }
    }
}

impl From<RunStatus> for PuzzleRunStatus {
    fn from(status: RunStatus) -> Self {
        match status {
            RunStatus::Running => PuzzleRunStatus::Running,
            RunStatus::Finished => PuzzleRunStatus::Finished,
            RunStatus::Abandoned => PuzzleRunStatus::Abandoned,
        }
    }
}
