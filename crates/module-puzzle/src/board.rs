//! A grid, and the arrangement of its pieces around the hole.

use module_rules::{RuleError, check_limit};

/// Fewest pieces along a side.
pub const SIDE_MIN: u8 = 2;
/// Most pieces along a side.
pub const SIDE_MAX: u8 = 10;
// A board of the largest grid numbers its places with `u8`.
const _: () = assert!((SIDE_MAX as u32) * (SIDE_MAX as u32) <= u8::MAX as u32);

/// How a picture is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Grid {
    columns: u8,
    rows: u8,
}

impl Grid {
    /// Errors: `Malformed` or `AboveLimit` unless both sides are from [`SIDE_MIN`] to [`SIDE_MAX`].
    pub fn new(columns: u8, rows: u8) -> Result<Grid, RuleError> {
        let sides = [("columns", "The number of columns", columns), ("rows", "The number of rows", rows)];
        for (field, what, side) in sides {
            if side < SIDE_MIN {
                return Err(RuleError::Malformed { field, rule: "cut the picture into at least 2 each way" });
            }
            check_limit(what, u64::from(SIDE_MAX), u64::from(side))?;
        }
        Ok(Grid { columns, rows })
    }

    /// Number of places, the hole included.
    pub const fn places(self) -> u8 {
        self.columns * self.rows
    }

    /// The piece that is taken out: the last one.
    pub const fn missing_piece(self) -> u8 {
        self.places() - 1
    }

    /// Whether two places share an edge.
    pub const fn are_neighbours(self, one: u8, other: u8) -> bool {
        self.distance(one, other) == 1
    }

    /// The places that share an edge with `place`, in a fixed order.
    pub fn neighbours(self, place: u8) -> impl Iterator<Item = u8> {
        (0..self.places()).filter(move |other| self.are_neighbours(place, *other))
    }

    /// Steps from one place to another, along rows and columns.
    const fn distance(self, one: u8, other: u8) -> u8 {
        let across = (one % self.columns).abs_diff(other % self.columns);
        let down = (one / self.columns).abs_diff(other / self.columns);
        across + down
    }
}

/// Which piece is in which place. Places and pieces are numbered row by row from the top left; a
/// piece is home in the place of its number, and the missing piece's number marks the hole.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Board {
    grid: Grid,
    cells: Vec<u8>,
}

impl Board {
    /// Every piece in its place.
    pub fn solved(grid: Grid) -> Board {
        Board { grid, cells: (0..grid.places()).collect() }
    }

    /// An arrangement as it was stored.
    ///
    /// Errors: `Malformed` unless each piece is in exactly one place.
    pub fn from_cells(grid: Grid, cells: Vec<u8>) -> Result<Board, RuleError> {
        let mut sorted = cells.clone();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..grid.places()) {
            return Err(RuleError::Malformed { field: "cells", rule: "each piece is in exactly one place" });
        }
        Ok(Board { grid, cells })
    }

    /// A random arrangement (Fisher and Yates); `below` draws a number below its argument.
    pub(crate) fn arranged(grid: Grid, mut below: impl FnMut(usize) -> usize) -> Board {
        let mut board = Board::solved(grid);
        for at in (1..board.cells.len()).rev() {
            board.cells.swap(at, below(at + 1));
        }
        board
    }

    /// With the first two pieces, the hole not counted, in each other's place.
    pub(crate) fn with_two_pieces_swapped(mut self) -> Board {
        let hole = usize::from(self.hole());
        let mut places = (0..self.cells.len()).filter(|place| *place != hole);
        if let (Some(one), Some(other)) = (places.next(), places.next()) {
            self.cells.swap(one, other);
        }
        self
    }

    /// The piece in each place.
    pub fn cells(&self) -> &[u8] {
        &self.cells
    }

    /// The grid.
    pub const fn grid(&self) -> Grid {
        self.grid
    }

    /// Whether every piece is in its place.
    pub fn is_solved(&self) -> bool {
        self.cells.iter().copied().eq(0..self.grid.places())
    }

    /// The place without a piece.
    pub fn hole(&self) -> u8 {
        let missing = self.grid.missing_piece();
        // Each piece is somewhere, so the default is never met.
        self.cells.iter().position(|piece| *piece == missing).map_or(missing, |place| place as u8)
    }

    /// Whether legal moves lead to the solved board: each move swaps two pieces (the hole counted
    /// as one) and takes the hole one step, so the parity of the arrangement and the parity of the
    /// hole's distance from home must agree.
    pub fn is_solvable(&self) -> bool {
        let distance = self.grid.distance(self.hole(), self.grid.missing_piece());
        self.is_odd() == (distance % 2 == 1)
    }

    /// Slides the piece from `place` into the hole.
    ///
    /// Errors: `Malformed` unless `place` is next to the hole.
    pub fn slide(&mut self, place: u8) -> Result<(), RuleError> {
        let hole = self.hole();
        if place >= self.grid.places() || !self.grid.are_neighbours(place, hole) {
            return Err(RuleError::Malformed { field: "places", rule: "slide a piece that is next to the hole" });
        }
        self.cells.swap(usize::from(place), usize::from(hole));
        Ok(())
    }

    /// Whether it takes an odd number of swaps to sort the cells.
    fn is_odd(&self) -> bool {
        let cells = &self.cells;
        let later = |at: usize| cells.iter().skip(at + 1);
        let inversions: usize =
            cells.iter().enumerate().map(|(at, piece)| later(at).filter(|other| *other < piece).count()).sum();
        inversions % 2 == 1
    }
}
