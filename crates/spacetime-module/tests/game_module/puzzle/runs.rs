//! Runs: shuffled, moved, finished by the server's verdict, given up.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::*;
use crate::world::{Actor, World, above, conflict, illegal, invalid};

fn abandon(world: &World, actor: Actor, run_id: Uuid) -> Result<PuzzleRun, DomainError> {
    world.call(actor, |ctx| abandon_puzzle_run_and_return(ctx, None, run_id))
}

#[test]
fn a_run_begins_with_a_shuffled_board() {
    let world = World::new();
    let puzzle = published(&world, Actor::Alice, "mill");
    let run = begin(&world, Actor::Bob, "a", puzzle.puzzle_id).unwrap();
    assert_eq!((run.owner, run.puzzle_id), (Actor::Bob.identity(), puzzle.puzzle_id));
    assert_eq!((run.status, run.moves, run.begun_at), (PuzzleRunStatus::Running, 0, world.now()));
    let board = module_puzzle::shuffled(Grid::new(2, 2).unwrap(), run.seed);
    assert_eq!(run.cells, board.cells(), "the seed tells the board");
    assert_eq!(world.see(Actor::Bob, my_puzzle_runs), std::slice::from_ref(&run));
    assert_eq!(world.see(Actor::Alice, my_puzzle_runs), []);

    let before = world.rows();
    assert_eq!(begin(&world, Actor::Bob, "a", puzzle.puzzle_id), Ok(run.clone()));
    world.reduce(Actor::Bob, |ctx| begin_puzzle_run(ctx, beginning("a", puzzle.puzzle_id))).unwrap();
    assert_eq!(world.rows(), before);
    let other = published(&world, Actor::Alice, "other");
    let refusal = world.refused(|world| begin(world, Actor::Bob, "a", other.puzzle_id));
    assert_eq!(refusal.code, conflict("the one first sent under it", "another one"));
    let read = |actor: Actor| world.call(actor, |ctx| read_puzzle_run_and_return(ctx, None, run.run_id));
    assert_eq!(read(Actor::Bob), Ok(run.clone()));
    assert_eq!(read(Actor::Alice).unwrap_err().code, DomainErrorCode::NotFound);
}

/// Otherwise whoever gives up boards until an easy one comes would lead.
#[test]
fn a_board_comes_back_until_it_is_solved() {
    let world = World::new();
    let puzzle_of = |name: &str| {
        let picture = world.public(Actor::Alice, name).asset_id;
        let request = PuzzleCreation { columns: 4, rows: 4, ..puzzle_request(name, picture) };
        let id = make(&world, Actor::Alice, request).unwrap().puzzle_id;
        publish(&world, Actor::Alice, id).unwrap().puzzle_id
    };
    let (id, other) = (puzzle_of("mill"), puzzle_of("barn"));
    let first = begin(&world, Actor::Bob, "first", id).unwrap();
    let beside = begin(&world, Actor::Bob, "beside", id).unwrap();
    assert_eq!((&beside.cells, beside.seed), (&first.cells, first.seed), "while the first goes on");
    for run in [&first, &beside] {
        abandon(&world, Actor::Bob, run.run_id).unwrap();
    }
    for number in 0..module_puzzle::ENDED_RUNS_MAX {
        world.advance(1);
        let run = begin(&world, Actor::Bob, &format!("other-{number}"), other).unwrap();
        assert_ne!(run.cells, first.cells, "another puzzle, another board");
        abandon(&world, Actor::Bob, run.run_id).unwrap();
    }
    assert!(world.see(Actor::Bob, my_puzzle_runs).into_iter().all(|run| run.puzzle_id == other), "it is forgotten");
    assert_eq!(begin(&world, Actor::Bob, "again", id).unwrap().cells, first.cells, "and comes back");
    assert_ne!(begin(&world, Actor::Alice, "first", id).unwrap().cells, first.cells, "everybody has an own one");
}

#[test]
fn a_solved_board_makes_room_for_the_next() {
    let world = World::new();
    let id = published(&world, Actor::Alice, "mill").puzzle_id;
    let solve = |turn: i64| {
        world.advance(1);
        finished(&world, Actor::Bob, &turn.to_string(), id, 0).seed
    };
    let seeds: Vec<_> = (0..5).map(solve).collect();
    let mut different = seeds.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), seeds.len(), "{seeds:?}");
}

