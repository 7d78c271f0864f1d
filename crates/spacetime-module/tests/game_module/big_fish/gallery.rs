//! The gallery: its front page, and all of it by pages.

use std::cmp::Reverse;

use module_rules::FRONT_PAGE_LENGTH;
use spacetime_module::*;
use spacetimedb::Uuid;

use super::studio::{filled_with_one, gallery, move_to, publish, published_once_more, unpublish};
use crate::world::{Actor, World, above, invalid};

/// A published game, and the session that it came of.
struct Published {
    author: Actor,
    session_id: Uuid,
    game_id: Uuid,
}

impl Published {
    /// The game that is published next, of an author who does not have too many yet.
    fn next(world: &World, number: usize) -> Published {
        let author = if number.is_multiple_of(2) { Actor::Alice } else { Actor::Bob };
        let session = filled_with_one(world, author, &number.to_string());
        let session = move_to(world, author, &session, BigFishStage::Review).unwrap();
        let game_id = publish(world, author, &session, &format!("publish-{number}")).unwrap().game_id;
        Published { author, session_id: session.session_id, game_id }
    }

    fn withdraw(&self, world: &World) {
        unpublish(world, self.author, self.game_id).unwrap();
    }

    fn publish_again(&self, world: &World) {
        published_once_more(world, self.author, self.session_id);
    }
}

fn page(world: &World, cursor: Option<u64>, length: u32) -> Result<BigFishGalleryPage, DomainError> {
    let request = BigFishGalleryPageRequest { cursor, length };
    world.call(Actor::Stranger, |ctx| list_gallery_fish_and_return(ctx, None, request))
}

/// Every page, one after another.
fn all(world: &World, length: u32) -> Vec<Uuid> {
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let BigFishGalleryPage { games, next_cursor } = page(world, cursor, length).unwrap();
        assert!(games.len() <= length as usize);
        found.extend(games.into_iter().map(|entry| entry.game_id));
        match next_cursor {
            Some(next) => cursor = Some(next),
            None => return found,
        }
    }
}

#[test]
fn pages_of_games_have_everything_once_whatever_their_length() {
    let world = World::new();
    assert_eq!(all(&world, 10), []);
    let games: Vec<_> = (0..9).map(|number| Published::next(&world, number)).collect();
    for number in [0, 2, 3, 4, 8] {
        games[number].withdraw(&world);
    }
    let ids = |numbers: &[usize]| numbers.iter().map(|number| games[*number].game_id).collect::<Vec<_>>();
    for length in [1, 2, 3, 4, 9, 100] {
        assert_eq!(all(&world, length), ids(&[7, 6, 5, 1]), "{length}");
    }
    games[3].publish_again(&world);
    assert_eq!(all(&world, 2), ids(&[7, 6, 5, 3, 1]), "a return makes no game newer");
    assert_eq!(page(&world, None, 3).unwrap().games.len(), 3);
}

#[test]
fn bad_pages_of_games_are_refused() {
    let world = World::new();
    Published::next(&world, 0);
    assert_eq!(world.refused(|world| page(world, None, 0)).code, invalid("length"));
    assert_eq!(world.refused(|world| page(world, None, 101)).code, above(100));
    for cursor in [0, 1, 2, u64::MAX] {
        let page = page(&world, Some(cursor), 100).unwrap();
        assert_eq!((page.games.len(), page.next_cursor), (usize::from(cursor > 1), None), "{cursor}");
    }
}

#[test]
fn the_front_page_of_games_is_bounded_and_filled_up() {
    let world = World::new();
    let games: Vec<_> = (0..FRONT_PAGE_LENGTH + 3).map(|number| Published::next(&world, number)).collect();
    let numbers = || {
        let mut numbers: Vec<_> = gallery(&world).into_iter().map(|entry| entry.number).collect();
        numbers.sort_by_key(|number| Reverse(*number));
        assert_eq!(world.remembered_front_page(GalleryKind::Games), numbers);
        numbers
    };
    let newest: Vec<_> = (4..=FRONT_PAGE_LENGTH as u64 + 3).rev().collect();
    assert_eq!(numbers(), newest);
    let last = &games[FRONT_PAGE_LENGTH + 2];
    last.withdraw(&world);
    let filled: Vec<_> = (3..=FRONT_PAGE_LENGTH as u64 + 2).rev().collect();
    assert_eq!(numbers(), filled, "the next older one comes up");
    games[0].withdraw(&world);
    games[0].publish_again(&world);
    assert_eq!(numbers(), filled, "the oldest one stays below");
    last.publish_again(&world);
    assert_eq!(numbers(), newest, "the newest one returns to its place");
    last.publish_again(&world);
    assert_eq!(numbers(), newest, "another version changes nothing about it");
    for number in [1, 2, 3] {
        games[number].withdraw(&world);
    }
    let over_a_gap: Vec<_> = newest[..FRONT_PAGE_LENGTH - 1].iter().copied().chain([1]).collect();
    assert_eq!(numbers(), over_a_gap, "what is not shown is passed over");
}
