//! Queues: what workers are told of them, and in which order tasks leave them.

use spacetime_module::*;
use spacetimedb::Timestamp;

use super::leases::{SECOND, fire, in_seconds, timers};
use super::*;

const KIND: &str = "world-outline";

fn news(world: &World, actor: Actor) -> Option<AiQueueNews> {
    world.see(actor, |ctx| ai_queue_news(ctx, KIND.to_owned())).pop()
}

fn next(world: &World, token: &str) -> Option<Uuid> {
    lease_next(world, &[KIND], token).unwrap().map(|next| next.task.task_id)
}

#[test]
fn workers_hear_of_every_task_that_comes_to_wait() {
    let world = World::new();
    pending_task(&world, Actor::Alice, "before");
    assert_eq!(news(&world, Actor::Service), None, "no worker has asked yet");
    assert!(next(&world, "a").is_some());
    let told = |arrivals, arrived_at, available_at| {
        Some(AiQueueNews { kind: KIND.to_owned(), arrivals, arrived_at, available_at })
    };
    assert_eq!(news(&world, Actor::Service), told(0, Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH));
    let task = pending_task(&world, Actor::Bob, "after");
    assert_eq!(news(&world, Actor::Service), told(1, world.now(), world.now()));
    assert_eq!(next(&world, "b"), Some(task.task_id));
    assert_eq!(news(&world, Actor::Service), told(1, world.now(), world.now()), "tasks that go are no news");
    fail(&world, task.task_id, "b", AiFailureOutlook::Passing).unwrap();
    assert_eq!(news(&world, Actor::Service), told(2, world.now(), in_seconds(&world, 2)));
    for actor in [Actor::Alice, Actor::Moderator, Actor::Admin, Actor::Stranger] {
        assert_eq!(news(&world, actor), None, "{actor:?}");
    }
}

#[test]
fn holders_see_their_leases_until_these_are_over() {
    let world = World::new();
    let task = running_task(&world, Actor::Alice, "mill");
    let lease = AiHeldLease { task_id: task.task_id, lease_token: "lease".to_owned() };
    assert_eq!(world.see(Actor::Service, held_ai_leases), [lease]);
    for actor in [Actor::Alice, Actor::Moderator, Actor::Admin, Actor::Stranger] {
        assert_eq!(world.see(actor, held_ai_leases), [], "{actor:?}");
    }
    cancel(&world, Actor::Alice, task.task_id).unwrap();
    assert_eq!(world.see(Actor::Service, held_ai_leases), []);
}

#[test]
fn a_task_that_comes_back_has_its_old_place() {
    let world = World::new();
    let waiting = |name: &str| {
        world.advance(SECOND);
        pending_task(&world, Actor::Alice, name).task_id
    };
    let (first, second, third) = (waiting("1"), waiting("2"), waiting("3"));
    assert_eq!(next(&world, "a"), Some(first));
    assert_eq!(next(&world, "b"), Some(second));
    let expired = timers(&world).into_iter().find(|timer| timer.task_id == first).unwrap();
    world.advance(61 * SECOND);
    fire(&world, &expired);
    assert_eq!(next(&world, "c"), Some(first), "it has waited longest");
    assert_eq!(next(&world, "d"), Some(third));
    assert_eq!(next(&world, "e"), None);
}

#[test]
fn a_task_that_waits_until_later_is_passed_over() {
    let world = World::new();
    let retried = running_task(&world, Actor::Alice, "1").task_id;
    fail(&world, retried, "lease", AiFailureOutlook::Passing).unwrap();
    world.advance(SECOND);
    let fresh = pending_task(&world, Actor::Alice, "2").task_id;
    assert_eq!(next(&world, "a"), Some(fresh));
    assert_eq!(next(&world, "b"), None);
    world.advance(SECOND);
    assert_eq!(next(&world, "b"), Some(retried));
}