/// Otherwise who knows the way through one board could skip others, without having seen them, until an easy one comes.
#[test]
fn a_board_that_is_solved_twice_makes_room_once() {
    let world = World::new();
    let id = published(&world, Actor::Alice, "mill").puzzle_id;
    let [first, beside] = ["first", "beside"].map(|name| begin(&world, Actor::Bob, name, id).unwrap());
    world.advance(1);
    slide(&world, Actor::Bob, moves(&first, solution(&first))).unwrap();
    let next = begin(&world, Actor::Bob, "next", id).unwrap();
    assert_ne!(next.seed, first.seed);
    slide(&world, Actor::Bob, moves(&beside, solution(&beside))).unwrap();
    world.advance(1);
    assert_eq!(begin(&world, Actor::Bob, "again", id).unwrap().seed, next.seed);
}

/// The player knows puzzle, identity and how often it was solved, so none of these may lead to a board.
#[test]
fn nobody_knows_a_board_before_it_is_begun() {
    let seed_after = |others: usize| {
        let world = World::new();
        let id = published(&world, Actor::Alice, "mill").puzzle_id;
        // Whatever else happens is another chance.
        (0..others).for_each(|number| drop(begin(&world, Actor::Alice, &number.to_string(), id).unwrap()));
        (id, begin(&world, Actor::Bob, "a", id).unwrap().seed)
    };
    let ((id, seed), (same_id, other_seed)) = (seed_after(0), seed_after(1));
    assert_eq!(id, same_id);
    assert_ne!(seed, other_seed);
}

#[test]
fn only_playable_puzzles_are_begun() {
    let world = World::new();
    let id = draft(&world, Actor::Alice, "mill").puzzle_id;
    for (actor, puzzle_id) in [(Actor::Bob, id), (Actor::Alice, Uuid::from_u128(7))] {
        let refusal = world.refused(|world| begin(world, actor, "a", puzzle_id));
        assert_eq!(refusal.code, DomainErrorCode::NotFound);
    }
    begin(&world, Actor::Alice, "try", id).unwrap();
    let keyless = PuzzleRunBeginning { idempotency_key: "two words".to_owned(), puzzle_id: id };
    let refusal =
        world.refused(|world| world.call(Actor::Alice, |ctx| begin_puzzle_run_and_return(ctx, None, keyless)));
    assert_eq!(refusal.code, invalid("idempotency_key"));
}

#[test]
fn the_server_makes_every_move() {
    let world = World::new();
    let puzzle = published(&world, Actor::Alice, "mill");
    let run = begin(&world, Actor::Bob, "a", puzzle.puzzle_id).unwrap();
    let way = solution(&run);
    let valid = moves(&run, way.clone());
    let hole = run.cells.iter().position(|piece| *piece == 3).unwrap() as u8;
    for (request, code) in [
        (PuzzleMoves { places: vec![], ..valid.clone() }, invalid("places")),
        (PuzzleMoves { places: vec![hole], ..valid.clone() }, invalid("places")),
        (PuzzleMoves { places: vec![3 - hole], ..valid.clone() }, invalid("places")),
        (PuzzleMoves { places: vec![255], ..valid.clone() }, invalid("places")),
        (PuzzleMoves { places: vec![way[0], way[0]], ..valid.clone() }, invalid("places")),
        (PuzzleMoves { places: vec![0; 257], ..valid.clone() }, above(256)),
        (PuzzleMoves { expected_moves: 1, ..valid.clone() }, conflict("0", "1")),
        (PuzzleMoves { expected_moves: u32::MAX, ..valid.clone() }, conflict("0", "4294967295")),
        (PuzzleMoves { places: [way.clone(), vec![2]].concat(), ..valid.clone() }, illegal("finished", "played on")),
        (PuzzleMoves { run_id: Uuid::from_u128(7), ..valid.clone() }, DomainErrorCode::NotFound),
    ] {
        assert_eq!(world.refused(|world| slide(world, Actor::Bob, request)).code, code);
    }
    let refusal = world.refused(|world| slide(world, Actor::Alice, valid.clone()));
    assert_eq!(refusal.code, DomainErrorCode::NotFound, "another player's run");

    world.advance(7);
    let after = slide(&world, Actor::Bob, moves(&run, vec![way[0], hole])).unwrap();
    assert_eq!((after.moves, after.status, &after.cells), (2, PuzzleRunStatus::Running, &run.cells));
    let stale = world.refused(|world| slide(world, Actor::Bob, valid.clone()));
    assert_eq!(stale.code, conflict("2", "0"), "a repeated batch is not made twice");

    world.advance(7);
    let done = slide(&world, Actor::Bob, moves(&after, way.clone())).unwrap();
    assert_eq!((done.status, done.ended_at), (PuzzleRunStatus::Finished, Some(world.now())));
    assert_eq!((done.moves as usize, &done.cells[..]), (way.len() + 2, &[0, 1, 2, 3][..]));
    let refusal = world.refused(|world| slide(world, Actor::Bob, moves(&done, vec![1])));
    assert_eq!(refusal.code, illegal("finished", "played on"));
    assert_eq!(world.refused(|world| abandon(world, Actor::Bob, run.run_id)).code, illegal("finished", "abandoned"));
}

