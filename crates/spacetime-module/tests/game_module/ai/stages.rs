//! Stages in their order, results, and the good end of a task.

use spacetime_module::*;

use super::*;
use crate::world::{Actor, World, above, conflict, illegal, invalid};

#[test]
fn a_task_goes_through_its_stages_and_is_completed() {
    let world = World::new();
    let task_id = running_task(&world, Actor::Alice, "mill").task_id;
    let refusal = world.refused(|world| start_stage(world, task_id, "lease", 1));
    assert_eq!(refusal.code, conflict("completed", "pending"), "stages have an order");
    let refusal = world.refused(|world| complete_stage(world, task_id, "lease", 0));
    assert_eq!(refusal.code, illegal("pending", "completed"));

    world.advance(3);
    let stage = start_stage(&world, task_id, "lease", 0).unwrap();
    assert_eq!((stage.status, stage.attempt, stage.next_sequence), (AiStageStatus::Running, 1, 1));
    assert_eq!(stage.started_at, Some(world.now()));
    let before = world.rows();
    assert_eq!(start_stage(&world, task_id, "lease", 0), Ok(stage));
    world.reduce(Actor::Service, |ctx| start_ai_task_stage(ctx, stage_start(task_id, "lease", 0))).unwrap();
    assert_eq!(world.rows(), before);
    let refusal = world.refused(|world| complete(world, task_id, "lease"));
    assert_eq!(refusal.code, conflict("completed", "running"), "every stage must be completed first");

    world.advance(3);
    let done = complete_stage(&world, task_id, "lease", 0).unwrap();
    assert_eq!((done.status, done.finished_at), (AiStageStatus::Completed, Some(world.now())));
    let before = world.rows();
    assert_eq!(complete_stage(&world, task_id, "lease", 0), Ok(done));
    assert_eq!(world.rows(), before, "usage is counted once");
    let refusal = world.refused(|world| start_stage(world, task_id, "lease", 0));
    assert_eq!(refusal.code, illegal("completed", "running"));

    start_stage(&world, task_id, "lease", 1).unwrap();
    complete_stage(&world, task_id, "lease", 1).unwrap();
    let completed = complete(&world, task_id, "lease").unwrap();
    assert_eq!(completed.task.status, AiTaskStatus::Completed);
    assert_eq!((completed.task.input_tokens, completed.task.output_tokens), (201, 16));
    assert_eq!(completed.task.finished_at, Some(world.now()));
    let before = world.rows();
    world.advance(3_600_000_000);
    assert_eq!(complete(&world, task_id, "lease"), Ok(completed), "the answer got lost");
    assert_eq!(world.rows(), before);
    let refusal = world.refused(|world| fail(world, task_id, "lease", AiFailureOutlook::Final));
    assert_eq!(refusal.code, illegal("completed", "failed"));
}

#[test]
fn stages_that_are_not_there() {
    let world = World::new();
    let task_id = running_task(&world, Actor::Alice, "mill").task_id;
    for position in [2, u32::MAX] {
        let refusal = world.refused(|world| start_stage(world, task_id, "lease", position));
        assert_eq!(refusal.code, DomainErrorCode::NotFound);
        let refusal = world.refused(|world| complete_stage(world, task_id, "lease", position));
        assert_eq!(refusal.code, DomainErrorCode::NotFound);
    }
}

#[test]
fn usage_has_a_limit() {
    let world = World::new();
    let task_id = running_task(&world, Actor::Alice, "mill").task_id;
    start_stage(&world, task_id, "lease", 0).unwrap();
    let usage = AiTokenUsage { input_tokens: u64::MAX, output_tokens: 0 };
    let request = AiStageCompletion { usage, ..stage_completion(task_id, "lease", 0) };
    let refusal = world.refused(|world| world.call(Actor::Service, |ctx| complete_ai_stage_and_return(ctx, request)));
    assert_eq!(refusal.code, above(1_000_000_000));
}

#[test]
fn results_are_attached_once() {
    let world = World::new();
    let task_id = running_task(&world, Actor::Alice, "mill").task_id;
    let attach = |request| world.call(Actor::Service, |ctx| attach_ai_result_reference_and_return(ctx, request));
    let first = attach(attachment(task_id, "lease", "a")).unwrap();
    assert_eq!((first.owner, first.position), (Actor::Alice.identity(), Some(1)));
    let before = world.rows();
    assert_eq!(attach(attachment(task_id, "lease", "a")), Ok(first.clone()));
    assert_eq!(world.rows(), before);
    assert_eq!(world.see(Actor::Alice, my_ai_result_references), std::slice::from_ref(&first));
    assert_eq!(world.see(Actor::Bob, my_ai_result_references), []);
    assert_eq!(read(&world, task_id).results, [first]);

    let valid = attachment(task_id, "lease", "b");
    for (request, code) in [
        (AiResultAttachment { result_kind: String::new(), ..valid.clone() }, invalid("result_kind")),
        (AiResultAttachment { result_kind: "k".repeat(65), ..valid.clone() }, above(64)),
        (AiResultAttachment { result_id: "a b".to_owned(), ..valid.clone() }, invalid("result_id")),
        (AiResultAttachment { result_id: "i".repeat(129), ..valid.clone() }, above(128)),
        (AiResultAttachment { position: Some(2), ..valid.clone() }, DomainErrorCode::NotFound),
    ] {
        assert_eq!(world.refused(|_| attach(request)).code, code);
    }
    for number in 1..64 {
        attach(attachment(task_id, "lease", &number.to_string())).unwrap();
    }
    assert_eq!(world.refused(|_| attach(attachment(task_id, "lease", "64"))).code, above(64));
}
