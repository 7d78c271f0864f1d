//! What players' tasks cost, and how much of it there may be in a day.

use spacetime_module::*;

use super::leases::{SECOND, fire, timers};
use super::*;

fn account(world: &World, player: Actor) -> AiTokenAccount {
    world.call(player, |ctx| read_ai_token_account_and_return(ctx, None)).unwrap()
}

fn book(world: &World, task_id: Uuid, token: &str, usage: AiTokenUsage) -> Result<AiTokenAccount, DomainError> {
    let report = AiUsageReport { task_id, owner: Actor::Alice.identity(), lease_token: token.to_owned(), usage };
    world.call(Actor::Service, |ctx| book_ai_token_usage_and_return(ctx, report))
}

fn set_quota(world: &World, quota: Option<u64>) -> Result<AiTokenAccount, DomainError> {
    let alice = Actor::Alice.identity();
    world.call(Actor::Operator, |ctx| set_ai_token_quota_and_return(ctx, alice, quota))
}

fn used_up(limit: u64) -> DomainErrorCode {
    DomainErrorCode::LimitExceeded(LimitExceeded { limit })
}

#[test]
fn everything_that_is_reported_is_booked_once_on_the_task_and_on_the_account() {
    let world = World::new();
    let id = running_task(&world, Actor::Alice, "a").task_id;
    let done = work_through(&world, id, "lease").task;
    let expected = (2 * 100 + 1, 2 * 7 + 2);
    assert_eq!((done.input_tokens, done.output_tokens), expected);
    let booked = account(&world, Actor::Alice);
    assert_eq!((booked.input_tokens, booked.output_tokens, booked.quota), (expected.0, expected.1, None));
    work_again(&world, id);
    assert_eq!(account(&world, Actor::Alice).input_tokens, expected.0, "repeated calls are booked once");
    assert_eq!(account(&world, Actor::Bob).input_tokens, 0);
}

#[test]
fn a_task_that_was_forgotten_is_paid_for_by_its_player() {
    let world = World::new();
    let id = running_task(&world, Actor::Alice, "a").task_id;
    cancel(&world, Actor::Alice, id).unwrap();
    world.call(Actor::Alice, |ctx| forget_ai_task_and_return(ctx, None, id)).unwrap();
    book(&world, id, "lease", usage(30, 4)).unwrap();
    assert_eq!(account(&world, Actor::Alice).input_tokens, 30);
    let implausible = world.refused(|world| book(world, id, "lease", usage(1_000_000_001, 0)));
    assert_eq!(implausible.code, used_up(1_000_000_000));
}

#[test]
fn what_a_worker_tells_after_its_lease_is_booked_once() {
    let world = World::new();
    let id = running_task(&world, Actor::Alice, "a").task_id;
    world.advance(61 * SECOND);
    let [timer] = timers(&world).try_into().unwrap();
    fire(&world, &timer);
    let told = AiTaskFailure { usage: usage(30, 4), ..failure(id, "lease", AiFailureOutlook::Passing) };
    for _ in 0..2 {
        let task = world.call(Actor::Service, |ctx| fail_ai_task_and_return(ctx, told.clone())).unwrap().task;
        assert_eq!((task.status, task.input_tokens), (AiTaskStatus::Pending, 30));
        assert_eq!(task.error, Some(told.error.clone()), "what the worker says is more than that its lease ran out");
    }
    assert_eq!(account(&world, Actor::Alice).input_tokens, 30);
}

/// Repeats the last calls of a worker that did not hear the answers.
fn work_again(world: &World, id: Uuid) {
    complete(world, id, "lease").unwrap();
}

#[test]
fn a_cancelled_task_is_paid_for_by_whoever_had_its_last_lease() {
    let world = World::new();
    let id = running_task(&world, Actor::Alice, "a").task_id;
    cancel(&world, Actor::Alice, id).unwrap();
    let booked = book(&world, id, "lease", usage(30, 4)).unwrap();
    assert_eq!(booked, account(&world, Actor::Alice));
    assert_eq!((booked.input_tokens, booked.output_tokens), (30, 4));
    let [task] = world.see(Actor::Alice, my_ai_tasks).try_into().unwrap();
    assert_eq!((task.status, task.input_tokens, task.output_tokens), (AiTaskStatus::Cancelled, 30, 4));
    let implausible = world.refused(|world| book(world, id, "lease", usage(1_000_000_001, 0)));
    assert_eq!(implausible.code, used_up(1_000_000_000));

    let booked = book(&world, id, "of before", usage(1, 1)).unwrap();
    assert_eq!(booked.output_tokens, 5);
    let [task] = world.see(Actor::Alice, my_ai_tasks).try_into().unwrap();
    assert_eq!(task.output_tokens, 4, "what a lease of before has cost is nothing of the last worker's");
}

#[test]
fn nothing_is_begun_once_the_quota_is_used_up_until_the_next_day() {
    let world = World::new();
    let waiting = pending_task(&world, Actor::Alice, "waiting");
    set_quota(&world, Some(50)).unwrap();
    let id = start(&world, waiting.task_id, "lease").unwrap().task.task_id;
    start_stage(&world, id, "lease", 0).unwrap();
    complete_stage(&world, id, "lease", 0).unwrap();
    assert_eq!(account(&world, Actor::Alice).input_tokens, 100, "what was begun may end above the quota");
    let rows = world.rows();
    assert_eq!(start_stage(&world, id, "lease", 1).unwrap_err().code, used_up(50));
    assert_eq!(create(&world, Actor::Alice, task_request("more")).unwrap_err().code, used_up(50));
    assert!(world.rows() == rows, "a refusal changed something");
    create(&world, Actor::Bob, task_request("bobs")).unwrap();

    world.test.clock.advance(spacetimedb::TimeDuration::from_micros(86_400_000_000));
    create(&world, Actor::Alice, task_request("more")).unwrap();
    let next = account(&world, Actor::Alice);
    assert_eq!((next.input_tokens, next.output_tokens, next.quota), (0, 0, Some(50)));
}

#[test]
fn a_quota_is_given_and_taken_back() {
    let world = World::new();
    assert_eq!(set_quota(&world, Some(0)).unwrap().quota, Some(0));
    assert_eq!(create(&world, Actor::Alice, task_request("a")).unwrap_err().code, used_up(0));
    assert_eq!(set_quota(&world, None).unwrap().quota, None);
    create(&world, Actor::Alice, task_request("a")).unwrap();
    assert_eq!(set_quota(&world, Some(u64::MAX)).unwrap_err().code, used_up(1_000_000_000_000));
}
