//! Picture puzzles.

use spacetime_module::*;
use spacetimedb::{Identity, Uuid};

use super::{said, seen};
use crate::puzzle::*;
use crate::world::{Actor, World};

pub fn outcome(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    if !name.contains("puzzle") {
        return None;
    }
    works(world, name, caller, named).or_else(|| runs(world, name, caller, named))
}

/// What is done with a draft of Alice.
fn works(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    let id = draft(world, Actor::Alice, "alices").puzzle_id;
    draft(world, Actor::Bob, "bobs");
    let author = if named.is_some() { Actor::Alice } else { caller };
    let new = || puzzle_request("new", world.public(author, "new").asset_id);
    let published = || publish(world, Actor::Alice, id).unwrap();
    Some(match name {
        "create_puzzle" => {
            let new = new();
            said(world.reduce(caller, |ctx| create_puzzle(ctx, new)))
        }
        "create_puzzle_and_return" => {
            let new = new();
            said(world.call(caller, |ctx| create_puzzle_and_return(ctx, named, new)))
        }
        "publish_puzzle" => said(world.reduce(caller, |ctx| publish_puzzle(ctx, id))),
        "publish_puzzle_and_return" => said(world.call(caller, |ctx| publish_puzzle_and_return(ctx, named, id))),
        "unpublish_puzzle" => {
            published();
            said(world.reduce(caller, |ctx| unpublish_puzzle(ctx, id)))
        }
        "unpublish_puzzle_and_return" => {
            published();
            said(world.call(caller, |ctx| unpublish_puzzle_and_return(ctx, named, id)))
        }
        "hold_puzzle" | "hold_puzzle_and_return" | "release_puzzle" | "release_puzzle_and_return" => {
            published();
            moderation(world, name, caller, named, id)
        }
        "delete_puzzle" => said(world.reduce(caller, |ctx| delete_puzzle(ctx, id))),
        "delete_puzzle_and_return" => said(world.call(caller, |ctx| delete_puzzle_and_return(ctx, named, id))),
        "read_puzzle_and_return" => said(world.call(caller, |ctx| read_puzzle_and_return(ctx, named, id))),
        "list_gallery_puzzles_and_return" => {
            let request = PuzzleGalleryPageRequest { cursor: None, length: 1 };
            said(world.call(caller, |ctx| list_gallery_puzzles_and_return(ctx, named, request)))
        }
        "my_puzzles" => seen(world.see(caller, my_puzzles)),
        "gallery_puzzles" => {
            published();
            seen(world.see_publicly(gallery_puzzles))
        }
        _ => return None,
    })
}

/// What Moderators do about a puzzle that is published.
fn moderation(world: &World, name: &str, caller: Actor, named: Option<Identity>, puzzle_id: Uuid) -> String {
    let hold = PuzzleHold { puzzle_id, reason: "reason".to_owned() };
    match name {
        "hold_puzzle" => said(world.reduce(caller, |ctx| hold_puzzle(ctx, hold))),
        "hold_puzzle_and_return" => said(world.call(caller, |ctx| hold_puzzle_and_return(ctx, named, hold))),
        "release_puzzle" => said(world.reduce(caller, |ctx| release_puzzle(ctx, puzzle_id))),
        _ => said(world.call(caller, |ctx| release_puzzle_and_return(ctx, named, puzzle_id))),
    }
}

/// What is done with a run of Alice, and beginning one of a published puzzle.
fn runs(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    let puzzle = published(world, Actor::Bob, "for-runs").puzzle_id;
    let run = begin(world, Actor::Alice, "alices", puzzle).unwrap();
    let moves = moves(&run, solution(&run));
    let new = beginning("new", puzzle);
    Some(match name {
        "begin_puzzle_run" => said(world.reduce(caller, |ctx| begin_puzzle_run(ctx, new))),
        "begin_puzzle_run_and_return" => said(world.call(caller, |ctx| begin_puzzle_run_and_return(ctx, named, new))),
        "move_puzzle_pieces" => said(world.reduce(caller, |ctx| move_puzzle_pieces(ctx, moves))),
        "move_puzzle_pieces_and_return" => {
            said(world.call(caller, |ctx| move_puzzle_pieces_and_return(ctx, named, moves)))
        }
        "abandon_puzzle_run" => said(world.reduce(caller, |ctx| abandon_puzzle_run(ctx, run.run_id))),
        "abandon_puzzle_run_and_return" => {
            said(world.call(caller, |ctx| abandon_puzzle_run_and_return(ctx, named, run.run_id)))
        }
        "read_puzzle_run_and_return" => {
            said(world.call(caller, |ctx| read_puzzle_run_and_return(ctx, named, run.run_id)))
        }
        "my_puzzle_runs" => seen(world.see(caller, my_puzzle_runs)),
        "my_puzzle_results" => {
            finished(world, Actor::Alice, "finished", puzzle, 0);
            seen(world.see(caller, my_puzzle_results))
        }
        _ => return None,
    })
}
