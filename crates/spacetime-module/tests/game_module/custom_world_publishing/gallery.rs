//! Likes, and the front page.

use spacetime_module::*;
use spacetimedb::Uuid;

use crate::world::{Actor, World, above};

fn like(world: &World, actor: Actor, world_id: Uuid) -> Result<u64, DomainError> {
    world.call(actor, |ctx| like_world_and_return(ctx, None, world_id))
}

fn unlike(world: &World, actor: Actor, world_id: Uuid) -> Result<u64, DomainError> {
    world.call(actor, |ctx| unlike_world_and_return(ctx, None, world_id))
}

/// What everybody sees without asking, the newest first.
fn front_page(world: &World) -> Vec<CustomWorldGalleryEntry> {
    let mut entries = world.see_publicly(gallery_worlds);
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.number));
    entries
}

#[test]
fn a_player_likes_a_world_once() {
    let world = World::new();
    let world_id = world.published(Actor::Alice, "a", &[]).world_id;
    assert_eq!(like(&world, Actor::Bob, world_id), Ok(1));
    let before = world.rows();
    assert_eq!(like(&world, Actor::Bob, world_id), Ok(1));
    world.reduce(Actor::Bob, |ctx| like_world(ctx, world_id)).unwrap();
    assert_eq!(world.rows(), before);
    assert_eq!(like(&world, Actor::Alice, world_id), Ok(2), "one's own world too");
    assert_eq!(world.shown(world_id).unwrap().likes, 2);
    let [mine] = world.see(Actor::Bob, my_likes).try_into().unwrap();
    assert_eq!((mine.player, mine.world_id), (Actor::Bob.identity(), world_id));
    assert_eq!(world.see(Actor::Stranger, my_likes), []);

    assert_eq!(unlike(&world, Actor::Bob, world_id), Ok(1));
    assert_eq!(unlike(&world, Actor::Bob, world_id), Ok(1));
    world.reduce(Actor::Bob, |ctx| unlike_world(ctx, world_id)).unwrap();
    assert_eq!(world.shown(world_id).unwrap().likes, 1);
    assert_eq!(world.see(Actor::Bob, my_likes), []);
}

#[test]
fn what_is_not_published_is_not_liked() {
    let world = World::new();
    let draft = world.create_world(Actor::Alice, "draft").world_id;
    let absent = world.refused(|world| like(world, Actor::Bob, Uuid::from_random_bytes_v4([1; 16])));
    assert_eq!(absent.code, DomainErrorCode::NotFound);
    assert_eq!(world.refused(|world| like(world, Actor::Alice, draft)), absent);
    assert_eq!(world.refused(|world| unlike(world, Actor::Bob, draft)), absent);

    let world_id = world.published(Actor::Alice, "a", &[]).world_id;
    like(&world, Actor::Bob, world_id).unwrap();
    world.unpublish(Actor::Alice, world_id).unwrap();
    assert_eq!(world.refused(|world| like(world, Actor::Alice, world_id)), absent);
    assert_eq!(unlike(&world, Actor::Bob, world_id), Ok(0), "a like can always be taken back");
    assert_eq!(world.publish(Actor::Alice, world_id).unwrap().gallery_entry.unwrap().likes, 0);
}

#[test]
fn likes_of_a_player_are_bounded() {
    let world = World::new();
    let world_id = world.published(Actor::Alice, "a", &[]).world_id;
    let limit = module_custom_world::LIKES_PER_PLAYER_MAX;
    world
        .reduce(Actor::Bob, |ctx| {
            for number in 0..limit {
                let world_id = Uuid::from_u128(number.into());
                let row = CustomWorldLike { id: 0, player: ctx.sender(), world_id, liked_at: ctx.timestamp };
                spacetimedb::Table::insert(&ctx.db.custom_world_like(), row);
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(world.refused(|world| like(world, Actor::Bob, world_id)).code, above(limit));
    assert_eq!(like(&world, Actor::Alice, world_id), Ok(1));
}

#[test]
fn the_front_page_has_the_newest_worlds() {
    let world = World::new();
    let one = world.published(Actor::Alice, "one", &[]);
    let two = world.published(Actor::Bob, "two", &[]);
    let seen: Vec<_> = front_page(&world).into_iter().map(|entry| entry.world_id).collect();
    assert_eq!(seen, [two.world_id, one.world_id]);
    world.unpublish(Actor::Alice, one.world_id).unwrap();
    assert_eq!(front_page(&world).len(), 1);
    world.publish(Actor::Alice, one.world_id).unwrap();
    let seen: Vec<_> = front_page(&world).into_iter().map(|entry| entry.world_id).collect();
    assert_eq!(seen, [two.world_id, one.world_id], "a return makes no world newer");
}

#[test]
fn the_front_page_is_bounded_and_filled_up() {
    let world = World::new();
    let length = module_rules::FRONT_PAGE_LENGTH;
    let mut ids = Vec::new();
    for number in 0..length + 3 {
        let author = if number % 2 == 0 { Actor::Alice } else { Actor::Bob };
        ids.push((author, world.published(author, &number.to_string(), &[]).world_id));
    }
    let numbers = || {
        let numbers: Vec<_> = front_page(&world).into_iter().map(|entry| entry.number).collect();
        assert_eq!(world.remembered_front_page(GalleryKind::Worlds), numbers);
        numbers
    };
    let newest: Vec<_> = (4..=length as u64 + 3).rev().collect();
    assert_eq!(numbers(), newest);
    let (author, last) = ids[length + 2];
    world.unpublish(author, last).unwrap();
    let filled: Vec<_> = (3..=length as u64 + 2).rev().collect();
    assert_eq!(numbers(), filled, "the next older one comes up");
    let (author, first) = ids[0];
    world.unpublish(author, first).unwrap();
    world.publish(author, first).unwrap();
    assert_eq!(numbers(), filled, "the oldest one stays below");
    let (author, last) = ids[length + 2];
    world.publish(author, last).unwrap();
    assert_eq!(numbers(), newest, "the newest one returns to its place");
}
