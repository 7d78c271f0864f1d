//! Shuffling: every solvable board but the solved one is as likely as any other.

use module_rules::SplitMix64;

use crate::{Board, Grid};

/// How often a board is drawn again because it came out solved; one in twelve does at worst.
const DRAWS_MAX: usize = 64;

/// The seed of the board that a player gets in a puzzle after having finished so many runs of it.
///
/// It is the same until the next one is finished, so that nobody gives boards up until an easy one comes; and no chance
/// is in it, so that it is still the same when the runs that were given up are forgotten.
pub fn board_seed(puzzle: u128, player: [u8; 32], finished_runs: u32) -> u64 {
    let named = puzzle.to_le_bytes().into_iter().chain(player).chain(finished_runs.to_le_bytes());
    named.fold(0, |seed, byte| SplitMix64::new(seed ^ u64::from(byte)).next_bits())
}

/// A board that is not solved but can be; the same for the same seed.
pub fn shuffled(grid: Grid, seed: u64) -> Board {
    let mut chance = SplitMix64::new(seed);
    for _ in 0..DRAWS_MAX {
        let board = solvable(Board::arranged(grid, |bound| below(&mut chance, bound)));
        if !board.is_solved() {
            return board;
        }
    }
    one_move_from_solved(grid)
}

/// Half of all arrangements can be solved. Swapping two pieces, the hole not among them, leads
/// from each of the others to one that can, and from no two to the same.
fn solvable(board: Board) -> Board {
    if board.is_solvable() { board } else { board.with_two_pieces_swapped() }
}

fn one_move_from_solved(grid: Grid) -> Board {
    let mut board = Board::solved(grid);
    let neighbour = grid.neighbours(board.hole()).next();
    // Every place has a neighbour, and a neighbour slides.
    let _ = neighbour.map(|place| board.slide(place));
    board
}

/// A number below `bound`, or 0. The bias of the remainder is below 2⁻⁵⁶ here.
fn below(chance: &mut SplitMix64, bound: usize) -> usize {
    chance.next_bits().checked_rem(bound as u64).unwrap_or(0) as usize
}
