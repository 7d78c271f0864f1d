//! The main story: begun, continued, ended; and every request twice.

use spacetime_module::*;

use super::{begin_as, continuation, continue_as, end_as, ending, events_of, sample_story};
use crate::world::{Actor, World, conflict};

#[test]
fn a_story_begins_in_the_first_chapter_of_the_current_version() {
    let world = World::new();
    let version = world.published_sample();
    let story = begin_as(&world, Actor::Alice, version.world_id, "a").unwrap();
    assert_eq!((story.world_id, story.version_id), (version.world_id, version.version_id));
    assert_eq!((story.owner, story.status), (Actor::Alice.identity(), StoryStatus::Active));
    assert_eq!((story.chapter_key.as_str(), story.next_event_number), ("arrival", 2));
    assert_eq!((story.begun_at, story.ended_at, story.parent_session_id), (world.now(), None, None));

    let events = world.see(Actor::Alice, my_story_events);
    let [begun] = &events[..] else { panic!("{events:?}") };
    assert_eq!((begun.session_id, begun.number, begun.kind), (story.session_id, 1, StoryEventKind::Begun));
    assert_eq!(begun.opening, "Arrival. It is dark.");
    assert_eq!(world.see(Actor::Alice, my_story_sessions), [story]);
}

#[test]
fn a_story_goes_on_event_by_event_and_ends() {
    let world = World::new();
    let story = sample_story(&world);
    world.advance(5);
    let step = continue_as(&world, Actor::Alice, continuation(&story, "knock")).unwrap();
    assert_eq!((step.event.number, step.event.kind), (2, StoryEventKind::Continued));
    assert_eq!((step.event.player_input.as_str(), step.event.text.as_str()), ("I knock.", "You knock."));
    assert_eq!((step.session.next_event_number, step.session.updated_at), (3, world.now()));

    let end = end_as(&world, Actor::Alice, ending(&step.session)).unwrap();
    assert_eq!((end.event.number, end.event.kind), (3, StoryEventKind::Ended));
    assert_eq!((end.session.status, end.session.ended_at), (StoryStatus::Ended, Some(world.now())));
    let numbers: Vec<_> = events_of(&world, &end.session).into_iter().map(|event| event.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn each_request_may_be_repeated() {
    let world = World::new();
    let story = sample_story(&world);
    let request = continuation(&story, "knock");
    let first = continue_as(&world, Actor::Alice, request.clone()).unwrap();
    let second = continue_as(&world, Actor::Alice, continuation(&first.session, "wait")).unwrap();
    let last = ending(&second.session);
    let end = end_as(&world, Actor::Alice, last.clone()).unwrap();

    let before = world.rows();
    world.advance(1_000);
    let again = begin_as(&world, Actor::Alice, story.world_id, "sample").unwrap();
    assert_eq!(again, end.session, "the session as it stands");
    let again = continue_as(&world, Actor::Alice, request.clone()).unwrap();
    assert_eq!(again, StoryStep { session: end.session.clone(), event: first.event });
    assert_eq!(end_as(&world, Actor::Alice, last.clone()), Ok(end));
    world.reduce(Actor::Alice, |ctx| continue_story(ctx, request)).unwrap();
    world.reduce(Actor::Alice, |ctx| end_story(ctx, last)).unwrap();
    assert_eq!(world.rows(), before);
}

#[test]
fn a_repeated_key_with_another_request_is_refused() {
    let world = World::new();
    let story = sample_story(&world);
    let other = spacetimedb::Uuid::from_u128(9);
    let refusal = world.refused(|world| begin_as(world, Actor::Alice, other, "sample"));
    assert_eq!(refusal.code, conflict("the one first sent under it", "another one"));
    continue_as(&world, Actor::Alice, continuation(&story, "knock")).unwrap();
    let refusal = world.refused(|world| continue_as(world, Actor::Alice, continuation(&story, "leave")));
    assert_eq!(refusal.code, conflict("3", "2"), "the number was given to another event");
}

#[test]
fn a_player_may_have_several_stories_in_one_world() {
    let world = World::new();
    let version = world.published_sample();
    let one = begin_as(&world, Actor::Alice, version.world_id, "one").unwrap();
    let two = begin_as(&world, Actor::Alice, version.world_id, "two").unwrap();
    let bobs = begin_as(&world, Actor::Bob, version.world_id, "one").unwrap();
    assert_ne!(one.session_id, two.session_id);
    assert_eq!(world.see(Actor::Alice, my_story_sessions).len(), 2);
    assert_eq!(world.see(Actor::Bob, my_story_sessions), [bobs]);
    assert_eq!(world.see(Actor::Admin, my_story_sessions), []);
    assert_eq!(world.see(Actor::Stranger, my_story_events), []);
}

#[test]
fn the_service_plays_for_a_player() {
    let world = World::new();
    let world_id = world.published_sample().world_id;
    let alice = Some(Actor::Alice.identity());
    let request = StoryBeginning { idempotency_key: "a".to_owned(), world_id };
    let story = world.call(Actor::Service, |ctx| begin_story_and_return(ctx, alice, request)).unwrap();
    assert_eq!(story.owner, Actor::Alice.identity());
    let next = continuation(&story, "knock");
    world.call(Actor::Service, |ctx| continue_story_and_return(ctx, alice, next)).unwrap();
    assert_eq!(world.see(Actor::Alice, my_story_events).len(), 2);
}
