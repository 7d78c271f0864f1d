//! Asking for tasks, cancelling and forgetting them, and who may.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::*;
use crate::world::{Actor, World, above, check_same_rows, conflict, illegal, invalid};

#[test]
fn a_task_waits_with_its_stages() {
    let world = World::new();
    let snapshot = create(&world, Actor::Alice, task_request("mill")).unwrap();
    let task = &snapshot.task;
    assert_eq!(task.owner, Actor::Alice.identity());
    assert_eq!((task.status, task.attempt, task.attempts_max), (AiTaskStatus::Pending, 0, 2));
    assert_eq!((task.lease_owner, &task.lease_token, task.lease_expires_at), (None, &None, None));
    assert_eq!((task.created_at, task.available_at, task.finished_at), (world.now(), world.now(), None));
    let stages: Vec<_> = snapshot.stages.iter().map(|stage| (stage.position, stage.key.as_str())).collect();
    assert_eq!(stages, [(0, "outline"), (1, "chapters")]);
    assert!(snapshot.stages.iter().all(|stage| stage.status == AiStageStatus::Pending && stage.attempt == 0));
    assert_eq!(world.see(Actor::Alice, my_ai_tasks), [snapshot.task]);
    let mut stages = world.see(Actor::Alice, my_ai_task_stages);
    stages.sort_by_key(|stage| stage.position);
    assert_eq!(stages, snapshot.stages);
    assert_eq!(world.see(Actor::Bob, my_ai_tasks), []);
}

#[test]
fn the_same_request_again_is_the_same_task() {
    let world = World::new();
    let first = create(&world, Actor::Alice, task_request("mill")).unwrap();
    world.advance(5);
    let before = world.rows();
    assert_eq!(create(&world, Actor::Alice, task_request("mill")), Ok(first));
    world.reduce(Actor::Alice, |ctx| create_ai_task(ctx, task_request("mill"))).unwrap();
    assert_eq!(world.rows(), before);

    let other = AiTaskCreation { request: "another".to_owned(), ..task_request("mill") };
    let refusal = world.refused(|world| create(world, Actor::Alice, other.clone()));
    assert_eq!(refusal.code, conflict("the one first sent under it", "another one"));
    create(&world, Actor::Bob, other).unwrap();
}

#[test]
fn requests_are_checked() {
    let world = World::new();
    let valid = task_request("mill");
    let stage = valid.stages[0].clone();
    for (request, code) in [
        (AiTaskCreation { idempotency_key: String::new(), ..valid.clone() }, invalid("idempotency_key")),
        (AiTaskCreation { idempotency_key: "k".repeat(129), ..valid.clone() }, above(128)),
        (AiTaskCreation { kind: "Not a key".to_owned(), ..valid.clone() }, invalid("kind")),
        (AiTaskCreation { kind: "k".repeat(65), ..valid.clone() }, above(64)),
        (AiTaskCreation { request: String::new(), ..valid.clone() }, invalid("request")),
        (AiTaskCreation { request: "x".repeat(32 * 1024 + 1), ..valid.clone() }, above(32 * 1024)),
        (AiTaskCreation { stages: Vec::new(), ..valid.clone() }, invalid("stages")),
        (AiTaskCreation { stages: vec![stage.clone(); 17], ..valid.clone() }, above(16)),
        (AiTaskCreation { stages: vec![stage.clone(); 2], ..valid.clone() }, invalid("stages.key")),
        (AiTaskCreation { attempts_max: 0, ..valid.clone() }, invalid("attempts_max")),
        (AiTaskCreation { attempts_max: u32::MAX, ..valid.clone() }, above(5)),
    ] {
        let refusal = world.refused(|world| create(world, Actor::Alice, request));
        assert_eq!(refusal.code, code);
    }
}

#[test]
fn a_player_has_few_open_tasks() {
    let world = World::new();
    let tasks: Vec<_> = (0..8).map(|number| pending_task(&world, Actor::Alice, &number.to_string())).collect();
    start(&world, tasks[0].task_id, "a").unwrap();
    let refusal = world.refused(|world| create(world, Actor::Alice, task_request("ninth")));
    assert_eq!(refusal.code, above(8));
    pending_task(&world, Actor::Bob, "his");
    cancel(&world, Actor::Alice, tasks[1].task_id).unwrap();
    pending_task(&world, Actor::Alice, "ninth");
}

