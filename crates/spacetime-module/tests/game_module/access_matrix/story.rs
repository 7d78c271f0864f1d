//! Stories.

use spacetime_module::*;
use spacetimedb::Identity;

use super::{said, seen};
use crate::story::{begin_as, branching, continuation, ending, sample_story};
use crate::world::{Actor, World};

pub fn outcome(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    if !name.contains("story") {
        return None;
    }
    let story = sample_story(world);
    begin_as(world, Actor::Bob, story.world_id, "bobs").unwrap();
    let beginning = StoryBeginning { idempotency_key: "new".to_owned(), world_id: story.world_id };
    let listing = StoryEventListing { session_id: story.session_id, from_number: 1, limit: 10 };
    let next = continuation(&story, "knock");
    let outcome = match name {
        "begin_story" => said(world.reduce(caller, |ctx| begin_story(ctx, beginning))),
        "begin_story_and_return" => said(world.call(caller, |ctx| begin_story_and_return(ctx, named, beginning))),
        "continue_story" => said(world.reduce(caller, |ctx| continue_story(ctx, next))),
        "continue_story_and_return" => said(world.call(caller, |ctx| continue_story_and_return(ctx, named, next))),
        "end_story" => said(world.reduce(caller, |ctx| end_story(ctx, ending(&story)))),
        "end_story_and_return" => said(world.call(caller, |ctx| end_story_and_return(ctx, named, ending(&story)))),
        "branch_story" => said(world.reduce(caller, |ctx| branch_story(ctx, branching(&story, 1)))),
        "branch_story_and_return" => {
            said(world.call(caller, |ctx| branch_story_and_return(ctx, named, branching(&story, 1))))
        }
        "list_story_events_and_return" => {
            said(world.call(caller, |ctx| list_story_events_and_return(ctx, named, listing)))
        }
        "my_story_sessions" => seen(world.see(caller, my_story_sessions)),
        "my_story_events" => seen(world.see(caller, my_story_events)),
        "story_feed" => seen(world.see(caller, |ctx| story_feed(ctx, story.session_id))),
        _ => return None,
    };
    Some(outcome)
}
