//! Remembered requests: forgotten in time, never too early.

use spacetime_module::*;
use spacetimedb::sats::AlgebraicType;
use spacetimedb::{ScheduleAt, Table, TimeDuration, Uuid};

use crate::world::{Actor, World};

const MINUTE_MICROS: i64 = 60 * 1_000_000;
const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

fn remember(world: &World, place: u8) {
    let record =
        RequestRecord { place: place.into(), fingerprint: 7_u8.into(), result_id: Uuid::NIL, asked_at: world.now() };
    let insert = |ctx: &spacetimedb::ReducerContext| {
        ctx.db.request_record().insert(record);
        Ok(())
    };
    world.reduce(Actor::Alice, insert).unwrap();
}

fn remembered(world: &World) -> usize {
    world.rows()["request_record"].len()
}

/// Runs the timer that is set, as the engine does.
fn run_schedule(world: &World) {
    let set = world.test.db.request_forgetting().iter().next().unwrap();
    world.reduce(Actor::Engine, |ctx| forget_outdated_requests(ctx, set)).unwrap();
}

/// With texts or lists in them, remembering would take the longer the more is remembered.
#[test]
fn remembered_requests_are_rows_of_one_size() {
    let world = World::new();
    let table = world.test.datastore().module_def().table("request_record").unwrap();
    for column in &table.columns {
        let is_of_one_size = !matches!(column.ty, AlgebraicType::String | AlgebraicType::Array(_));
        assert!(is_of_one_size, "{}", column.name);
    }
}

#[test]
fn a_request_is_forgotten_after_thirty_days() {
    let world = World::new();
    remember(&world, 1);
    world.advance(20 * DAY_MICROS);
    remember(&world, 2);
    run_schedule(&world);
    assert_eq!(remembered(&world), 2);
    world.advance(11 * DAY_MICROS);
    run_schedule(&world);
    assert_eq!(remembered(&world), 1);
    world.advance(20 * DAY_MICROS);
    run_schedule(&world);
    assert_eq!(remembered(&world), 0);
}

/// A migration adds the tables of this release, but does not run its `init`.
#[test]
fn a_database_of_an_earlier_release_begins_to_forget_with_its_first_request() {
    let world = World::new();
    let set = || world.test.db.request_forgetting().iter().collect::<Vec<_>>();
    for timer in set() {
        world.test.db.request_forgetting().scheduled_id().delete(timer.scheduled_id);
    }
    world.create_world(Actor::Alice, "first");
    let [timer] = set().try_into().unwrap();
    assert_eq!(timer.scheduled_at, ScheduleAt::Time(world.now() + TimeDuration::from_micros(MINUTE_MICROS)));
    world.advance(1);
    world.create_world(Actor::Alice, "second");
    assert_eq!(set(), [timer], "once is enough");
}

#[test]
fn the_next_run_is_set_for_a_minute_later_and_no_other() {
    let world = World::new();
    for _ in 0..3 {
        world.advance(DAY_MICROS);
        run_schedule(&world);
        let set: Vec<_> = world.test.db.request_forgetting().iter().collect();
        let a_minute_later = world.now() + TimeDuration::from_micros(MINUTE_MICROS);
        assert_eq!(set.iter().map(|timer| timer.scheduled_at).collect::<Vec<_>>(), [ScheduleAt::Time(a_minute_later)]);
    }
}
