//! Leases: one at a time, renewed, lost, and what becomes of the task then.

use spacetime_module::*;
use spacetimedb::{ScheduleAt, Table, TimeDuration, Timestamp};

use super::*;
use crate::world::{Actor, World, above, conflict, illegal, invalid};

pub const SECOND: i64 = 1_000_000;

pub fn timers(world: &World) -> Vec<AiTaskLeaseExpiry> {
    world.test.db.ai_task_lease_expiry().iter().collect()
}

/// What the engine does when a timer is due: it calls the reducer, then drops the timer.
pub fn fire(world: &World, timer: &AiTaskLeaseExpiry) {
    world.reduce(Actor::Engine, |ctx| expire_ai_task_lease(ctx, timer.clone())).unwrap();
    world.test.db.ai_task_lease_expiry().scheduled_id().delete(timer.scheduled_id);
}

pub fn in_seconds(world: &World, seconds: i64) -> Timestamp {
    world.now().checked_add(TimeDuration::from_micros(seconds * SECOND)).unwrap()
}

/// A second facade, which has the same role.
fn second_service(world: &World) -> Actor {
    let grant = |ctx: &spacetimedb::ReducerContext| grant_role(ctx, Actor::Stranger.identity(), AccessRole::Service);
    world.reduce(Actor::Admin, grant).unwrap();
    Actor::Stranger
}

#[test]
fn a_lease_is_taken_once() {
    let world = World::new();
    let other = second_service(&world);
    let task = pending_task(&world, Actor::Alice, "mill");
    let running = start(&world, task.task_id, "a").unwrap();
    assert_eq!((running.task.status, running.task.attempt), (AiTaskStatus::Running, 1));
    assert_eq!(running.task.lease_owner, Some(Actor::Service.identity()));
    assert_eq!(running.task.lease_token.as_deref(), Some("a"));
    assert_eq!(running.task.lease_expires_at, Some(in_seconds(&world, 60)));
    let [timer] = timers(&world).try_into().unwrap();
    assert_eq!(timer.task_id, task.task_id);
    assert_eq!(timer.scheduled_at, ScheduleAt::Time(in_seconds(&world, 60)));

    let before = world.rows();
    world.advance(9);
    assert_eq!(start(&world, task.task_id, "a"), Ok(running), "the answer got lost");
    world.reduce(Actor::Service, |ctx| start_ai_task(ctx, lease_of(task.task_id, "a"))).unwrap();
    assert_eq!(world.rows(), before);
    let held = conflict("free", "held by another lease");
    let refusal = world.refused(|world| start(world, task.task_id, "b"));
    assert_eq!(refusal.code, held);
    let same_token =
        |world: &World| world.call(other, |ctx| start_ai_task_and_return(ctx, lease_of(task.task_id, "a")));
    assert_eq!(world.refused(same_token).code, held);
}

#[test]
fn every_call_of_a_worker_needs_the_lease() {
    let world = World::new();
    let other = second_service(&world);
    let task_id = running_task(&world, Actor::Alice, "mill").task_id;
    start_stage(&world, task_id, "lease", 0).unwrap();
    append(&world, chunk(task_id, "lease", 1, 1)).unwrap();
    let not_mine = conflict("the task's present one", "another one");
    for (actor, token) in [(Actor::Service, "other"), (Actor::Service, ""), (other, "lease")] {
        let refusals = [
            world.refused(|world| {
                world.call(actor, |ctx| renew_ai_task_lease_and_return(ctx, lease_of(task_id, token)))
            }),
            world.refused(|world| {
                world.call(actor, |ctx| start_ai_task_stage_and_return(ctx, stage_start(task_id, token, 0)))
            }),
            world.refused(|world| {
                world.call(actor, |ctx| append_ai_text_chunk_and_return(ctx, chunk(task_id, token, 1, 1)))
            }),
            world.refused(|world| {
                world.call(actor, |ctx| complete_ai_stage_and_return(ctx, stage_completion(task_id, token, 0)))
            }),
            world.refused(|world| {
                world.call(actor, |ctx| attach_ai_result_reference_and_return(ctx, attachment(task_id, token, "a")))
            }),
            world
                .refused(|world| world.call(actor, |ctx| complete_ai_task_and_return(ctx, completion(task_id, token)))),
            world.refused(|world| {
                let failure = failure(task_id, token, AiFailureOutlook::Passing);
                world.call(actor, |ctx| fail_ai_task_and_return(ctx, failure))
            }),
        ];
        for refusal in refusals {
            assert_eq!(refusal.code, not_mine, "{actor:?} {token}");
        }
    }
    world.advance(60 * SECOND);
    let refusal = world.refused(|world| append(world, chunk(task_id, "lease", 1, 2)));
    assert_eq!(refusal.code, conflict("live", "run out"), "before the schedule has come round");
}

