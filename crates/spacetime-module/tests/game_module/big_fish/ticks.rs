//! Ticks: what the schedule does with runs.

use spacetime_module::*;
use spacetimedb::{ReducerContext, ScheduleAt, Table, Timestamp};

use super::studio::{run_now, started, steer};
use crate::world::{Actor, World};

fn timer(world: &World) -> Option<BigFishTick> {
    let timers: Vec<_> = world.test.db.big_fish_tick().iter().collect();
    assert!(timers.len() <= 1, "a run has one timer at most");
    timers.into_iter().next()
}

fn due(timer: &BigFishTick) -> Timestamp {
    match timer.scheduled_at {
        ScheduleAt::Time(due) => due,
        ScheduleAt::Interval(_) => unreachable!("ticks are scheduled by time"),
    }
}

/// What the engine does with a timer: it calls the reducer, then drops the timer.
fn fire(world: &World, timer: &BigFishTick) {
    world.reduce(Actor::Engine, |ctx| tick_big_fish_run(ctx, timer.clone())).unwrap();
    world.test.db.big_fish_tick().scheduled_id().delete(timer.scheduled_id);
}

/// Lets time pass until the next tick, and has it run.
fn tick(world: &World) {
    let timer = timer(world).unwrap();
    world.test.clock.set(due(&timer));
    fire(world, &timer);
}

fn waters(world: &World) -> BigFishRunWaters {
    world.see(Actor::Bob, my_run_entities).remove(0)
}

/// Leaves one fish of the school and one wild one, touching.
fn put_together(world: &World, own_level: u8, wild_level: u8) {
    let waters = waters(world);
    let fish = |id, side, level| BigFishEntity { id, side, level, x_milli: 50_000, y_milli: 30_000, course: 0 };
    let fish = vec![fish(1, BigFishSide::School, own_level), fish(2, BigFishSide::Wild, wild_level)];
    world.test.db.big_fish_run_waters().run_id().update(BigFishRunWaters { fish, next_fish_id: 9, ..waters });
}

/// What the next call draws first. Only a test can choose that, by a number.
fn draw_of_next_call(world: &World, number: u64) -> u64 {
    let mut drawn: u64 = 0;
    let draw = |ctx: &ReducerContext| {
        drawn = ctx.random();
        Ok(())
    };
    world.test.rng.set_seed(number);
    world.reduce(Actor::Engine, draw).unwrap();
    world.test.rng.set_seed(number);
    drawn
}

#[test]
fn ticks_follow_the_rules_from_what_they_draw() {
    let world = World::new();
    let run = started(&world);
    let gathered = || world.test.db.big_fish_run_control().run_id().find(run.run_id).unwrap().seed;
    let bodies: Vec<_> = run
        .bodies
        .iter()
        .map(|body| module_big_fish::Body { size_milli: body.size_milli, speed_milli: body.speed_milli })
        .collect();
    let mut expected = module_big_fish::first_waters(&bodies, gathered());
    for number in 0..20 {
        let x_milli = if number < 10 { 1_000 } else { -500 };
        steer(&world, Actor::Bob, run.run_id, x_milli, 0).unwrap();
        let seed = gathered() ^ draw_of_next_call(&world, number);
        tick(&world);
        let heading = module_big_fish::Heading { x_milli, y_milli: 0 };
        let (next, outcome) = module_big_fish::tick(&bodies, &expected, heading, seed);
        if outcome != module_big_fish::Outcome::Swimming {
            return;
        }
        expected = next;
        let waters = waters(&world);
        assert_eq!(waters.tick, expected.tick);
        assert_eq!(waters.fish.len(), expected.fish.len());
        for (stored, fish) in waters.fish.iter().zip(&expected.fish) {
            assert_eq!(
                (stored.id, stored.level, stored.x_milli, stored.y_milli),
                (fish.id, fish.level, fish.x_milli, fish.y_milli)
            );
        }
    }
}

/// The time of the beginning is in the run's row, and the engine derives chance from the time of a call.
#[test]
fn who_knows_how_a_run_began_cannot_tell_what_comes() {
    let played = |number: u64| {
        let world = World::new();
        let run = started(&world);
        let begun = waters(&world);
        world.test.rng.set_seed(number);
        (0..3).for_each(|_| tick(&world));
        (run, begun, waters(&world).fish)
    };
    let ((one, one_begun, one_fish), (other, other_begun, other_fish)) = (played(1), played(2));
    assert_eq!((one, one_begun), (other, other_begun));
    assert_ne!(one_fish, other_fish);
}

#[test]
fn a_tick_writes_the_waters_and_its_timer_alone() {
    let world = World::new();
    started(&world);
    let before = world.rows();
    tick(&world);
    let after = world.rows();
    let changed: Vec<_> = before.keys().filter(|table| before[*table] != after[*table]).collect();
    assert_eq!(changed, ["big_fish_run_waters", "big_fish_tick"]);
}

#[test]
fn ticks_keep_their_beat() {
    let world = World::new();
    started(&world);
    let first = timer(&world).unwrap();
    world.test.clock.set(due(&first));
    world.advance(7_000);
    fire(&world, &first);
    let second = timer(&world).unwrap();
    let beat = due(&second).to_micros_since_unix_epoch() - due(&first).to_micros_since_unix_epoch();
    assert_eq!(beat, module_big_fish::TICK_MICROS, "a late tick does not delay the next");
    assert_eq!(waters(&world).next_tick_at, due(&second));
}

