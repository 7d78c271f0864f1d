//! Results and leaders.

use module_puzzle::RESULTS_PER_PLAYER_MAX;
use spacetime_module::*;
use spacetimedb::{Table, TimeDuration};

use super::*;
use crate::world::{Actor, World};

fn leaders(world: &World) -> Vec<PuzzleLeader> {
    let mut leaders: Vec<_> = world.test.db.puzzle_leader().iter().collect();
    leaders.sort_by_key(|leader| (leader.moves, leader.elapsed_micros));
    leaders
}

fn result(world: &World, player: Actor) -> PuzzleResult {
    let [result] = world.see(player, my_puzzle_results).try_into().unwrap();
    result
}

#[test]
fn the_best_run_counts() {
    let world = World::new();
    let id = published(&world, Actor::Alice, "mill").puzzle_id;
    let long = finished(&world, Actor::Bob, "long", id, 20);
    let first = result(&world, Actor::Bob);
    assert_eq!((first.best_run_id, first.best_moves, first.finished_runs), (long.run_id, long.moves, 1));
    assert_eq!((first.best_elapsed_micros, first.best_at), (0, world.now()));

    world.advance(9);
    let short = finished(&world, Actor::Bob, "short", id, 0);
    let better = result(&world, Actor::Bob);
    assert_eq!((better.best_run_id, better.best_moves, better.finished_runs), (short.run_id, short.moves, 2));
    assert_eq!(better.best_at, world.now());

    world.advance(9);
    finished(&world, Actor::Bob, "long-again", id, 30);
    let after = result(&world, Actor::Bob);
    assert_eq!(after, PuzzleResult { finished_runs: 3, last_finished_at: world.now(), ..better });
    assert_eq!(world.see(Actor::Alice, my_puzzle_results), []);
    let [leader] = leaders(&world).try_into().unwrap();
    assert_eq!((leader.player, leader.moves), (Actor::Bob.identity(), short.moves));
    assert_eq!(leader.achieved_at, after.best_at);
}

#[test]
fn time_runs_from_beginning_to_end() {
    let world = World::new();
    let id = published(&world, Actor::Alice, "mill").puzzle_id;
    let run = begin(&world, Actor::Bob, "a", id).unwrap();
    world.advance(1_234);
    slide(&world, Actor::Bob, moves(&run, solution(&run))).unwrap();
    assert_eq!(result(&world, Actor::Bob).best_elapsed_micros, 1_234);
}

/// Nobody looks at a board for an hour, begins it again and is done at once.
#[test]
fn beginning_a_board_again_does_not_set_the_clock_back() {
    let world = World::new();
    let id = published(&world, Actor::Alice, "mill").puzzle_id;
    let first = begin(&world, Actor::Bob, "a", id).unwrap();
    world.advance(1_000);
    world.reduce(Actor::Bob, |ctx| abandon_puzzle_run(ctx, first.run_id)).unwrap();
    let again = begin(&world, Actor::Bob, "b", id).unwrap();
    assert_eq!((again.begun_at, again.updated_at), (first.begun_at, world.now()));
    world.advance(234);
    slide(&world, Actor::Bob, moves(&again, solution(&again))).unwrap();
    assert_eq!(result(&world, Actor::Bob).best_elapsed_micros, 1_234);
    let next = begin(&world, Actor::Bob, "c", id).unwrap();
    assert_eq!(next.begun_at, world.now(), "another board");
}

#[test]
fn drafts_have_results_but_no_leaders() {
    let world = World::new();
    let id = draft(&world, Actor::Alice, "mill").puzzle_id;
    finished(&world, Actor::Alice, "try", id, 0);
    assert_eq!(result(&world, Actor::Alice).finished_runs, 1);
    assert_eq!(leaders(&world), []);
}

