//! What is refused, and that nothing changes then.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::{begin_as, continuation, continue_as, end_as, ending, events_of, sample_story, store_session};
use crate::world::{Actor, World, above, conflict, illegal, invalid};

#[test]
fn bad_beginnings() {
    let world = World::new();
    let world_id = world.published_sample().world_id;
    let begin = |key: &str, world_id| world.refused(|world| begin_as(world, Actor::Alice, world_id, key)).code;
    assert_eq!(begin("", world_id), invalid("idempotency_key"));
    let limit = module_rules::IDEMPOTENCY_KEY_LENGTH_MAX;
    assert_eq!(begin(&"k".repeat(limit + 1), world_id), above(limit as u64));
    assert_eq!(begin("k", Uuid::from_u128(1)), DomainErrorCode::NotFound);
}

#[test]
fn bad_texts_name_the_argument_or_the_limit() {
    let world = World::new();
    let story = sample_story(&world);
    let good = continuation(&story, "knock");
    let nothing = StoryContinuation { text: String::new(), player_input: String::new(), ..good.clone() };
    let cases = [
        (nothing, invalid("text")),
        (StoryContinuation { text: " \n".to_owned(), ..good.clone() }, invalid("text")),
        (StoryContinuation { text: "t".repeat(8_001), ..good.clone() }, above(8_000)),
        (StoryContinuation { player_input: "\u{1b}".to_owned(), ..good.clone() }, invalid("player_input")),
        (StoryContinuation { player_input: "p".repeat(2_001), ..good.clone() }, above(2_000)),
        (StoryContinuation { chapter_key: Some("The Cellar".to_owned()), ..good.clone() }, invalid("chapter_key")),
        (StoryContinuation { chapter_key: Some("c".repeat(65)), ..good }, above(64)),
    ];
    for (request, code) in cases {
        assert_eq!(world.refused(|world| continue_as(world, Actor::Alice, request)).code, code);
    }
    let long = StoryEnding { text: "t".repeat(8_001), ..ending(&story) };
    assert_eq!(world.refused(|world| end_as(world, Actor::Alice, long)).code, above(8_000));
}

#[test]
fn another_event_number_is_a_conflict() {
    let world = World::new();
    let story = sample_story(&world);
    for number in [0, 1, 3, u32::MAX] {
        let code = conflict("2", &number.to_string());
        let next = StoryContinuation { expected_event_number: number, ..continuation(&story, "knock") };
        assert_eq!(world.refused(|world| continue_as(world, Actor::Alice, next)).code, code);
        let end = StoryEnding { expected_event_number: number, ..ending(&story) };
        assert_eq!(world.refused(|world| end_as(world, Actor::Alice, end)).code, code);
    }
}

#[test]
fn another_players_story_looks_like_none() {
    let world = World::new();
    let story = sample_story(&world);
    let absent = StorySession { session_id: Uuid::from_u128(7), ..story.clone() };
    for actor in [Actor::Bob, Actor::Admin, Actor::Service, Actor::Stranger] {
        let hidden = world.refused(|world| continue_as(world, actor, continuation(&story, "knock")));
        let missing = world.refused(|world| continue_as(world, actor, continuation(&absent, "knock")));
        assert_eq!(hidden, missing);
        assert_eq!(hidden.code, DomainErrorCode::NotFound);
        assert_eq!(world.refused(|world| end_as(world, actor, ending(&story))), hidden);
        let listing = StoryEventListing { session_id: story.session_id, from_number: 1, limit: 1 };
        let listed = world.refused(|world| world.call(actor, |ctx| list_story_events_and_return(ctx, None, listing)));
        assert_eq!(listed, hidden);
    }
}

#[test]
fn an_ended_story_stays_as_it_is() {
    let world = World::new();
    let story = sample_story(&world);
    let end = end_as(&world, Actor::Alice, ending(&story)).unwrap().session;
    let refusal = world.refused(|world| continue_as(world, Actor::Alice, continuation(&end, "knock")));
    assert_eq!(refusal.code, illegal("ended", "continued"));
    let otherwise = StoryEnding { text: "They lived.".to_owned(), ..ending(&story) };
    let refusal = world.refused(|world| end_as(world, Actor::Alice, otherwise));
    assert_eq!(refusal.code, illegal("ended", "ended otherwise"));
}

#[test]
fn a_full_story_can_only_end() {
    let world = World::new();
    let story = sample_story(&world);
    let full = StorySession { next_event_number: module_story::EVENTS_PER_STORY_MAX, ..story };
    store_session(&world, &full);
    let refusal = world.refused(|world| continue_as(world, Actor::Alice, continuation(&full, "knock")));
    assert_eq!(refusal.code, above(u64::from(module_story::EVENTS_PER_STORY_MAX) - 1));
    let end = end_as(&world, Actor::Alice, ending(&full)).unwrap();
    assert_eq!(end.session.status, StoryStatus::Ended);
}

#[test]
fn listings_are_bounded() {
    let world = World::new();
    let story = sample_story(&world);
    let list = |from_number, limit| {
        let request = StoryEventListing { session_id: story.session_id, from_number, limit };
        world.call(Actor::Alice, |ctx| list_story_events_and_return(ctx, None, request))
    };
    assert_eq!(world.refused(|_| list(0, 1)).code, invalid("from_number"));
    assert_eq!(world.refused(|_| list(1, 0)).code, invalid("limit"));
    assert_eq!(world.refused(|_| list(1, 201)).code, above(200));
    assert_eq!(list(u32::MAX, 200), Ok(Vec::new()));
    assert_eq!(events_of(&world, &story).len(), 1);
}

#[test]
fn a_closed_account_plays_no_more() {
    let world = World::new();
    let story = sample_story(&world);
    world.reduce(Actor::Alice, close_account).unwrap();
    let refusals = [
        world.refused(|world| begin_as(world, Actor::Alice, story.world_id, "b")),
        world.refused(|world| continue_as(world, Actor::Alice, continuation(&story, "knock"))),
        world.refused(|world| end_as(world, Actor::Alice, ending(&story))),
    ];
    for refusal in refusals {
        assert_eq!(refusal.code, DomainErrorCode::AccountClosed);
    }
}
