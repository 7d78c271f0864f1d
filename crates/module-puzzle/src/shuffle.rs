//! Shuffling: every solvable board but the solved one is as likely as any other.

use crate::{Board, Grid};

/// How often a board is drawn again because it came out solved; one in twelve does at worst.
const DRAWS_MAX: usize = 64;

/// A board that is not solved but can be; the same for the same seed.
pub fn shuffled(grid: Grid, seed: u64) -> Board {
    let mut chance = Chance(seed);
    for _ in 0..DRAWS_MAX {
        let board = solvable(Board::arranged(grid, |bound| chance.below(bound)));
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

/// SplitMix64 (Steele, Lea, Flood 2014), which is short and whose sequence never changes with a
/// dependency: a stored seed always gives the same board.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, or 0. The bias of the remainder is below 2⁻⁵⁶ here.
    fn below(&mut self, bound: usize) -> usize {
        self.next().checked_rem(bound as u64).unwrap_or(0) as usize
    }
}