#[test]
fn who_solved_a_puzzle_before_it_was_published_leads_with_what_came_after() {
    let world = World::new();
    let id = draft(&world, Actor::Alice, "mill").puzzle_id;
    let before = finished(&world, Actor::Alice, "try", id, 0);
    publish(&world, Actor::Alice, id).unwrap();
    let after = finished(&world, Actor::Alice, "again", id, 20);
    assert!(before.moves < after.moves);
    let [leader] = leaders(&world).try_into().unwrap();
    assert_eq!((leader.player, leader.moves), (Actor::Alice.identity(), after.moves));
    assert_eq!(result(&world, Actor::Alice).best_moves, before.moves);
}

#[test]
fn a_deleted_puzzle_has_no_leaders() {
    let world = World::new();
    let id = published(&world, Actor::Alice, "mill").puzzle_id;
    let other = published(&world, Actor::Alice, "other").puzzle_id;
    finished(&world, Actor::Bob, "a", id, 0);
    finished(&world, Actor::Bob, "b", other, 0);
    unpublish(&world, Actor::Alice, id).unwrap();
    assert_eq!(leaders(&world).len(), 2, "a withdrawn one keeps them");
    world.reduce(Actor::Alice, |ctx| delete_puzzle(ctx, id)).unwrap();
    let [left] = leaders(&world).try_into().unwrap();
    assert_eq!(left.puzzle_id, other);
    assert_eq!(world.see(Actor::Bob, my_puzzle_results).len(), 2);
}

/// Leaders are as many as their limit; the Service plays for players who are nobody else here.
#[test]
fn twenty_lead() {
    let world = World::new();
    let id = published(&world, Actor::Alice, "mill").puzzle_id;
    for number in 0..23_u8 {
        let player = Some(spacetimedb::Identity::from_claims("localhost", &format!("player {number}")));
        let run =
            world.call(Actor::Service, |ctx| begin_puzzle_run_and_return(ctx, player, beginning("a", id))).unwrap();
        let hole = run.cells.iter().position(|piece| *piece == 3).unwrap() as u8;
        let way = solution(&run);
        let there = (0..4).find(|place| Grid::new(2, 2).unwrap().are_neighbours(*place, hole) && *place != way[0]);
        // The later, the more moves, but the last plays best.
        let detours = if number == 22 { 0 } else { 10 + 4 * usize::from(number) };
        let places = [[there.unwrap(), hole].repeat(detours), way].concat();
        world.call(Actor::Service, |ctx| move_puzzle_pieces_and_return(ctx, player, moves(&run, places))).unwrap();
    }
    let leaders = leaders(&world);
    assert_eq!(leaders.len(), 20);
    assert_eq!(leaders[0].player, spacetimedb::Identity::from_claims("localhost", "player 22"));
    assert!(leaders.iter().all(|leader| leader.moves < 20 + 8 * 20));
}

#[test]
fn the_result_that_was_played_longest_ago_gives_way() {
    let world = World::new();
    let id = published(&world, Actor::Alice, "mill").puzzle_id;
    let oldest = RESULTS_PER_PLAYER_MAX / 2;
    for number in 0..RESULTS_PER_PLAYER_MAX {
        let age = (number + RESULTS_PER_PLAYER_MAX - oldest) % RESULTS_PER_PLAYER_MAX;
        let finished_at = world.now().checked_add(TimeDuration::from_micros(age as i64)).unwrap();
        world.test.db.puzzle_result().insert(PuzzleResult {
            id: 0,
            owner: Actor::Bob.identity(),
            puzzle_id: Uuid::from_u128(number as u128),
            best_run_id: Uuid::NIL,
            best_moves: 9,
            best_elapsed_micros: 9,
            best_at: finished_at,
            finished_runs: 1,
            last_finished_at: finished_at,
        });
    }
    world.advance(RESULTS_PER_PLAYER_MAX as i64);
    for name in ["first", "again"] {
        finished(&world, Actor::Bob, name, id, 0);
        let results = world.see(Actor::Bob, my_puzzle_results);
        assert_eq!(results.len(), RESULTS_PER_PLAYER_MAX, "{name}");
        assert!(results.iter().any(|result| result.puzzle_id == id));
        let gone = Uuid::from_u128(oldest as u128);
        assert!(results.iter().all(|result| result.puzzle_id != gone), "and nothing but that");
    }
}
