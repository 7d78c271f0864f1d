//! Text as it arrives: in sequence, once, kept through failures, readable from anywhere on.

use spacetime_module::*;

use super::*;
use crate::world::{Actor, World, above, conflict, illegal, invalid};

#[test]
fn chunks_are_appended_in_sequence_and_once() {
    let world = World::new();
    let task_id = running_task(&world, Actor::Alice, "mill").task_id;
    start_stage(&world, task_id, "lease", 0).unwrap();
    let first = append(&world, chunk(task_id, "lease", 1, 1)).unwrap();
    assert_eq!((first.sequence, first.text.as_str(), first.owner), (1, "text 1.1", Actor::Alice.identity()));
    let refusal = world.refused(|world| append(world, chunk(task_id, "lease", 1, 3)));
    assert_eq!(refusal.code, conflict("2", "3"));
    append(&world, chunk(task_id, "lease", 1, 2)).unwrap();

    let before = world.rows();
    world.advance(5);
    let other_text = AiTextChunkAppend { text: "other".to_owned(), ..chunk(task_id, "lease", 1, 1) };
    assert_eq!(append(&world, other_text), Ok(first.clone()), "answered as the first time");
    assert_eq!(world.rows(), before);
    let stage = &read(&world, task_id).stages[0];
    assert_eq!((stage.next_sequence, stage.text_bytes), (3, 16));
    complete_stage(&world, task_id, "lease", 0).unwrap();
    assert_eq!(append(&world, chunk(task_id, "lease", 1, 1)), Ok(first), "also after the stage's end");
    let refusal = world.refused(|world| append(world, chunk(task_id, "lease", 1, 3)));
    assert_eq!(refusal.code, illegal("completed", "continued"));
}

#[test]
fn appends_are_checked() {
    let world = World::new();
    let task_id = running_task(&world, Actor::Alice, "mill").task_id;
    let refusal = world.refused(|world| append(world, chunk(task_id, "lease", 0, 1)));
    assert_eq!(refusal.code, illegal("pending", "continued"));
    start_stage(&world, task_id, "lease", 0).unwrap();
    let valid = chunk(task_id, "lease", 1, 1);
    for (request, code) in [
        (AiTextChunkAppend { text: String::new(), ..valid.clone() }, invalid("text")),
        (AiTextChunkAppend { text: "x".repeat(16 * 1024 + 1), ..valid.clone() }, above(16 * 1024)),
        (AiTextChunkAppend { sequence: 0, ..valid.clone() }, invalid("sequence")),
        (AiTextChunkAppend { sequence: u32::MAX, ..valid.clone() }, conflict("1", "4294967295")),
        (AiTextChunkAppend { attempt: 2, ..valid.clone() }, conflict("1", "2")),
        (AiTextChunkAppend { position: 1, ..valid.clone() }, conflict("0", "1")),
        (AiTextChunkAppend { position: 9, ..valid.clone() }, DomainErrorCode::NotFound),
        (AiTextChunkAppend { task_id: Uuid::from_u128(7), ..valid.clone() }, DomainErrorCode::NotFound),
    ] {
        assert_eq!(world.refused(|world| append(world, request)).code, code);
    }
}

#[test]
fn a_stage_has_half_a_mebibyte_of_text() {
    let world = World::new();
    let task_id = running_task(&world, Actor::Alice, "mill").task_id;
    start_stage(&world, task_id, "lease", 0).unwrap();
    let long = |sequence| AiTextChunkAppend { text: "x".repeat(16 * 1024), ..chunk(task_id, "lease", 1, sequence) };
    for sequence in 1..=32 {
        append(&world, long(sequence)).unwrap();
    }
    let one_more = AiTextChunkAppend { text: "x".to_owned(), ..long(33) };
    assert_eq!(world.refused(|world| append(world, one_more)).code, above(512 * 1024));
}

#[test]
fn a_failed_stream_keeps_what_had_arrived() {
    let world = World::new();
    let task_id = running_task(&world, Actor::Alice, "mill").task_id;
    start_stage(&world, task_id, "lease", 0).unwrap();
    append(&world, chunk(task_id, "lease", 1, 1)).unwrap();
    append(&world, chunk(task_id, "lease", 1, 2)).unwrap();
    fail(&world, task_id, "lease", AiFailureOutlook::Passing).unwrap();
    let first: Vec<_> = (1..=2).map(|sequence| (sequence, format!("text 1.{sequence}"))).collect();
    assert_eq!(text_of(&world, task_id, 1), first);

    world.advance(2_000_000);
    start(&world, task_id, "second").unwrap();
    let stage = start_stage(&world, task_id, "second", 0).unwrap();
    assert_eq!((stage.attempt, stage.next_sequence, stage.text_bytes), (2, 1, 0));
    let late = chunk(task_id, "second", 1, 3);
    assert_eq!(world.refused(|world| append(world, late)).code, conflict("2", "1"), "a message of the first attempt");
    append(&world, chunk(task_id, "second", 2, 1)).unwrap();
    assert_eq!(text_of(&world, task_id, 1), first, "still there");
    assert_eq!(text_of(&world, task_id, 2), [(1, "text 2.1".to_owned())]);
    let mut seen = world.see(Actor::Alice, my_ai_text_chunks);
    seen.sort_by_key(|chunk| (chunk.attempt, chunk.sequence));
    let places: Vec<_> = seen.iter().map(|chunk| (chunk.attempt, chunk.sequence)).collect();
    assert_eq!(places, [(1, 1), (1, 2), (2, 1)]);
    assert_eq!(world.see(Actor::Bob, my_ai_text_chunks), []);
}

#[test]
fn text_is_read_on_from_where_a_reader_was() {
    let world = World::new();
    let task_id = running_task(&world, Actor::Alice, "mill").task_id;
    start_stage(&world, task_id, "lease", 0).unwrap();
    for sequence in 1..=5 {
        append(&world, chunk(task_id, "lease", 1, sequence)).unwrap();
    }
    let list = |actor: Actor, after_sequence, limit| {
        let request = AiTextChunkListing { task_id, position: 0, attempt: 1, after_sequence, limit };
        let chunks = world.call(actor, |ctx| list_ai_task_chunks_and_return(ctx, None, request))?;
        Ok::<_, DomainError>(chunks.into_iter().map(|chunk| chunk.sequence).collect::<Vec<_>>())
    };
    assert_eq!(list(Actor::Alice, 0, 2), Ok(vec![1, 2]));
    assert_eq!(list(Actor::Service, 2, 2), Ok(vec![3, 4]));
    assert_eq!(list(Actor::Admin, 4, 256), Ok(vec![5]));
    assert_eq!(list(Actor::Moderator, 5, 1), Ok(vec![]));
    assert_eq!(list(Actor::Alice, u32::MAX, 1), Ok(vec![]));
    assert_eq!(world.refused(|_| list(Actor::Bob, 0, 1)).code, DomainErrorCode::NotFound);
    assert_eq!(world.refused(|_| list(Actor::Alice, 0, 0)).code, invalid("limit"));
    assert_eq!(world.refused(|_| list(Actor::Alice, 0, 257)).code, above(256));
}