#[test]
fn a_closed_account_asks_for_nothing() {
    let world = World::new();
    world.reduce(Actor::Alice, close_account).unwrap();
    let refusal = world.refused(|world| create(world, Actor::Alice, task_request("mill")));
    assert_eq!(refusal.code, DomainErrorCode::AccountClosed);
}

#[test]
fn nothing_is_made_for_a_closed_account() {
    let world = World::new();
    let running = running_task(&world, Actor::Alice, "running").task_id;
    let pending = pending_task(&world, Actor::Alice, "pending").task_id;
    let done = pending_task(&world, Actor::Alice, "done").task_id;
    start(&world, done, "other").unwrap();
    work_through(&world, done, "other");
    let bobs = pending_task(&world, Actor::Bob, "bobs").task_id;
    world.reduce(Actor::Alice, close_account).unwrap();
    for task_id in [running, pending] {
        let cancelled = read(&world, task_id).task;
        assert_eq!((cancelled.status, cancelled.finished_at), (AiTaskStatus::Cancelled, Some(world.now())));
    }
    assert_eq!(read(&world, done).task.status, AiTaskStatus::Completed, "what was done stays");
    assert_eq!(world.see(Actor::Service, held_ai_leases), []);
    let refusal = world.refused(|world| start_stage(world, running, "lease", 0));
    assert_eq!(refusal.code, illegal("cancelled", "continued"));
    assert_eq!(lease_next(&world, &["world-outline"], "next").unwrap().unwrap().task.task_id, bobs);
    assert_eq!(lease_next(&world, &["world-outline"], "after"), Ok(None));
}

#[test]
fn owners_and_keepers_cancel() {
    let world = World::new();
    for actor in [Actor::Alice, Actor::Service, Actor::Admin] {
        let task = running_task(&world, Actor::Alice, &format!("{actor:?}"));
        start_stage(&world, task.task_id, "lease", 0).unwrap();
        append(&world, chunk(task.task_id, "lease", 1, 1)).unwrap();
        world.advance(7);
        let cancelled = cancel(&world, actor, task.task_id).unwrap();
        assert_eq!(cancelled.task.status, AiTaskStatus::Cancelled, "{actor:?}");
        assert_eq!(cancelled.task.finished_at, Some(world.now()));
        assert_eq!(cancelled.task.lease_expires_at, Some(world.now()));
        assert!(cancelled.stages.iter().all(|stage| stage.status == AiStageStatus::Cancelled));
        assert_eq!(text_of(&world, task.task_id, 1), [(1, "text 1.1".to_owned())], "what had arrived stays");

        let refusal = world.refused(|world| append(world, chunk(task.task_id, "lease", 1, 2)));
        assert_eq!(refusal.code, illegal("cancelled", "continued"));
        let before = world.rows();
        assert_eq!(cancel(&world, actor, task.task_id), Ok(cancelled));
        world.reduce(Actor::Alice, |ctx| cancel_ai_task(ctx, task.task_id)).unwrap();
        assert_eq!(world.rows(), before);
    }
}

#[test]
fn others_do_not_cancel_nor_read_nor_forget() {
    let world = World::new();
    let task = pending_task(&world, Actor::Alice, "mill");
    for actor in [Actor::Bob, Actor::Operator, Actor::Stranger] {
        let refusal = world.refused(|world| cancel(world, actor, task.task_id));
        assert_eq!(refusal.code, DomainErrorCode::NotFound, "{actor:?}");
        let read = world.call(actor, |ctx| read_ai_task_and_return(ctx, None, task.task_id));
        assert_eq!(read.unwrap_err().code, DomainErrorCode::NotFound, "{actor:?}");
    }
    let refusal = world.refused(|world| cancel(world, Actor::Moderator, task.task_id));
    assert_eq!(refusal.code, DomainErrorCode::Forbidden);
    let read = world.call(Actor::Moderator, |ctx| read_ai_task_and_return(ctx, None, task.task_id));
    assert_eq!(read.unwrap().task, task);
    cancel(&world, Actor::Alice, task.task_id).unwrap();
    for (actor, code) in [(Actor::Bob, DomainErrorCode::NotFound), (Actor::Moderator, DomainErrorCode::Forbidden)] {
        let refusal =
            world.refused(|world| world.call(actor, |ctx| forget_ai_task_and_return(ctx, None, task.task_id)));
        assert_eq!(refusal.code, code);
    }
    let refusal = world.refused(|world| cancel(world, Actor::Alice, Uuid::from_u128(7)));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
}

