//! Remembered requests: forgotten in time, never too early.

use spacetime_module::*;
use spacetimedb::{ScheduleAt, Table, Uuid};

use crate::world::{Actor, World};

const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

fn remember(world: &World, key: &str) {
    let record = RequestRecord {
        id: 0,
        owner: Actor::Alice.identity(),
        operation: "make".to_owned(),
        idempotency_key: key.to_owned(),
        fingerprint: vec![7; 32],
        result_id: Uuid::NIL,
        asked_at: world.now(),
    };
    let insert = |ctx: &spacetimedb::ReducerContext| {
        ctx.db.request_record().insert(record);
        Ok(())
    };
    world.reduce(Actor::Alice, insert).unwrap();
}

fn remembered(world: &World) -> usize {
    world.rows()["request_record"].len()
}

fn run_schedule(world: &World) {
    let timer = RequestForgetting { scheduled_id: 1, scheduled_at: ScheduleAt::Time(world.now()) };
    world.reduce(Actor::Engine, |ctx| forget_outdated_requests(ctx, timer)).unwrap();
}

#[test]
fn a_request_is_forgotten_after_thirty_days() {
    let world = World::new();
    remember(&world, "first");
    world.advance(20 * DAY_MICROS);
    remember(&world, "second");
    run_schedule(&world);
    assert_eq!(remembered(&world), 2);
    world.advance(11 * DAY_MICROS);
    run_schedule(&world);
    assert_eq!(remembered(&world), 1);
    world.advance(20 * DAY_MICROS);
    run_schedule(&world);
    assert_eq!(remembered(&world), 0);
}

#[test]
fn exactly_one_run_is_always_due() {
    let world = World::new();
    assert_eq!(world.rows()["request_forgetting"].len(), 1);
    run_schedule(&world);
    run_schedule(&world);
    assert_eq!(world.rows()["request_forgetting"].len(), 2, "the second run had no timer of its own");
}
