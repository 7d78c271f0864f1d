//! Stories: begun, continued, branched, ended.

mod branches;
mod chapters;
mod feeds;
mod progress;
mod refusals;

use spacetime_module::*;
use spacetimedb::Uuid;

use crate::world::{Actor, World};

/// A story of `player` in the world, told apart from others by `key`.
pub fn begin_as(world: &World, player: Actor, world_id: Uuid, key: &str) -> Result<StorySession, DomainError> {
    let request = StoryBeginning { idempotency_key: key.to_owned(), world_id };
    world.call(player, |ctx| begin_story_and_return(ctx, None, request))
}

/// A story of Alice in the sample world, which this publishes.
pub fn sample_story(world: &World) -> StorySession {
    let version = world.published_sample();
    begin_as(world, Actor::Alice, version.world_id, "sample").unwrap()
}

pub fn continue_as(world: &World, player: Actor, request: StoryContinuation) -> Result<StoryStep, DomainError> {
    world.call(player, |ctx| continue_story_and_return(ctx, None, request))
}

pub fn end_as(world: &World, player: Actor, request: StoryEnding) -> Result<StoryStep, DomainError> {
    world.call(player, |ctx| end_story_and_return(ctx, None, request))
}

pub fn branch_as(world: &World, player: Actor, request: StoryBranching) -> Result<StorySession, DomainError> {
    world.call(player, |ctx| branch_story_and_return(ctx, None, request))
}

/// What comes next, as its player would have it.
pub fn continuation(story: &StorySession, text: &str) -> StoryContinuation {
    StoryContinuation {
        session_id: story.session_id,
        expected_event_number: story.next_event_number,
        player_input: format!("I {text}."),
        text: format!("You {text}."),
        chapter_key: None,
    }
}

pub fn entering(story: &StorySession, chapter_key: &str) -> StoryContinuation {
    StoryContinuation { chapter_key: Some(chapter_key.to_owned()), ..continuation(story, "go on") }
}

pub fn ending(story: &StorySession) -> StoryEnding {
    StoryEnding {
        session_id: story.session_id,
        expected_event_number: story.next_event_number,
        text: "The end.".to_owned(),
    }
}

pub fn branching(story: &StorySession, event_number: u32) -> StoryBranching {
    StoryBranching { idempotency_key: format!("branch-{event_number}"), session_id: story.session_id, event_number }
}

/// The story after `count` more events.
pub fn continued(world: &World, story: StorySession, count: usize) -> StorySession {
    (0..count).fold(story, |story, number| {
        let request = continuation(&story, &format!("walk {number}"));
        continue_as(world, Actor::Alice, request).unwrap().session
    })
}

/// All events of Alice's story, shared ones included.
pub fn events_of(world: &World, story: &StorySession) -> Vec<StoryEvent> {
    let request = StoryEventListing { session_id: story.session_id, from_number: 1, limit: 200 };
    world.call(Actor::Alice, |ctx| list_story_events_and_return(ctx, None, request)).unwrap()
}

/// Stores Alice's session as it could have become after thousands of calls.
pub fn store_session(world: &World, session: &StorySession) {
    let session = session.clone();
    let update = |ctx: &spacetimedb::ReducerContext| {
        ctx.db.story_session().session_id().update(session);
        Ok(())
    };
    world.reduce(Actor::Alice, update).unwrap();
}
