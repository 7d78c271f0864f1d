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
fn the_front_page_of_puzzles_is_bounded_and_filled_up() {
    let world = World::new();
    let mut puzzles = Vec::new();
    for number in 0..FRONT_PAGE_LENGTH + 3 {
        // An author has a hundred puzzles at most.
        let author = if number % 2 == 0 { Actor::Alice } else { Actor::Bob };
        puzzles.push((author, published(&world, author, &number.to_string()).puzzle_id));
    }
    let numbers = || {
        let mut numbers: Vec<_> = gallery(&world).into_iter().map(|puzzle| puzzle.gallery_number.unwrap()).collect();
        numbers.sort_by_key(|number| Reverse(*number));
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
