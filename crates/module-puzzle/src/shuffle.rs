//! Shuffling: every solvable board but the solved one is as likely as any other.

use module_rules::SplitMix64;

use crate::{Board, Grid};

/// How often a board is drawn again because it came out solved; one in twelve does at worst.
const DRAWS_MAX: usize = 64;

/// The seed of a board for a player in a puzzle, from a number that chance has drawn when it was first begun: nobody can
/// look at a board, or find the way, before its clock runs.
///
/// Boards of several players and puzzles differ even if the numbers were drawn at one moment.
pub fn board_seed(puzzle: u128, player: [u8; 32], drawn: u64) -> u64 {
    let named = puzzle.to_le_bytes().into_iter().chain(player).chain(drawn.to_le_bytes());
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