#[test]
fn a_pending_task_is_worked_on_by_nobody() {
    let world = World::new();
    let task_id = pending_task(&world, Actor::Alice, "mill").task_id;
    let refusal = world.refused(|world| start_stage(world, task_id, "lease", 0));
    assert_eq!(refusal.code, illegal("pending", "continued"));
    let refusal = world.refused(|world| complete(world, task_id, "lease"));
    assert_eq!(refusal.code, illegal("pending", "completed"));
    let refusal = world.refused(|world| fail(world, task_id, "lease", AiFailureOutlook::Final));
    assert_eq!(refusal.code, illegal("pending", "failed"));
}

#[test]
fn lease_arguments_are_checked() {
    let world = World::new();
    let task_id = pending_task(&world, Actor::Alice, "mill").task_id;
    let valid = lease_of(task_id, "a");
    for (request, code) in [
        (AiTaskStart { lease_token: String::new(), ..valid.clone() }, invalid("lease_token")),
        (AiTaskStart { lease_token: "t".repeat(65), ..valid.clone() }, above(64)),
        (AiTaskStart { lease_seconds: 0, ..valid.clone() }, invalid("lease_seconds")),
        (AiTaskStart { lease_seconds: u32::MAX, ..valid.clone() }, above(900)),
        (AiTaskStart { task_id: Uuid::from_u128(7), ..valid.clone() }, DomainErrorCode::NotFound),
    ] {
        let refusal = world.refused(|world| world.call(Actor::Service, |ctx| start_ai_task_and_return(ctx, request)));
        assert_eq!(refusal.code, code);
    }
    assert_eq!(world.refused(|world| lease_next(world, &[], "a")).code, invalid("kinds"));
    assert_eq!(world.refused(|world| lease_next(world, &["a"; 17], "a")).code, above(16));
    assert_eq!(world.refused(|world| lease_next(world, &[""], "a")).code, invalid("kind"));
}

#[test]
fn the_longest_waiting_task_of_the_kinds_is_next() {
    let world = World::new();
    let of_kind = |name: &str, kind: &str| {
        world.advance(1);
        let request = AiTaskCreation { kind: kind.to_owned(), ..task_request(name) };
        create(&world, Actor::Alice, request).unwrap().task.task_id
    };
    let (first, second, third) = (of_kind("1", "a"), of_kind("2", "b"), of_kind("3", "a"));
    let next = |kinds: &[&str], token: &str| lease_next(&world, kinds, token).unwrap().map(|next| next.task.task_id);
    assert_eq!(next(&["c"], "w"), None);
    assert_eq!(next(&["b"], "x"), Some(second));
    assert_eq!(next(&["a", "b"], "y"), Some(first));
    let before = world.rows();
    assert_eq!(next(&["a", "b"], "y"), Some(first), "the answer got lost");
    assert_eq!(world.rows(), before);
    assert_eq!(next(&["b", "a"], "z"), Some(third));
    assert_eq!(next(&["a", "b"], "w"), None);
    let free = of_kind("4", "a");
    let refusal = world.refused(|world| start(world, free, "z"));
    assert_eq!(refusal.code, conflict("a new one", "that of another lease"));
}

#[test]
fn a_renewed_lease_lives_on() {
    let world = World::new();
    let task = running_task(&world, Actor::Alice, "mill");
    let [old] = timers(&world).try_into().unwrap();
    world.advance(50 * SECOND);
    let renew = |lease_seconds| {
        let request = AiTaskStart { lease_seconds, ..lease_of(task.task_id, "lease") };
        world.call(Actor::Service, |ctx| renew_ai_task_lease_and_return(ctx, request))
    };
    let renewed = renew(60).unwrap();
    assert_eq!(renewed.lease_expires_at, Some(in_seconds(&world, 60)));
    let [timer] = timers(&world).try_into().unwrap();
    assert_ne!(timer.scheduled_id, old.scheduled_id);
    assert_eq!(timer.scheduled_at, ScheduleAt::Time(in_seconds(&world, 60)));
    let before = world.rows();
    assert_eq!(renew(5), Ok(renewed), "a lease is never shortened");
    assert_eq!(world.rows(), before);

    world.advance(10 * SECOND);
    let [present] = timers(&world).try_into().unwrap();
    fire(&world, &present);
    assert_eq!(read(&world, task.task_id).task.status, AiTaskStatus::Running, "a timer that comes early");
    let [again] = timers(&world).try_into().unwrap();
    assert_eq!(again.scheduled_at, present.scheduled_at);
    world.advance(50 * SECOND);
    assert_eq!(world.refused(|_| renew(60)).code, conflict("live", "run out"));
}