#[test]
fn missed_ticks_are_left_out() {
    let world = World::new();
    started(&world);
    let first = timer(&world).unwrap();
    world.advance(3_000_000);
    fire(&world, &first);
    assert_eq!(waters(&world).tick, 1, "one tick, not thirty");
    let next = due(&timer(&world).unwrap()).to_micros_since_unix_epoch();
    assert_eq!(next, world.now().to_micros_since_unix_epoch() + module_big_fish::TICK_MICROS);
}

#[test]
fn an_early_or_outdated_timer_does_not_tick() {
    let world = World::new();
    let run = started(&world);
    let first = timer(&world).unwrap();
    fire(&world, &first);
    assert_eq!(waters(&world).tick, 0);
    let again = timer(&world).unwrap();
    assert_eq!(due(&again), due(&first), "set again for the due time");

    tick(&world);
    let before = waters(&world);
    fire(&world, &first);
    assert_eq!(waters(&world), before, "fired twice");
    assert!(timer(&world).is_some());

    world.reduce(Actor::Bob, |ctx| pause_big_fish_run(ctx, run.run_id)).unwrap();
    world.advance(1_000_000);
    let before = world.rows();
    fire(&world, &first);
    assert_eq!(world.rows(), before, "paused meanwhile");
    world.reduce(Actor::Bob, |ctx| abandon_big_fish_run(ctx, run.run_id)).unwrap();
    let before = world.rows();
    fire(&world, &first);
    assert_eq!(world.rows(), before, "over meanwhile");
}

#[test]
fn a_run_without_its_player_pauses_and_waits() {
    let world = World::new();
    let run = started(&world);
    let begun_at = world.now();
    let mut ticks = 0;
    while run_now(&world, Actor::Bob, run.run_id).status == BigFishRunStatus::Running {
        tick(&world);
        ticks += 1;
        assert!(ticks < 100);
    }
    let away = run_now(&world, Actor::Bob, run.run_id);
    if away.status == BigFishRunStatus::Defeat {
        return;
    }
    assert_eq!(away.status, BigFishRunStatus::Paused);
    let waited = world.now().to_micros_since_unix_epoch() - begun_at.to_micros_since_unix_epoch();
    assert_eq!(waited, module_big_fish::ABSENCE_MICROS);
    assert_eq!((timer(&world), away.ticks), (None, waters(&world).tick));

    world.advance(86_400_000_000);
    world.reduce(Actor::Bob, |ctx| resume_big_fish_run(ctx, run.run_id)).unwrap();
    tick(&world);
    assert_eq!(waters(&world).tick, away.ticks + 1, "it goes on where it stood");
}

#[test]
fn steering_keeps_a_run_going() {
    let world = World::new();
    let run = started(&world);
    for _ in 0..120 {
        if timer(&world).is_none() {
            break;
        }
        steer(&world, Actor::Bob, run.run_id, 0, 0).unwrap();
        tick(&world);
    }
    assert_ne!(run_now(&world, Actor::Bob, run.run_id).status, BigFishRunStatus::Paused);
}

#[test]
fn steering_revives_a_run_that_lost_its_timer() {
    let world = World::new();
    let run = started(&world);
    let lost = timer(&world).unwrap();
    world.test.db.big_fish_tick().scheduled_id().delete(lost.scheduled_id);
    steer(&world, Actor::Bob, run.run_id, 1_000, 0).unwrap();
    tick(&world);
    assert_eq!(waters(&world).tick, 1);
}

#[test]
fn the_top_level_is_victory() {
    let world = World::new();
    let run = started(&world);
    put_together(&world, 2, 2);
    tick(&world);
    let won = run_now(&world, Actor::Bob, run.run_id);
    assert_eq!((won.status, won.best_level, won.merged, won.ticks), (BigFishRunStatus::Victory, 3, 1, 1));
    assert_eq!(won.changed_at, world.now());
    assert_eq!(timer(&world), None);
    assert_eq!(world.see(Actor::Bob, my_run_entities), []);
    assert!(world.rows()["big_fish_run_control"].is_empty());
}

#[test]
fn an_eaten_school_is_defeat() {
    let world = World::new();
    let run = started(&world);
    put_together(&world, 1, 3);
    tick(&world);
    let lost = run_now(&world, Actor::Bob, run.run_id);
    assert_eq!((lost.status, lost.best_level), (BigFishRunStatus::Defeat, 1));
    assert_eq!(timer(&world), None);
    let refusal = world.refused(|world| world.reduce(Actor::Bob, |ctx| abandon_big_fish_run(ctx, run.run_id)));
    assert_eq!(refusal.code, crate::world::illegal("defeat", "abandoned"));
    super::studio::start(&world, Actor::Bob, run.game_id, "another").unwrap();
}

#[test]
fn time_over_is_defeat() {
    let world = World::new();
    let run = started(&world);
    let late = BigFishRunWaters { tick: module_big_fish::RUN_TICKS_MAX - 1, ..waters(&world) };
    world.test.db.big_fish_run_waters().run_id().update(late);
    tick(&world);
    assert_eq!(run_now(&world, Actor::Bob, run.run_id).status, BigFishRunStatus::Defeat);
}

#[test]
fn nobody_ticks_by_hand() {
    let world = World::new();
    started(&world);
    let timer = timer(&world).unwrap();
    world.test.clock.set(due(&timer));
    for actor in [Actor::Owner, Actor::Service, Actor::Bob] {
        let refusal = world.refused(|world| world.reduce(actor, |ctx| tick_big_fish_run(ctx, timer.clone())));
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
    }
}
