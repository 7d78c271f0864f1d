//! Branches: they share what had happened, and nothing that happens afterwards.

use spacetime_module::*;

use super::{
    branch_as, branching, continuation, continue_as, continued, end_as, ending, events_of, sample_story, store_session,
};
use crate::world::{Actor, World, above, conflict, invalid};

fn texts(events: &[StoryEvent]) -> Vec<&str> {
    events.iter().map(|event| event.text.as_str()).collect()
}

#[test]
fn a_branch_shares_the_events_up_to_its_point() {
    let world = World::new();
    let trunk = continued(&world, sample_story(&world), 3);
    let rows = world.rows()["story_event"].len();
    let branch = branch_as(&world, Actor::Alice, branching(&trunk, 2)).unwrap();
    assert_eq!(world.rows()["story_event"].len(), rows, "nothing is copied");
    assert_eq!((branch.parent_session_id, branch.shared_event_count), (Some(trunk.session_id), 2));
    assert_eq!((branch.next_event_number, branch.depth), (3, 1));
    assert_eq!((branch.version_id, branch.chapter_key.as_str()), (trunk.version_id, "arrival"));

    let step = continue_as(&world, Actor::Alice, continuation(&branch, "turn back")).unwrap();
    assert_eq!(step.event.number, 3);
    assert_eq!(texts(&events_of(&world, &branch)), ["", "You walk 0.", "You turn back."]);
    assert_eq!(texts(&events_of(&world, &trunk)), ["", "You walk 0.", "You walk 1.", "You walk 2."]);
}

#[test]
fn a_branch_of_a_branch_hangs_where_the_event_happened() {
    let world = World::new();
    let trunk = continued(&world, sample_story(&world), 3);
    let branch = branch_as(&world, Actor::Alice, branching(&trunk, 3)).unwrap();
    let branch = continue_as(&world, Actor::Alice, continuation(&branch, "sing")).unwrap().session;
    let early = branch_as(&world, Actor::Alice, branching(&branch, 2)).unwrap();
    assert_eq!((early.parent_session_id, early.depth), (Some(trunk.session_id), 1));
    let late = branch_as(&world, Actor::Alice, branching(&branch, 4)).unwrap();
    assert_eq!((late.parent_session_id, late.depth), (Some(branch.session_id), 2));
    let late = continue_as(&world, Actor::Alice, continuation(&late, "dance")).unwrap().session;
    assert_eq!(texts(&events_of(&world, &late)), ["", "You walk 0.", "You walk 1.", "You sing.", "You dance."]);

    let middle = StoryEventListing { session_id: late.session_id, from_number: 3, limit: 2 };
    let listed = world.call(Actor::Alice, |ctx| list_story_events_and_return(ctx, None, middle)).unwrap();
    assert_eq!(texts(&listed), ["You walk 1.", "You sing."]);
}

#[test]
fn an_ended_story_can_be_left_before_its_end() {
    let world = World::new();
    let story = continued(&world, sample_story(&world), 1);
    let ended = end_as(&world, Actor::Alice, ending(&story)).unwrap().session;
    let refusal = world.refused(|world| branch_as(world, Actor::Alice, branching(&ended, 3)));
    assert_eq!(refusal.code, invalid("event_number"));
    let branch = branch_as(&world, Actor::Alice, branching(&ended, 2)).unwrap();
    assert_eq!((branch.status, branch.ended_at), (StoryStatus::Active, None));
}

#[test]
fn a_branch_may_be_asked_for_again() {
    let world = World::new();
    let trunk = continued(&world, sample_story(&world), 2);
    let branch = branch_as(&world, Actor::Alice, branching(&trunk, 2)).unwrap();
    let before = world.rows();
    assert_eq!(branch_as(&world, Actor::Alice, branching(&trunk, 2)), Ok(branch));
    world.reduce(Actor::Alice, |ctx| branch_story(ctx, branching(&trunk, 2))).unwrap();
    assert_eq!(world.rows(), before);
    let other = StoryBranching { event_number: 1, ..branching(&trunk, 2) };
    let refusal = world.refused(|world| branch_as(world, Actor::Alice, other));
    assert_eq!(refusal.code, conflict("the one first sent under it", "another one"));
}

#[test]
fn a_branch_needs_an_event_of_the_callers_own_story() {
    let world = World::new();
    let trunk = sample_story(&world);
    for number in [0, 2, u32::MAX] {
        let refusal = world.refused(|world| branch_as(world, Actor::Alice, branching(&trunk, number)));
        assert_eq!(refusal.code, invalid("event_number"), "{number}");
    }
    let refusal = world.refused(|world| branch_as(world, Actor::Bob, branching(&trunk, 1)));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
}

#[test]
fn branches_do_not_nest_without_end() {
    let world = World::new();
    let mut story = sample_story(&world);
    let limit = u64::from(module_story::BRANCH_DEPTH_MAX);
    for _ in 0..limit {
        story = continued(&world, story, 1);
        story = branch_as(&world, Actor::Alice, branching(&story, story.next_event_number - 1)).unwrap();
    }
    story = continued(&world, story, 1);
    let deepest = branching(&story, story.next_event_number - 1);
    let refusal = world.refused(|world| branch_as(world, Actor::Alice, deepest));
    assert_eq!(refusal.code, above(limit));
    assert_eq!(events_of(&world, &story).len(), 18);
}

#[test]
fn branches_count_as_active_stories() {
    let world = World::new();
    let trunk = sample_story(&world);
    let branch = |world: &World, key: usize| {
        let request = StoryBranching { idempotency_key: key.to_string(), ..branching(&trunk, 1) };
        branch_as(world, Actor::Alice, request)
    };
    for key in 1..module_story::ACTIVE_STORIES_MAX as usize {
        branch(&world, key).unwrap();
    }
    let refusal = world.refused(|world| branch(world, 999));
    assert_eq!(refusal.code, above(module_story::ACTIVE_STORIES_MAX));
    store_session(&world, &StorySession { status: StoryStatus::Ended, ..trunk.clone() });
    branch(&world, 999).unwrap();
}
