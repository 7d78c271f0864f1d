//! Runs, as their players begin, steer, pause and end them.

use spacetime_module::*;
use spacetimedb::{ScheduleAt, Table, Uuid};

use super::studio::{published, run_now, start, started, steer};
use crate::world::{Actor, World, above, conflict, illegal, invalid};

fn timers(world: &World) -> Vec<BigFishTick> {
    world.test.db.big_fish_tick().iter().collect()
}

type Step =
    fn(&mut spacetimedb::ProcedureContext, Option<spacetimedb::Identity>, Uuid) -> Result<BigFishRun, DomainError>;

const PAUSE: Step = pause_big_fish_run_and_return;
const RESUME: Step = resume_big_fish_run_and_return;
const ABANDON: Step = abandon_big_fish_run_and_return;

fn step(world: &World, actor: Actor, step: Step, run_id: Uuid) -> Result<BigFishRun, DomainError> {
    world.call(actor, |ctx| step(ctx, None, run_id))
}

#[test]
fn a_run_begins_small_with_a_tick_to_come() {
    let world = World::new();
    let run = started(&world);
    assert_eq!((run.owner, run.status), (Actor::Bob.identity(), BigFishRunStatus::Running));
    assert_eq!(run.bodies[2], BigFishBody { size_milli: 1_600, speed_milli: 700 });
    let [waters] = world.see(Actor::Bob, my_run_entities).try_into().unwrap();
    assert_eq!((waters.run_id, waters.tick), (run.run_id, 0));
    let own: Vec<_> = waters.fish.iter().filter(|fish| fish.side == BigFishSide::School).collect();
    assert_eq!((own.len(), own[0].level), (1, 1));
    assert!(waters.fish.len() > 10, "there are others");
    let [timer] = timers(&world).try_into().unwrap();
    assert_eq!((timer.run_id, timer.scheduled_at), (run.run_id, ScheduleAt::Time(waters.next_tick_at)));
    assert_eq!(world.see(Actor::Bob, my_runs), [run]);
    for actor in [Actor::Alice, Actor::Admin, Actor::Stranger] {
        assert_eq!(world.see(actor, my_runs), [], "{actor:?}");
        assert_eq!(world.see(actor, my_run_entities), [], "{actor:?}");
    }
}

#[test]
fn the_same_request_begins_one_run() {
    let world = World::new();
    let run = started(&world);
    let before = world.rows();
    assert_eq!(start(&world, Actor::Bob, run.game_id, "run"), Ok(run.clone()));
    assert_eq!(world.rows(), before);
    let refusal = world.refused(|world| start(world, Actor::Bob, Uuid::from_u128(1), "run"));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)));
    let refusal = world.refused(|world| start(world, Actor::Bob, run.game_id, &"k".repeat(129)));
    assert_eq!(refusal.code, above(128));
    let refusal = world.refused(|world| start(world, Actor::Stranger, Uuid::from_u128(1), "run"));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
}

#[test]
fn a_player_has_one_run_at_a_time_and_keeps_the_newest() {
    let world = World::new();
    let run = started(&world);
    let again = |world: &World, key: &str| start(world, Actor::Bob, run.game_id, key);
    assert_eq!(world.refused(|world| again(world, "more")).code, above(1));
    step(&world, Actor::Bob, PAUSE, run.run_id).unwrap();
    assert_eq!(world.refused(|world| again(world, "more")).code, above(1), "a paused run is not over");
    start(&world, Actor::Stranger, run.game_id, "own").unwrap();
    step(&world, Actor::Bob, ABANDON, run.run_id).unwrap();
    for number in 1..module_big_fish::RUNS_KEPT_MAX {
        world.advance(1);
        let next = again(&world, &number.to_string()).unwrap();
        step(&world, Actor::Bob, ABANDON, next.run_id).unwrap();
    }
    assert_eq!(world.see(Actor::Bob, my_runs).len(), module_big_fish::RUNS_KEPT_MAX);
    world.advance(1);
    again(&world, "newest").unwrap();
    let kept = world.see(Actor::Bob, my_runs);
    assert_eq!(kept.len(), module_big_fish::RUNS_KEPT_MAX);
    assert!(kept.iter().all(|kept| kept.run_id != run.run_id), "the oldest made way");
    assert_eq!(world.refused(|world| again(world, "run")).code, DomainErrorCode::NotFound, "it is forgotten");
}

#[test]
fn steering_is_stored_when_it_says_something_new() {
    let world = World::new();
    let run = started(&world);
    let control = |world: &World| world.test.db.big_fish_run_control().run_id().find(run.run_id).unwrap();
    steer(&world, Actor::Bob, run.run_id, 1_000, -1_000).unwrap();
    assert_eq!(control(&world).heading, BigFishHeading { x_milli: 1_000, y_milli: -1_000 });
    let before = world.rows();
    world.advance(999_999);
    steer(&world, Actor::Bob, run.run_id, 1_000, -1_000).unwrap();
    assert_eq!(world.rows(), before, "the same, lately");
    world.advance(1);
    steer(&world, Actor::Bob, run.run_id, 1_000, -1_000).unwrap();
    assert_eq!(control(&world).seen_at, world.now());
    let request = BigFishSteering { run_id: run.run_id, heading: BigFishHeading { x_milli: 0, y_milli: 0 } };
    world.reduce(Actor::Bob, |ctx| steer_big_fish_run(ctx, request)).unwrap();
    assert_eq!(control(&world).heading, BigFishHeading { x_milli: 0, y_milli: 0 });
}

