//! What a player is shown of the events as they come.

use module_story::{EVENTS_PER_PAGE, FEED_EVENTS_MAX};
use spacetime_module::*;
use spacetimedb::Uuid;

use super::{begin_as, branch_as, branching, continued, end_as, ending, events_of, sample_story};
use crate::world::{Actor, World};

fn feed(world: &World, actor: Actor, session_id: Uuid) -> Vec<u32> {
    let events = world.see(actor, |ctx| story_feed(ctx, session_id));
    assert!(events.iter().all(|event| event.session_id == session_id));
    events.into_iter().map(|event| event.number).collect()
}

/// The events that Alice is shown over all her stories, in the order in which they happened.
fn shown(world: &World) -> Vec<StoryEvent> {
    let mut events = world.see(Actor::Alice, my_story_events);
    events.sort_by_key(|event| event.id);
    events
}

#[test]
fn a_feed_shows_the_newest_events_of_one_story_to_its_player() {
    let world = World::new();
    let story = sample_story(&world);
    assert_eq!(feed(&world, Actor::Alice, story.session_id), [1]);
    let other = begin_as(&world, Actor::Alice, story.world_id, "other").unwrap();
    let story = continued(&world, story, 10);
    let newest: Vec<_> = (12 - FEED_EVENTS_MAX..12).collect();
    assert_eq!(feed(&world, Actor::Alice, story.session_id), newest);
    assert_eq!(feed(&world, Actor::Alice, other.session_id), [1], "each story has its own");
    end_as(&world, Actor::Alice, ending(&story)).unwrap();
    assert_eq!(feed(&world, Actor::Alice, story.session_id).last(), Some(&12), "the end is news, too");
    for actor in [Actor::Bob, Actor::Service, Actor::Moderator, Actor::Operator, Actor::Admin, Actor::Stranger] {
        assert_eq!(feed(&world, actor, story.session_id), Vec::<u32>::new(), "{actor:?}");
    }
    assert_eq!(feed(&world, Actor::Alice, Uuid::from_u128(1)), Vec::<u32>::new());
}

#[test]
fn the_feed_of_a_branch_begins_with_its_own_events() {
    let world = World::new();
    let story = continued(&world, sample_story(&world), 4);
    let branch = branch_as(&world, Actor::Alice, branching(&story, 3)).unwrap();
    assert_eq!(feed(&world, Actor::Alice, branch.session_id), Vec::<u32>::new());
    continued(&world, branch.clone(), 2);
    assert_eq!(feed(&world, Actor::Alice, branch.session_id), [4, 5]);
    assert_eq!(feed(&world, Actor::Alice, story.session_id), [1, 2, 3, 4, 5]);
}

#[test]
fn a_player_is_shown_the_newest_events_of_all_stories() {
    let world = World::new();
    let page = EVENTS_PER_PAGE as usize;
    let first = continued(&world, sample_story(&world), page - 1);
    assert_eq!(shown(&world).len(), page, "all of them");
    begin_as(&world, Actor::Bob, first.world_id, "bobs").unwrap();
    let second = begin_as(&world, Actor::Alice, first.world_id, "second").unwrap();
    let second = continued(&world, second, page - 1);
    assert_eq!(shown(&world).len(), 2 * page, "another player's do not count");

    let second = continued(&world, second, 1);
    let events = shown(&world);
    assert_eq!(events.len(), page + 1);
    assert!(events.iter().all(|event| event.session_id == second.session_id), "the oldest page has gone");
    let numbers: Vec<_> = events.iter().map(|event| event.number as usize).collect();
    assert_eq!(numbers, (1..=page + 1).collect::<Vec<_>>(), "and no event between");
    assert_eq!(world.see(Actor::Bob, my_story_events).len(), 1);
}

#[test]
fn rows_that_keep_pages_full_are_nobodys_events() {
    let world = World::new();
    let story = continued(&world, sample_story(&world), 150);
    let events = events_of(&world, &story);
    let numbers: Vec<_> = events.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (1..=151).collect::<Vec<_>>());
    let fillers = world.rows()["story_event"].len() - events.len();
    assert_eq!(fillers, 2, "one of 64 rows");
    assert_eq!(shown(&world), events);
    assert!(feed(&world, Actor::Alice, Uuid::NIL).is_empty());
}
