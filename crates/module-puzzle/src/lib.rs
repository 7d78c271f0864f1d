//! Rules of picture puzzles: grids, shuffles, moves and results.
//!
//! A puzzle is a picture cut into a grid, with one piece taken out; pieces next to the hole slide
//! into it until each is in its place (a sliding puzzle, such as the fifteen puzzle).
//!
//! Pure: no engine, no clock, no storage, no randomness of its own: seeds and times come from the
//! caller. Every limit is a constant here and appears in the error it causes.

mod authority;
mod board;
mod puzzle;
mod run;
mod score;
mod shuffle;

pub use authority::{PuzzleStanding, check_author, check_play, puzzle_standing};
pub use board::{Board, Grid, SIDE_MAX, SIDE_MIN};
pub use puzzle::{
    ENTITY_KIND, PICTURE_SLOT, PUBLICATIONS_PER_AUTHOR_MAX, PUZZLES_PER_AUTHOR_MAX, PuzzleStatus, TITLE_LENGTH_MAX,
    check_deletable, check_picture_type, check_publication_count, check_publishable_picture, check_puzzle_count,
    check_title, held_status, transition_puzzle,
};
pub use run::{
    BOARDS_PER_PLAYER_MAX, ENDED_RUNS_MAX, MOVES_PER_BATCH_MAX, MOVES_PER_RUN_MAX, OPEN_RUNS_MAX, Progress, RunStatus,
    check_open_runs, transition_run,
};
pub use score::{LEADERS_MAX, RESULTS_PER_PLAYER_MAX, Score, last_place};
pub use shuffle::{board_seed, shuffled};

/// What a legal transition does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is already there: a repeated request, to be answered like the first.
    Already,
    /// It moves.
    Moved,
}
