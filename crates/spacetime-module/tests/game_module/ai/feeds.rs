//! What readers of a task are told.

use spacetime_module::*;

use super::*;

fn feed(world: &World, actor: Actor, task_id: Uuid) -> Vec<AiNews> {
    world.see(actor, |ctx| ai_task_feed(ctx, task_id)).into_iter().map(|row| row.news).collect()
}

fn texts(news: &[AiNews]) -> Vec<(u32, u32)> {
    let text = |news: &AiNews| match news {
        AiNews::Text(piece) => Some((piece.attempt, piece.sequence)),
        _ => None,
    };
    news.iter().filter_map(text).collect()
}

#[test]
fn a_feed_shows_the_states_and_the_newest_text_of_the_stage_under_work() {
    let world = World::new();
    let id = running_task(&world, Actor::Alice, "a").task_id;
    start_stage(&world, id, "lease", 0).unwrap();
    for sequence in 1..=6 {
        append(&world, chunk(id, "lease", 1, sequence)).unwrap();
    }
    let news = feed(&world, Actor::Alice, id);
    assert_eq!(texts(&news), [(1, 3), (1, 4), (1, 5), (1, 6)]);
    let stage = |position, key: &str, status, attempt| {
        AiNews::Stage(AiStageState { position, key: key.to_owned(), status, attempt })
    };
    assert!(news.contains(&stage(0, "outline", AiStageStatus::Running, 1)), "{news:?}");
    assert!(news.contains(&stage(1, "chapters", AiStageStatus::Pending, 0)), "{news:?}");
    assert!(news.contains(&AiNews::Task(AiTaskState { status: AiTaskStatus::Running, attempt: 1, error: None })));
    assert_eq!(feed(&world, Actor::Service, id), news);

    fail(&world, id, "lease", AiFailureOutlook::Final).unwrap();
    let news = feed(&world, Actor::Alice, id);
    assert_eq!(texts(&news), []);
    let error = Some("The model was busy.".to_owned());
    assert!(news.contains(&AiNews::Task(AiTaskState { status: AiTaskStatus::Failed, attempt: 1, error })), "{news:?}");
}

#[test]
fn nobody_else_reads_a_feed() {
    let world = World::new();
    let id = running_task(&world, Actor::Alice, "a").task_id;
    for actor in [Actor::Bob, Actor::Moderator, Actor::Admin, Actor::Operator, Actor::Stranger] {
        assert_eq!(feed(&world, actor, id), [], "{actor:?}");
    }
    forget_everything(&world, id);
    assert_eq!(feed(&world, Actor::Alice, id), []);
}

fn forget_everything(world: &World, id: Uuid) {
    cancel(world, Actor::Alice, id).unwrap();
    world.call(Actor::Alice, |ctx| forget_ai_task_and_return(ctx, None, id)).unwrap();
}

#[test]
fn a_batch_stores_what_it_can_and_says_of_each_chunk_what_became_of_it() {
    let world = World::new();
    let first = running_task(&world, Actor::Alice, "a").task_id;
    let second = pending_task(&world, Actor::Bob, "b").task_id;
    start(&world, second, "other").unwrap();
    for (id, token) in [(first, "lease"), (second, "other")] {
        start_stage(&world, id, token, 0).unwrap();
    }
    let outcomes = append_all(
        &world,
        vec![
            chunk(first, "lease", 1, 1),
            chunk(second, "stolen", 1, 1),
            chunk(first, "lease", 1, 2),
            chunk(first, "lease", 1, 4),
            chunk(first, "lease", 1, 1),
            chunk(second, "other", 1, 1),
        ],
    )
    .unwrap();
    let stored: Vec<_> = outcomes.iter().map(|outcome| *outcome == AiTextChunkOutcome::Stored).collect();
    assert_eq!(stored, [true, false, true, false, true, true], "{outcomes:?}");
    assert_eq!(text_of(&world, first, 1).len(), 2);
    assert_eq!(text_of(&world, second, 1).len(), 1);
    let rows = world.rows();
    let none = append_all(&world, Vec::new()).unwrap_err();
    assert_eq!(none.code, DomainErrorCode::InvalidArgument(InvalidArgument { field: "appends".to_owned() }));
    let many = append_all(&world, vec![chunk(first, "lease", 1, 3); 513]).unwrap_err();
    assert_eq!(many.code, DomainErrorCode::LimitExceeded(LimitExceeded { limit: 512 }));
    assert!(world.rows() == rows, "a refused batch changed something");
}