#[test]
fn a_lost_lease_gives_the_task_back_and_then_up() {
    let world = World::new();
    let task_id = running_task(&world, Actor::Alice, "mill").task_id;
    start_stage(&world, task_id, "lease", 0).unwrap();
    complete_stage(&world, task_id, "lease", 0).unwrap();
    start_stage(&world, task_id, "lease", 1).unwrap();
    let [timer] = timers(&world).try_into().unwrap();
    world.advance(61 * SECOND);
    fire(&world, &timer);
    let lost = read(&world, task_id);
    assert_eq!((lost.task.status, lost.task.attempt), (AiTaskStatus::Pending, 1));
    assert_eq!(lost.task.error.as_deref(), Some("The worker's lease ran out."));
    assert_eq!(lost.task.finished_at, None);
    let statuses: Vec<_> = lost.stages.iter().map(|stage| stage.status).collect();
    assert_eq!(statuses, [AiStageStatus::Completed, AiStageStatus::Failed]);
    assert_eq!(timers(&world), []);
    let refusal = world.refused(|world| start(world, task_id, "lease"));
    assert_eq!(refusal.code, conflict("a new one", "that of the last lease"));

    let again = lease_next(&world, &["world-outline"], "second").unwrap().unwrap();
    assert_eq!((again.task.task_id, again.task.attempt), (task_id, 2));
    let [timer] = timers(&world).try_into().unwrap();
    world.advance(60 * SECOND);
    fire(&world, &timer);
    let failed = read(&world, task_id);
    assert_eq!(failed.task.status, AiTaskStatus::Failed);
    assert_eq!(failed.task.finished_at, Some(world.now()));
    assert_eq!(timers(&world), []);
    let before = world.rows();
    fire(&world, &timer);
    assert_eq!(world.rows(), before, "a timer that comes late");
}

#[test]
fn a_worker_need_not_wait_for_the_schedule() {
    let world = World::new();
    let task_id = running_task(&world, Actor::Alice, "mill").task_id;
    start_stage(&world, task_id, "lease", 0).unwrap();
    complete_stage(&world, task_id, "lease", 0).unwrap();
    start_stage(&world, task_id, "lease", 1).unwrap();
    world.advance(60 * SECOND);
    let taken = start(&world, task_id, "second").unwrap();
    assert_eq!((taken.task.status, taken.task.attempt), (AiTaskStatus::Running, 2));
    let statuses: Vec<_> = taken.stages.iter().map(|stage| (stage.position, stage.status)).collect();
    assert_eq!(statuses, [(0, AiStageStatus::Completed), (1, AiStageStatus::Failed)], "in order within one call");
    let [timer] = timers(&world).try_into().unwrap();
    assert_eq!(timer.lease_token, "second");
    world.advance(60 * SECOND);
    let refusal = world.refused(|world| start(world, task_id, "third"));
    assert_eq!(refusal.code, illegal("failed", "running"), "that was the last attempt");
}

#[test]
fn a_passing_failure_is_tried_again_after_a_pause() {
    let world = World::new();
    let task_id = running_task(&world, Actor::Alice, "mill").task_id;
    let failed = fail(&world, task_id, "lease", AiFailureOutlook::Passing).unwrap();
    assert_eq!(failed.task.status, AiTaskStatus::Pending);
    assert_eq!(failed.task.error.as_deref(), Some("The model was busy."));
    assert_eq!(failed.task.available_at, in_seconds(&world, 2));
    assert_eq!((failed.task.input_tokens, failed.task.output_tokens), (10, 20));
    let before = world.rows();
    assert_eq!(fail(&world, task_id, "lease", AiFailureOutlook::Passing), Ok(failed), "the answer got lost");
    assert_eq!(world.rows(), before);

    assert_eq!(lease_next(&world, &["world-outline"], "b"), Ok(None));
    world.advance(2 * SECOND);
    assert!(lease_next(&world, &["world-outline"], "b").unwrap().is_some());
    let failed = fail(&world, task_id, "b", AiFailureOutlook::Passing).unwrap();
    assert_eq!(failed.task.status, AiTaskStatus::Failed, "no attempt is left");
    assert_eq!((failed.task.input_tokens, failed.task.output_tokens), (20, 40));
}

#[test]
fn a_final_failure_is_not_tried_again() {
    let world = World::new();
    let task_id = running_task(&world, Actor::Alice, "mill").task_id;
    start_stage(&world, task_id, "lease", 0).unwrap();
    let failed = fail(&world, task_id, "lease", AiFailureOutlook::Final).unwrap();
    assert_eq!(failed.task.status, AiTaskStatus::Failed);
    let statuses: Vec<_> = failed.stages.iter().map(|stage| stage.status).collect();
    assert_eq!(statuses, [AiStageStatus::Failed, AiStageStatus::Cancelled]);
    let refusal = world.refused(|world| start(world, task_id, "b"));
    assert_eq!(refusal.code, illegal("failed", "running"));
    for (error, code) in [(String::new(), invalid("error")), ("x".repeat(2_049), above(2_048))] {
        let request = AiTaskFailure { error, ..failure(task_id, "lease", AiFailureOutlook::Final) };
        let refusal = world.refused(|world| world.call(Actor::Service, |ctx| fail_ai_task_and_return(ctx, request)));
        assert_eq!(refusal.code, code);
    }
}

#[test]
fn nobody_takes_a_lease_away_by_hand() {
    let world = World::new();
    running_task(&world, Actor::Alice, "mill");
    let [timer] = timers(&world).try_into().unwrap();
    world.advance(60 * SECOND);
    for actor in [Actor::Owner, Actor::Service, Actor::Alice] {
        let refusal = world.refused(|world| world.reduce(actor, |ctx| expire_ai_task_lease(ctx, timer.clone())));
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
    }
}
