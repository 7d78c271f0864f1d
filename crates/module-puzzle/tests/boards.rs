//! Boards, moves and shuffles.

#![allow(clippy::unwrap_used)]

use std::collections::HashSet;

use module_puzzle::*;
use module_rules::RuleError;
use proptest::prelude::*;

fn grid(columns: u8, rows: u8) -> Grid {
    Grid::new(columns, rows).unwrap()
}

#[test]
fn a_boards_seed_is_of_a_puzzle_a_player_and_a_number() {
    let numbers = (0..100).map(|drawn| board_seed(1, [2; 32], drawn));
    let others = [board_seed(2, [2; 32], 3), board_seed(1, [3; 32], 3), board_seed(1 << 127, [2; 32], 3)];
    assert_eq!(numbers.chain(others).collect::<HashSet<_>>().len(), 103);
}

#[test]
fn grids_have_from_two_to_ten_on_a_side() {
    assert!(Grid::new(2, 2).is_ok() && Grid::new(10, 10).is_ok() && Grid::new(2, 10).is_ok());
    assert!(matches!(Grid::new(1, 4), Err(RuleError::Malformed { field: "columns", .. })));
    assert!(matches!(Grid::new(4, 0), Err(RuleError::Malformed { field: "rows", .. })));
    assert!(matches!(Grid::new(11, 4), Err(RuleError::AboveLimit { limit: 10, actual: 11, .. })));
    assert!(matches!(Grid::new(4, 255), Err(RuleError::AboveLimit { limit: 10, actual: 255, .. })));
}

#[test]
fn neighbours_share_an_edge() {
    let three_by_two = grid(3, 2);
    let of = |place| three_by_two.neighbours(place).collect::<Vec<_>>();
    assert_eq!(of(0), [1, 3]);
    assert_eq!(of(1), [0, 2, 4]);
    assert_eq!(of(2), [1, 5], "the next row's first place is no neighbour");
    assert_eq!(of(5), [2, 4]);
}

#[test]
fn only_pieces_next_to_the_hole_slide() {
    let mut board = Board::solved(grid(3, 3));
    assert_eq!(board.hole(), 8);
    for place in [0, 4, 6, 8, 9, 255] {
        assert!(board.slide(place).is_err(), "{place}");
    }
    board.slide(7).unwrap();
    assert_eq!(board.cells(), [0, 1, 2, 3, 4, 5, 6, 8, 7]);
    assert!(!board.is_solved());
    board.slide(8).unwrap();
    assert!(board.is_solved());
}

/// Every board that legal moves lead to from the solved one.
fn reachable(grid: Grid) -> HashSet<Board> {
    let mut reached = HashSet::from([Board::solved(grid)]);
    let mut open: Vec<_> = reached.iter().cloned().collect();
    while let Some(board) = open.pop() {
        for place in grid.neighbours(board.hole()) {
            let mut next = board.clone();
            next.slide(place).unwrap();
            if reached.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    reached
}

/// Every arrangement of the pieces.
fn arrangements(grid: Grid) -> Vec<Board> {
    let mut all = vec![vec![]];
    for _ in 0..grid.places() {
        let longer = |cells: Vec<u8>| {
            let free: Vec<u8> = (0..grid.places()).filter(|piece| !cells.contains(piece)).collect();
            free.into_iter().map(move |piece| [cells.clone(), vec![piece]].concat())
        };
        all = all.into_iter().flat_map(longer).collect();
    }
    all.into_iter().map(|cells| Board::from_cells(grid, cells).unwrap()).collect()
}

/// Parity says exactly what legal moves reach; a shuffle lies within that, and reaches all of it.
#[test]
fn parity_is_what_legal_moves_reach() {
    for (columns, rows) in [(2, 2), (3, 2), (2, 3), (4, 2)] {
        let grid = grid(columns, rows);
        let (reached, all) = (reachable(grid), arrangements(grid));
        for board in &all {
            assert_eq!(board.is_solvable(), reached.contains(board), "{board:?}");
        }
        assert_eq!(reached.len(), all.len() / 2);
        let shuffles: HashSet<_> = (0..4_000).map(|seed| shuffled(grid, seed)).collect();
        assert!(shuffles.is_subset(&reached));
        if reached.len() < 400 {
            assert_eq!(shuffles.len(), reached.len() - 1, "all but the solved one");
        }
    }
}

#[test]
fn stored_cells_must_be_a_permutation() {
    for cells in [vec![0, 1, 2], vec![0, 1, 2, 2], vec![0, 1, 2, 4], vec![0, 1, 2, 3, 4], vec![]] {
        assert!(matches!(Board::from_cells(grid(2, 2), cells), Err(RuleError::Malformed { field: "cells", .. })));
    }
}

#[test]
fn a_seed_always_gives_the_same_board() {
    assert_eq!(shuffled(grid(3, 3), 7).cells(), shuffled(grid(3, 3), 7).cells());
    let boards: HashSet<_> = (0..200).map(|seed| shuffled(grid(4, 4), seed)).collect();
    assert!(boards.len() > 190, "seeds make a difference");
    assert_eq!(shuffled(grid(3, 3), 7).cells(), [2, 6, 5, 1, 7, 8, 0, 4, 3], "stored seeds must keep their boards");
}

fn grids() -> impl Strategy<Value = Grid> {
    (SIDE_MIN..=SIDE_MAX, SIDE_MIN..=SIDE_MAX).prop_map(|(columns, rows)| grid(columns, rows))
}

proptest! {
    #[test]
    fn every_shuffle_is_solvable_and_not_solved(grid in grids(), seed in any::<u64>()) {
        let board = shuffled(grid, seed);
        prop_assert!(board.is_solvable());
        prop_assert!(!board.is_solved());
        prop_assert!(Board::from_cells(grid, board.cells().to_vec()).is_ok());
    }

    #[test]
    fn moves_keep_the_permutation_and_can_be_taken_back(grid in grids(), seed in any::<u64>(), places in prop::collection::vec(any::<u8>(), 0..200)) {
        let shuffled = shuffled(grid, seed);
        let mut board = shuffled.clone();
        let mut holes = Vec::new();
        for place in places {
            let place = place % grid.places();
            let (before, hole) = (board.clone(), board.hole());
            match board.slide(place) {
                Ok(()) => { holes.push(hole); prop_assert_eq!(board.hole(), place); }
                Err(_) => prop_assert_eq!(&board, &before),
            }
            prop_assert!(Board::from_cells(grid, board.cells().to_vec()).is_ok());
            prop_assert!(board.is_solvable());
        }
        for hole in holes.into_iter().rev() {
            board.slide(hole).unwrap();
        }
        prop_assert_eq!(board, shuffled);
    }

    #[test]
    fn exactly_one_of_two_swapped_boards_is_solvable(grid in grids(), seed in any::<u64>()) {
        let board = shuffled(grid, seed);
        let mut cells = board.cells().to_vec();
        let pieces: Vec<usize> = (0..cells.len()).filter(|place| cells[*place] != grid.missing_piece()).take(2).collect();
        cells.swap(pieces[0], pieces[1]);
        prop_assert!(!Board::from_cells(grid, cells).unwrap().is_solvable());
    }
}