#[test]
fn bad_steering_is_refused() {
    let world = World::new();
    let run = started(&world);
    for (x, y) in [(1_001, 0), (0, -1_001), (i32::MIN, i32::MIN), (i32::MAX, 0)] {
        assert_eq!(world.refused(|world| steer(world, Actor::Bob, run.run_id, x, y)).code, invalid("heading"));
    }
    let others = world.refused(|world| steer(world, Actor::Alice, run.run_id, 0, 0));
    let absent = world.refused(|world| steer(world, Actor::Bob, Uuid::from_u128(1), 0, 0));
    assert_eq!(others, absent);
    assert_eq!(absent.code, DomainErrorCode::NotFound);
    step(&world, Actor::Bob, PAUSE, run.run_id).unwrap();
    let refusal = world.refused(|world| steer(world, Actor::Bob, run.run_id, 0, 0));
    assert_eq!(refusal.code, conflict("running", "paused"));
}

#[test]
fn a_paused_run_rests_until_it_is_resumed() {
    let world = World::new();
    let run = started(&world);
    let paused = step(&world, Actor::Bob, PAUSE, run.run_id).unwrap();
    assert_eq!(paused.status, BigFishRunStatus::Paused);
    assert_eq!(timers(&world), []);
    let before = world.rows();
    assert_eq!(step(&world, Actor::Bob, PAUSE, run.run_id), Ok(paused));
    assert_eq!(world.rows(), before, "again changes nothing");
    world.advance(3_600_000_000);
    let resumed = step(&world, Actor::Bob, RESUME, run.run_id).unwrap();
    assert_eq!(resumed.status, BigFishRunStatus::Running);
    let [timer] = timers(&world).try_into().unwrap();
    let due = world.now().to_micros_since_unix_epoch() + module_big_fish::TICK_MICROS;
    assert_eq!(timer.scheduled_at, ScheduleAt::Time(spacetimedb::Timestamp::from_micros_since_unix_epoch(due)));
    let before = world.rows();
    step(&world, Actor::Bob, RESUME, run.run_id).unwrap();
    assert_eq!(world.rows(), before, "again changes nothing");
}

#[test]
fn an_abandoned_run_is_over() {
    let world = World::new();
    let run = started(&world);
    let over = step(&world, Actor::Bob, ABANDON, run.run_id).unwrap();
    assert_eq!(over.status, BigFishRunStatus::Abandoned);
    assert_eq!(timers(&world), []);
    assert_eq!(world.see(Actor::Bob, my_run_entities), []);
    assert!(world.rows()["big_fish_run_control"].is_empty());
    assert_eq!(step(&world, Actor::Bob, ABANDON, run.run_id), Ok(over));
    let refused = |next| world.refused(|world| step(world, Actor::Bob, next, run.run_id)).code;
    assert_eq!(refused(PAUSE), illegal("abandoned", "paused"));
    assert_eq!(refused(RESUME), illegal("abandoned", "running"));
}

#[test]
fn nobody_moves_anothers_run() {
    let world = World::new();
    let run = started(&world);
    for next in [PAUSE, RESUME, ABANDON] {
        for actor in [Actor::Alice, Actor::Admin, Actor::Stranger] {
            let refusal = world.refused(|world| step(world, actor, next, run.run_id));
            assert_eq!(refusal.code, DomainErrorCode::NotFound, "{actor:?}");
        }
    }
    let named = Some(Actor::Bob.identity());
    let paused = world.call(Actor::Service, |ctx| pause_big_fish_run_and_return(ctx, named, run.run_id)).unwrap();
    assert_eq!(paused, run_now(&world, Actor::Bob, run.run_id));
    world.reduce(Actor::Bob, |ctx| resume_big_fish_run(ctx, run.run_id)).unwrap();
    world.reduce(Actor::Bob, |ctx| pause_big_fish_run(ctx, run.run_id)).unwrap();
    world.reduce(Actor::Bob, |ctx| abandon_big_fish_run(ctx, run.run_id)).unwrap();
}

#[test]
fn a_run_of_ones_own_game_is_a_run_like_any() {
    let world = World::new();
    let game_id = published(&world, Actor::Alice, "own").game_id;
    let request = BigFishRunRequest { idempotency_key: "r".to_owned(), game_id };
    world.reduce(Actor::Alice, |ctx| start_big_fish_run(ctx, request)).unwrap();
    assert_eq!(world.see(Actor::Alice, my_runs).len(), 1);
}