#[test]
fn a_run_goes_on_when_its_puzzle_is_gone() {
    let world = World::new();
    let puzzle = published(&world, Actor::Alice, "mill");
    let run = begin(&world, Actor::Bob, "a", puzzle.puzzle_id).unwrap();
    unpublish(&world, Actor::Alice, puzzle.puzzle_id).unwrap();
    let refusal = world.refused(|world| begin(world, Actor::Bob, "b", puzzle.puzzle_id));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
    world.reduce(Actor::Alice, |ctx| delete_puzzle(ctx, puzzle.puzzle_id)).unwrap();
    let request = moves(&run, solution(&run));
    world.reduce(Actor::Bob, |ctx| move_puzzle_pieces(ctx, request)).unwrap();
    assert_eq!(world.see(Actor::Bob, my_puzzle_results).len(), 1);
}

#[test]
fn runs_are_given_up_and_limited() {
    let world = World::new();
    let id = published(&world, Actor::Alice, "mill").puzzle_id;
    let runs: Vec<_> = (0..16).map(|number| begin(&world, Actor::Bob, &number.to_string(), id).unwrap()).collect();
    assert_eq!(world.refused(|world| begin(world, Actor::Bob, "more", id)).code, above(16));
    let first = runs[0].run_id;
    assert_eq!(world.refused(|world| abandon(world, Actor::Alice, first)).code, DomainErrorCode::NotFound);
    world.advance(3);
    let abandoned = abandon(&world, Actor::Bob, first).unwrap();
    assert_eq!((abandoned.status, abandoned.ended_at), (PuzzleRunStatus::Abandoned, Some(world.now())));
    let before = world.rows();
    assert_eq!(abandon(&world, Actor::Bob, first), Ok(abandoned.clone()));
    world.reduce(Actor::Bob, |ctx| abandon_puzzle_run(ctx, first)).unwrap();
    assert_eq!(world.rows(), before);
    let refusal = world.refused(|world| slide(world, Actor::Bob, moves(&abandoned, vec![0])));
    assert_eq!(refusal.code, illegal("abandoned", "played on"));
    begin(&world, Actor::Bob, "more", id).unwrap();
}

#[test]
fn the_newest_ended_runs_are_kept() {
    let world = World::new();
    let id = published(&world, Actor::Alice, "mill").puzzle_id;
    for number in 0..52 {
        world.advance(1);
        let run = begin(&world, Actor::Bob, &number.to_string(), id).unwrap();
        abandon(&world, Actor::Bob, run.run_id).unwrap();
    }
    let mut ended: Vec<_> = world.see(Actor::Bob, my_puzzle_runs).into_iter().map(|run| run.ended_at).collect();
    ended.sort();
    assert_eq!(ended.len(), 50);
    assert_eq!(ended[49], Some(world.now()), "the oldest went");
    let refusal = world.refused(|world| begin(world, Actor::Bob, "0", id));
    assert_eq!(refusal.code, DomainErrorCode::NotFound, "a key whose run is no longer kept");
}
