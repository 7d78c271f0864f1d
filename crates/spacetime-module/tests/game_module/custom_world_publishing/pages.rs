//! Pages of the gallery: in order, complete, and over gaps.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::setting;
use crate::world::{Actor, World, above, invalid};

type Page = Result<CustomWorldGalleryPage, DomainError>;

fn newest(world: &World, cursor: Option<u64>, length: u32) -> Page {
    world.call(Actor::Stranger, |ctx| list_newest_worlds_and_return(ctx, CustomWorldPageRequest { cursor, length }))
}

fn most_played(world: &World, cursor: Option<u64>, length: u32) -> Page {
    let request = CustomWorldPageRequest { cursor, length };
    world.call(Actor::Stranger, |ctx| list_most_played_worlds_and_return(ctx, request))
}

fn by_tag(world: &World, tag: &str, cursor: Option<u64>, length: u32) -> Page {
    let request = CustomWorldTagPageRequest { tag: tag.to_owned(), cursor, length };
    world.call(Actor::Stranger, |ctx| list_worlds_by_tag_and_return(ctx, request))
}

/// Every page, one after another.
fn all(page: impl Fn(Option<u64>) -> Page) -> Vec<Uuid> {
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let CustomWorldGalleryPage { worlds, next_cursor } = page(cursor).unwrap();
        found.extend(worlds.into_iter().map(|entry| entry.world_id));
        match next_cursor {
            Some(next) => cursor = Some(next),
            None => return found,
        }
    }
}

#[test]
fn pages_have_everything_once_whatever_their_length() {
    let world = World::new();
    assert_eq!(all(|cursor| newest(&world, cursor, 10)), []);
    let mut ids = Vec::new();
    for number in 0..13 {
        let tags: &[&str] = if number % 3 == 0 { &["third", "x"] } else { &["x"] };
        ids.push(world.published(Actor::Alice, &number.to_string(), tags).world_id);
    }
    let mut gone = Vec::new();
    for number in [0, 3, 4, 5, 6, 7, 12] {
        world.unpublish(Actor::Alice, ids[number]).unwrap();
        gone.push(ids[number]);
    }
    let oldest_first: Vec<_> = ids.iter().copied().filter(|id| !gone.contains(id)).collect();
    let newest_first: Vec<_> = oldest_first.iter().rev().copied().collect();
    for length in [1, 2, 3, 5, 6, 13, 100] {
        assert_eq!(all(|cursor| newest(&world, cursor, length)), newest_first, "{length}");
        assert_eq!(all(|cursor| most_played(&world, cursor, length)), oldest_first, "nobody has played yet");
        assert_eq!(all(|cursor| by_tag(&world, "x", cursor, length)), newest_first);
        assert_eq!(all(|cursor| by_tag(&world, "third", cursor, length)), [ids[9]], "{length}");
    }
    assert_eq!(newest(&world, None, 3).unwrap().worlds.len(), 3);
}

#[test]
fn a_tag_finds_only_worlds_that_have_it_now() {
    let world = World::new();
    let one = world.published(Actor::Alice, "one", &["dark", "old mill"]).world_id;
    let two = world.published(Actor::Bob, "two", &["dark"]).world_id;
    let tagged = |tag: &str| all(|cursor| by_tag(&world, tag, cursor, 10));
    assert_eq!((tagged("dark"), tagged("old mill"), tagged("none")), (vec![two, one], vec![one], vec![]));
    world.put_card(Actor::Bob, two, "setting", setting("two", &["old mill"]));
    assert_eq!(tagged("old mill"), [one], "a draft is not searched");
    world.publish(Actor::Bob, two).unwrap();
    assert_eq!((tagged("dark"), tagged("old mill")), (vec![one], vec![two, one]));
    world.put_card(Actor::Bob, two, "setting", setting("two", &["dark"]));
    world.publish(Actor::Bob, two).unwrap();
    assert_eq!((tagged("dark"), tagged("old mill")), (vec![two, one], vec![one]));
}

#[test]
fn bad_pages_are_refused() {
    let world = World::new();
    world.published(Actor::Alice, "one", &["dark"]);
    for length in [0, 101, u32::MAX] {
        let code = if length == 0 { invalid("length") } else { above(100) };
        assert_eq!(world.refused(|world| newest(world, None, length)).code, code);
        assert_eq!(world.refused(|world| most_played(world, None, length)).code, code);
        assert_eq!(world.refused(|world| by_tag(world, "dark", None, length)).code, code);
    }
    for (tag, code) in [("", invalid("tag")), ("Dark", invalid("tag")), (&*"t".repeat(49), above(48))] {
        assert_eq!(world.refused(|world| by_tag(world, tag, None, 1)).code, code);
    }
    for cursor in [0, 1, 2, u64::MAX] {
        let page = newest(&world, Some(cursor), 100).unwrap();
        assert_eq!(page.worlds.len(), usize::from(cursor > 1), "{cursor}");
        let page = most_played(&world, Some(cursor), 100).unwrap();
        assert_eq!(page.worlds.len(), usize::from(cursor == 0), "{cursor}");
    }
    let unknown = Uuid::from_random_bytes_v4([1; 16]);
    assert_eq!(world.refused(|world| world.shown(unknown)).code, DomainErrorCode::NotFound);
}
