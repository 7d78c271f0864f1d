//! Entering chapters: they exist, and ask for a level.

use spacetime_module::*;

use super::{begin_as, continuation, continue_as, entering, sample_story};
use crate::sample_world::sample_entries;
use crate::world::{Actor, World};

/// The sample world with both chapters open to everybody.
fn open_story(world: &World) -> StorySession {
    let mut entries = sample_entries();
    for (_, entry) in &mut entries {
        if let WorldEntry::Chapter(chapter) = entry {
            chapter.required_level = 1;
        }
    }
    let version = world.publish_entries(Actor::Bob, entries);
    begin_as(world, Actor::Alice, version.world_id, "open").unwrap()
}

#[test]
fn entering_a_chapter_tells_its_opening() {
    let world = World::new();
    let story = open_story(&world);
    let request = entering(&story, "cellar");
    let step = continue_as(&world, Actor::Alice, request.clone()).unwrap();
    assert_eq!(step.event.kind, StoryEventKind::ChapterEntered);
    assert_eq!((step.event.chapter_key.as_str(), step.session.chapter_key.as_str()), ("cellar", "cellar"));
    assert_eq!(step.event.opening, "The cellar. It is dark.");
    let before = world.rows();
    assert_eq!(continue_as(&world, Actor::Alice, request), Ok(step.clone()));
    assert_eq!(world.rows(), before);

    let stays = continue_as(&world, Actor::Alice, entering(&step.session, "cellar")).unwrap();
    assert_eq!((stays.event.kind, stays.event.opening.as_str()), (StoryEventKind::Continued, ""));
    let silent =
        StoryContinuation { text: String::new(), player_input: String::new(), ..entering(&stays.session, "arrival") };
    let back = continue_as(&world, Actor::Alice, silent).unwrap();
    assert_eq!(back.session.chapter_key, "arrival");
}

#[test]
fn a_chapter_asks_for_a_level() {
    let world = World::new();
    let story = sample_story(&world);
    let refusal = world.refused(|world| continue_as(world, Actor::Alice, entering(&story, "cellar")));
    assert_eq!(refusal.code, DomainErrorCode::Insufficient(Insufficient { needed: 2, available: 1 }));
}

#[test]
fn the_first_chapter_may_ask_for_a_level_too() {
    let world = World::new();
    let mut entries = sample_entries();
    for (_, entry) in &mut entries {
        if let WorldEntry::Chapter(chapter) = entry {
            chapter.required_level = u32::MAX;
        }
    }
    let world_id = world.publish_entries(Actor::Bob, entries).world_id;
    let refusal = world.refused(|world| begin_as(world, Actor::Alice, world_id, "a"));
    let needed = u64::from(u32::MAX);
    assert_eq!(refusal.code, DomainErrorCode::Insufficient(Insufficient { needed, available: 1 }));
}

#[test]
fn an_unknown_chapter_is_not_found() {
    let world = World::new();
    let story = sample_story(&world);
    for key in ["attic", "miller"] {
        let refusal = world.refused(|world| continue_as(world, Actor::Alice, entering(&story, key)));
        assert_eq!(refusal.code, DomainErrorCode::NotFound, "{key}");
    }
    assert_eq!(continue_as(&world, Actor::Alice, continuation(&story, "stay")).unwrap().session.chapter_key, "arrival");
}
