//! Boards: what a player has to solve in a puzzle before getting another one.

use module_puzzle::BOARDS_PER_PLAYER_MAX;

use crate::*;

/// The board that a player has begun in a puzzle and not solved. Whoever begins again gets it again, so that nobody
/// gives boards up until an easy one comes.
#[table(
    accessor = puzzle_board,
    index(accessor = by_puzzle, btree(columns = [owner, puzzle_id])),
    index(accessor = by_age, btree(columns = [owner, begun_at]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PuzzleBoard {
    /// Number of the board.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The puzzle; the pair is unique.
    pub puzzle_id: Uuid,
    /// What it is shuffled with. Chance has drawn it when the board was first begun.
    pub seed: u64,
    /// When it was first begun: giving it up does not set the clock back.
    pub begun_at: Timestamp,
}

/// The player's board in a puzzle: the one that is not solved yet, or a new one.
pub(crate) fn board_of(ctx: &ReducerContext, owner: Identity, puzzle_id: Uuid) -> Result<PuzzleBoard, DomainError> {
    match ctx.db.puzzle_board().by_puzzle().filter((owner, puzzle_id)).next() {
        Some(board) => Ok(board),
        None => new_board(ctx, owner, puzzle_id),
    }
}

/// The player's oldest board gives way to one too many.
fn new_board(ctx: &ReducerContext, owner: Identity, puzzle_id: Uuid) -> Result<PuzzleBoard, DomainError> {
    let boards = ctx.db.puzzle_board();
    if boards.owner().filter(owner).count() >= BOARDS_PER_PLAYER_MAX {
        let oldest = boards.by_age().filter(owner).next();
        oldest.map(|board| boards.id().delete(board.id));
    }
    let seed = module_puzzle::board_seed(puzzle_id.as_u128(), owner.to_byte_array(), ctx.random());
    let board = PuzzleBoard { id: 0, owner, puzzle_id, seed, begun_at: ctx.timestamp };
    boards.try_insert(board).map_err(|_| DomainError::no_fresh_id())
}

/// A solved board makes room for the next. Other runs of it count for nothing here.
pub(crate) fn forget_solved_board(ctx: &ReducerContext, run: &PuzzleRun) {
    let boards = ctx.db.puzzle_board();
    let of_puzzle = boards.by_puzzle().filter((run.owner, run.puzzle_id));
    let solved: Vec<_> = of_puzzle.filter(|board| board.seed == run.seed).map(|board| board.id).collect();
    for id in solved {
        boards.id().delete(id);
    }
}