#[test]
fn a_finished_task_is_not_cancelled() {
    let world = World::new();
    let task = running_task(&world, Actor::Alice, "mill");
    work_through(&world, task.task_id, "lease");
    let refusal = world.refused(|world| cancel(world, Actor::Alice, task.task_id));
    assert_eq!(refusal.code, illegal("completed", "cancelled"));
}

#[test]
fn forgetting_leaves_nothing_of_a_finished_task() {
    let world = World::new();
    let kept = pending_task(&world, Actor::Alice, "kept");
    let before = world.rows();
    let task = running_task(&world, Actor::Alice, "mill");
    let forget = |task_id| world.call(Actor::Alice, |ctx| forget_ai_task_and_return(ctx, None, task_id));
    let refusal = world.refused(|_| forget(task.task_id));
    assert_eq!(refusal.code, conflict("finished", "running"));
    start_stage(&world, task.task_id, "lease", 0).unwrap();
    append(&world, chunk(task.task_id, "lease", 1, 1)).unwrap();
    let attach = attachment(task.task_id, "lease", "a");
    world.call(Actor::Service, |ctx| attach_ai_result_reference_and_return(ctx, attach)).unwrap();
    let failed = fail(&world, task.task_id, "lease", AiFailureOutlook::Final).unwrap();

    assert_eq!(forget(task.task_id), Ok(failed));
    let mut rows = world.rows();
    for kept in ["request_record", "ai_token_account"] {
        rows.insert(kept.to_owned(), before[kept].clone());
    }
    assert_eq!(rows, before, "all but the idempotency key and what was paid is as before");
    assert_eq!(world.see(Actor::Alice, my_ai_tasks), [kept]);
    let refusal = world.refused(|_| forget(task.task_id));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
    let refusal = world.refused(|world| create(world, Actor::Alice, task_request("mill")));
    assert_eq!(refusal.code, DomainErrorCode::NotFound, "a key whose task is forgotten");
}

#[test]
fn the_newest_finished_tasks_are_kept() {
    let world = World::new();
    let waiting = pending_task(&world, Actor::Alice, "waits-longest");
    let bobs = pending_task(&world, Actor::Bob, "bobs");
    cancel(&world, Actor::Bob, bobs.task_id).unwrap();
    let finished: Vec<_> = (0..51)
        .map(|number| {
            world.advance(1);
            let task = pending_task(&world, Actor::Alice, &number.to_string());
            cancel(&world, Actor::Alice, task.task_id).unwrap().task.task_id
        })
        .collect();
    world.advance(1);
    cancel(&world, Actor::Alice, waiting.task_id).unwrap();
    let mut seen: Vec<_> = world.see(Actor::Alice, my_ai_tasks).into_iter().map(|task| task.task_id).collect();
    let mut expected: Vec<_> = finished[2..].iter().copied().chain([waiting.task_id]).collect();
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected, "in the order of their ends, not of their beginnings");
    assert_eq!(world.see(Actor::Alice, my_ai_task_stages).len(), 100);
    assert_eq!(world.see(Actor::Bob, my_ai_tasks).len(), 1);
}

#[test]
fn the_reducer_forgets_as_the_procedure_does() {
    let done = |world: &World| {
        let task_id = running_task(world, Actor::Alice, "mill").task_id;
        work_through(world, task_id, "lease");
        task_id
    };
    check_same_rows(
        done,
        |world, task_id| world.call(Actor::Alice, |ctx| forget_ai_task_and_return(ctx, None, *task_id)),
        |world, task_id| world.reduce(Actor::Alice, |ctx| forget_ai_task(ctx, *task_id)),
    );
}
