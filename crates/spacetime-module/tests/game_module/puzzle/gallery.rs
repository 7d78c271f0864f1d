//! The gallery: its front page, and all of it by pages.

use std::cmp::Reverse;

use module_rules::FRONT_PAGE_LENGTH;
use spacetime_module::*;

use super::*;
use crate::world::{Actor, World, above, invalid};

#[test]
fn the_gallery_is_listed_from_the_newest_on() {
    let world = World::new();
    let mut ids: Vec<_> = (0..5).map(|number| published(&world, Actor::Alice, &number.to_string()).puzzle_id).collect();
    draft(&world, Actor::Alice, "draft");
    let list = |cursor, length| {
        let request = PuzzleGalleryPageRequest { cursor, length };
        world.call(Actor::Stranger, |ctx| list_gallery_puzzles_and_return(ctx, None, request))
    };
    let all = || {
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = list(cursor, 2).unwrap();
            assert!(page.puzzles.len() <= 2);
            seen.extend(page.puzzles.into_iter().map(|puzzle| puzzle.puzzle_id));
            cursor = page.next_cursor;
            if cursor.is_none() {
                return seen;
            }
        }
    };
    ids.reverse();
    assert_eq!(all(), ids);
    assert_eq!(list(None, 0).unwrap_err().code, invalid("length"));
    assert_eq!(list(None, 101).unwrap_err().code, above(100));
    assert_eq!(list(Some(0), 1), Ok(PuzzleGalleryPage { puzzles: vec![], next_cursor: None }));

    unpublish(&world, Actor::Alice, ids[1]).unwrap();
    unpublish(&world, Actor::Alice, ids[3]).unwrap();
    delete(&world, Actor::Alice, ids[3]).unwrap();
    assert_eq!(all(), [ids[0], ids[2], ids[4]], "what is taken back leaves no trace");
    publish(&world, Actor::Alice, ids[1]).unwrap();
    assert_eq!(all(), [ids[0], ids[1], ids[2], ids[4]], "publishing again makes it no newer");
}

#[test]
fn an_author_publishes_so_many_puzzles_and_no_more() {
    let world = World::new();
    let withdrawn = |name: &str| {
        let id = published(&world, Actor::Alice, name).puzzle_id;
        unpublish(&world, Actor::Alice, id).unwrap();
        id
    };
    let again = withdrawn("again");
    for number in 1..module_puzzle::PUBLICATIONS_PER_AUTHOR_MAX {
        delete(&world, Actor::Alice, withdrawn(&number.to_string())).unwrap();
    }
    let more = draft(&world, Actor::Alice, "more").puzzle_id;
    let refusal = world.refused(|world| publish(world, Actor::Alice, more));
    assert_eq!(refusal.code, above(module_puzzle::PUBLICATIONS_PER_AUTHOR_MAX));
    publish(&world, Actor::Alice, again).unwrap();
    published(&world, Actor::Bob, "bobs");
}

/// So many published puzzles, of two authors, since one has a hundred at most.
fn filled(world: &World, count: usize) -> Vec<(Actor, Uuid)> {
    let puzzles = (0..count).map(|number| {
        let author = if number % 2 == 0 { Actor::Alice } else { Actor::Bob };
        (author, published(world, author, &number.to_string()).puzzle_id)
    });
    puzzles.collect()
}

#[test]
fn the_front_page_of_an_older_database_goes_on_from_its_marks() {
    let world = World::new();
    let length = FRONT_PAGE_LENGTH as u64;
    let puzzles = filled(&world, FRONT_PAGE_LENGTH + 1);
    let shown_after = |change: &dyn Fn()| {
        // What the database was before there was a table of front pages.
        assert!(world.test.db.gallery_front_page().gallery().delete(GalleryKind::Puzzles));
        change();
        assert_eq!(gallery(&world).len(), FRONT_PAGE_LENGTH);
        world.remembered_front_page(GalleryKind::Puzzles)
    };
    let (author, newest) = puzzles[FRONT_PAGE_LENGTH];
    let withdrawn = shown_after(&|| drop(unpublish(&world, author, newest).unwrap()));
    assert_eq!(withdrawn, (1..=length).rev().collect::<Vec<_>>());
    let another = shown_after(&|| drop(published(&world, Actor::Bob, "another")));
    assert_eq!(another, [length + 2].into_iter().chain((2..=length).rev()).collect::<Vec<_>>());
}

#[test]
fn the_front_page_of_puzzles_is_bounded_and_filled_up() {
    let world = World::new();
    let puzzles = filled(&world, FRONT_PAGE_LENGTH + 3);
    let numbers = || {
        let mut numbers: Vec<_> = gallery(&world).into_iter().map(|puzzle| puzzle.gallery_number.unwrap()).collect();
        numbers.sort_by_key(|number| Reverse(*number));
        assert_eq!(world.remembered_front_page(GalleryKind::Puzzles), numbers);
        numbers
    };
    let newest: Vec<_> = (4..=FRONT_PAGE_LENGTH as u64 + 3).rev().collect();
    assert_eq!(numbers(), newest);
    let (author, last) = puzzles[FRONT_PAGE_LENGTH + 2];
    unpublish(&world, author, last).unwrap();
    let filled: Vec<_> = (3..=FRONT_PAGE_LENGTH as u64 + 2).rev().collect();
    assert_eq!(numbers(), filled, "the next older one comes up");
    let (author, first) = puzzles[0];
    unpublish(&world, author, first).unwrap();
    publish(&world, author, first).unwrap();
    assert_eq!(numbers(), filled, "the oldest one stays below");
    let (author, last) = puzzles[FRONT_PAGE_LENGTH + 2];
    publish(&world, author, last).unwrap();
    assert_eq!(numbers(), newest, "the newest one returns to its place");

    let (author, second) = puzzles[1];
    unpublish(&world, author, second).unwrap();
    let (author, third) = puzzles[2];
    unpublish(&world, author, third).unwrap();
    delete(&world, author, third).unwrap();
    unpublish(&world, puzzles[3].0, puzzles[3].1).unwrap();
    let over_a_gap: Vec<_> = newest[..FRONT_PAGE_LENGTH - 1].iter().copied().chain([1]).collect();
    assert_eq!(numbers(), over_a_gap, "what is not shown is passed over");
}
