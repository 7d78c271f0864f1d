//! Picture puzzles: made, published, played.

mod gallery;
mod moderation;
mod puzzles;
mod results;
mod runs;

use std::collections::{HashMap, VecDeque};

use module_puzzle::{Board, Grid};
use spacetime_module::*;
use spacetimedb::Uuid;

use crate::world::{Actor, World};

/// A valid request for a puzzle of 2 by 2 pieces, told apart from others by `name`.
pub fn puzzle_request(name: &str, asset_id: Uuid) -> PuzzleCreation {
    PuzzleCreation {
        idempotency_key: format!("puzzle-{name}"),
        title: "Old mill".to_owned(),
        asset_id,
        columns: 2,
        rows: 2,
    }
}

pub fn make(world: &World, player: Actor, request: PuzzleCreation) -> Result<PicturePuzzle, DomainError> {
    world.call(player, |ctx| create_puzzle_and_return(ctx, None, request))
}

/// A draft of `player` from a picture that everybody may see.
pub fn draft(world: &World, player: Actor, name: &str) -> PicturePuzzle {
    let picture = world.public(player, &format!("picture-{name}"));
    make(world, player, puzzle_request(name, picture.asset_id)).unwrap()
}

pub fn publish(world: &World, actor: Actor, puzzle_id: Uuid) -> Result<PicturePuzzle, DomainError> {
    world.call(actor, |ctx| publish_puzzle_and_return(ctx, None, puzzle_id))
}

pub fn unpublish(world: &World, actor: Actor, puzzle_id: Uuid) -> Result<PicturePuzzle, DomainError> {
    world.call(actor, |ctx| unpublish_puzzle_and_return(ctx, None, puzzle_id))
}

pub fn delete(world: &World, actor: Actor, puzzle_id: Uuid) -> Result<PicturePuzzle, DomainError> {
    world.call(actor, |ctx| delete_puzzle_and_return(ctx, None, puzzle_id))
}

/// What everybody sees without asking.
pub fn gallery(world: &World) -> Vec<PicturePuzzle> {
    world.see_publicly(gallery_puzzles)
}

/// A published puzzle of `player`.
pub fn published(world: &World, player: Actor, name: &str) -> PicturePuzzle {
    let puzzle = draft(world, player, name);
    publish(world, player, puzzle.puzzle_id).unwrap()
}

pub fn beginning(name: &str, puzzle_id: Uuid) -> PuzzleRunBeginning {
    PuzzleRunBeginning { idempotency_key: format!("run-{name}"), puzzle_id }
}

pub fn begin(world: &World, player: Actor, name: &str, puzzle_id: Uuid) -> Result<PuzzleRun, DomainError> {
    world.call(player, |ctx| begin_puzzle_run_and_return(ctx, None, beginning(name, puzzle_id)))
}

pub fn moves(run: &PuzzleRun, places: Vec<u8>) -> PuzzleMoves {
    PuzzleMoves { run_id: run.run_id, expected_moves: run.moves, places }
}

pub fn slide(world: &World, player: Actor, request: PuzzleMoves) -> Result<PuzzleRun, DomainError> {
    world.call(player, |ctx| move_puzzle_pieces_and_return(ctx, None, request))
}

/// The shortest way to the picture.
pub fn solution(run: &PuzzleRun) -> Vec<u8> {
    let grid = Grid::new(run.columns, run.rows).unwrap();
    let start = Board::from_cells(grid, run.cells.clone()).unwrap();
    let mut ways = HashMap::from([(start.clone(), Vec::new())]);
    let mut open = VecDeque::from([start]);
    while let Some(board) = open.pop_front() {
        let way = ways[&board].clone();
        if board.is_solved() {
            return way;
        }
        for place in grid.neighbours(board.hole()) {
            let mut next = board.clone();
            next.slide(place).unwrap();
            if !ways.contains_key(&next) {
                ways.insert(next.clone(), [way.clone(), vec![place]].concat());
                open.push_back(next);
            }
        }
    }
    panic!("no way leads to the picture")
}

/// A run that `player` has finished, `detours` moves there and back longer than need be.
pub fn finished(world: &World, player: Actor, name: &str, puzzle_id: Uuid, detours: usize) -> PuzzleRun {
    let run = begin(world, player, name, puzzle_id).unwrap();
    let hole = run.cells.iter().position(|piece| *piece == 3).unwrap() as u8;
    let way = solution(&run);
    // Back and forth over a place that is not the picture's last step.
    let there = (0..4).find(|place| Grid::new(2, 2).unwrap().are_neighbours(*place, hole) && *place != way[0]);
    let detour = [there.unwrap(), hole].repeat(detours);
    slide(world, player, moves(&run, [detour, way].concat())).unwrap()
}
