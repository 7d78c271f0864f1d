//! Making puzzles, and who may do what.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::*;
use crate::world::{Actor, World, above, conflict, illegal, invalid, registration, uncover};

#[test]
fn a_puzzle_is_made_from_the_authors_picture() {
    let world = World::new();
    let picture = world.confirmed(Actor::Alice, "mill");
    let puzzle = make(&world, Actor::Alice, puzzle_request("mill", picture.asset_id)).unwrap();
    assert_eq!((puzzle.author, puzzle.asset_id), (Actor::Alice.identity(), picture.asset_id));
    assert_eq!((puzzle.status, puzzle.gallery_number, puzzle.published_at), (PuzzleStatus::Draft, None, None));
    assert_eq!(world.see(Actor::Alice, my_puzzles), std::slice::from_ref(&puzzle));
    assert_eq!(world.see(Actor::Bob, my_puzzles), []);
    assert_eq!(gallery(&world), []);
    let refusal = world.refused(|world| world.delete(Actor::Alice, picture.asset_id));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "the puzzle needs its picture");

    let before = world.rows();
    assert_eq!(make(&world, Actor::Alice, puzzle_request("mill", picture.asset_id)), Ok(puzzle.clone()));
    world.reduce(Actor::Alice, |ctx| create_puzzle(ctx, puzzle_request("mill", picture.asset_id))).unwrap();
    assert_eq!(world.rows(), before);
    let other = PuzzleCreation { columns: 3, ..puzzle_request("mill", picture.asset_id) };
    let refusal = world.refused(|world| make(world, Actor::Alice, other));
    assert_eq!(refusal.code, conflict("the one first sent under it", "another one"));

    assert_eq!(delete(&world, Actor::Alice, puzzle.puzzle_id), Ok(puzzle));
    world.delete(Actor::Alice, picture.asset_id).unwrap();
    let refusal = world.refused(|world| make(world, Actor::Alice, puzzle_request("mill", picture.asset_id)));
    assert_eq!(refusal.code, DomainErrorCode::NotFound, "a key whose puzzle is deleted");
}

#[test]
fn requests_are_checked() {
    let world = World::new();
    let valid = puzzle_request("mill", world.confirmed(Actor::Alice, "mill").asset_id);
    let asset = |asset_id| PuzzleCreation { asset_id, ..valid.clone() };
    let sound = AssetObjectRegistration { content_type: "audio/ogg".to_owned(), ..registration("sound") };
    let sound = world.confirm(&world.register(Actor::Alice, sound).unwrap()).unwrap();
    for (request, code) in [
        (PuzzleCreation { idempotency_key: String::new(), ..valid.clone() }, invalid("idempotency_key")),
        (PuzzleCreation { title: String::new(), ..valid.clone() }, invalid("title")),
        (PuzzleCreation { title: "t".repeat(121), ..valid.clone() }, above(120)),
        (PuzzleCreation { columns: 1, ..valid.clone() }, invalid("columns")),
        (PuzzleCreation { columns: 255, ..valid.clone() }, above(10)),
        (PuzzleCreation { rows: 0, ..valid.clone() }, invalid("rows")),
        (PuzzleCreation { rows: 11, ..valid.clone() }, above(10)),
        (asset(Uuid::from_u128(7)), DomainErrorCode::NotFound),
        (asset(world.confirmed(Actor::Bob, "bobs").asset_id), DomainErrorCode::NotFound),
        (asset(world.public(Actor::Bob, "open").asset_id), DomainErrorCode::Forbidden),
        (asset(world.pending(Actor::Alice, "pending").asset_id), conflict("confirmed", "pending")),
        (asset(sound.asset_id), conflict("image/…", "audio/ogg")),
    ] {
        assert_eq!(world.refused(|world| make(world, Actor::Alice, request)).code, code);
    }
    let keeper = world.refused(|world| make(world, Actor::Admin, valid.clone()));
    assert_eq!(keeper.code, DomainErrorCode::Forbidden, "a puzzle shows what is its author's own");
    world.reduce(Actor::Alice, close_account).unwrap();
    let closed = world.refused(|world| make(world, Actor::Alice, valid.clone()));
    assert_eq!(closed.code, DomainErrorCode::AccountClosed);
}

#[test]
fn an_author_has_a_hundred_puzzles() {
    let world = World::new();
    let picture = world.confirmed(Actor::Alice, "mill").asset_id;
    for number in 0..100 {
        make(&world, Actor::Alice, puzzle_request(&number.to_string(), picture)).unwrap();
    }
    let refusal = world.refused(|world| make(world, Actor::Alice, puzzle_request("more", picture)));
    assert_eq!(refusal.code, above(100));
}

#[test]
fn the_gallery_shows_what_is_published() {
    let world = World::new();
    let id = draft(&world, Actor::Alice, "mill").puzzle_id;
    world.advance(5);
    let puzzle = publish(&world, Actor::Alice, id).unwrap();
    assert_eq!((puzzle.status, puzzle.published_at), (PuzzleStatus::Published, Some(world.now())));
    let before = world.rows();
    assert_eq!(publish(&world, Actor::Alice, id), Ok(puzzle.clone()));
    world.reduce(Actor::Alice, |ctx| publish_puzzle(ctx, id)).unwrap();
    assert_eq!(world.rows(), before);
    assert_eq!((puzzle.gallery_number, puzzle.is_on_front_page), (Some(1), true));
    assert_eq!(gallery(&world), [puzzle]);
    let refusal = world.refused(|world| delete(world, Actor::Alice, id));
    assert_eq!(refusal.code, conflict("draft or withdrawn", "published"));

    world.advance(5);
    let withdrawn = unpublish(&world, Actor::Alice, id).unwrap();
    assert_eq!((withdrawn.status, withdrawn.is_on_front_page), (PuzzleStatus::Withdrawn, false));
    let before = world.rows();
    assert_eq!(unpublish(&world, Actor::Alice, id), Ok(withdrawn));
    world.reduce(Actor::Alice, |ctx| unpublish_puzzle(ctx, id)).unwrap();
    assert_eq!(world.rows(), before);
    assert_eq!(gallery(&world), []);
    publish(&world, Actor::Alice, id).unwrap();
    unpublish(&world, Actor::Alice, id).unwrap();
    world.reduce(Actor::Alice, |ctx| delete_puzzle(ctx, id)).unwrap();
    assert_eq!(world.see(Actor::Alice, my_puzzles), []);
}

#[test]
fn a_draft_is_not_withdrawn_and_its_picture_must_be_public() {
    let world = World::new();
    let id = draft(&world, Actor::Alice, "mill").puzzle_id;
    assert_eq!(world.refused(|world| unpublish(world, Actor::Alice, id)).code, illegal("draft", "withdrawn"));
    let private = world.confirmed(Actor::Alice, "private").asset_id;
    let id = make(&world, Actor::Alice, puzzle_request("private", private)).unwrap().puzzle_id;
    assert_eq!(world.refused(|world| publish(world, Actor::Alice, id)).code, conflict("public", "private"));
}

#[test]
fn a_puzzle_keeps_its_picture() {
    let world = World::new();
    let puzzle = draft(&world, Actor::Alice, "mill");
    let other = world.public(Actor::Alice, "other").asset_id;
    let entity_id = puzzle.puzzle_id.to_string();
    let (entity_kind, slot) = ("puzzle".to_owned(), "picture".to_owned());
    let bind = AssetEntityBindingRequest { asset_id: other, entity_kind, entity_id: entity_id.clone(), slot };
    let (entity_kind, slot) = ("puzzle".to_owned(), "picture".to_owned());
    let unbind = AssetEntityUnbindRequest { entity_kind, slot, ..uncover(&entity_id) };
    for actor in [Actor::Alice, Actor::Service, Actor::Admin, Actor::Bob] {
        let refusal = world.refused(|world| world.bind(actor, bind.clone()));
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
        let refusal =
            world.refused(|world| world.reduce(actor, |ctx| unbind_asset_object_from_entity(ctx, unbind.clone())));
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
    }
    delete(&world, Actor::Alice, puzzle.puzzle_id).unwrap();
    world.bind(Actor::Alice, bind).unwrap();
    let nobodys = AssetEntityUnbindRequest { entity_id: "not an id".replace(' ', "-"), ..unbind };
    let refusal =
        world.refused(|world| world.reduce(Actor::Alice, |ctx| unbind_asset_object_from_entity(ctx, nobodys)));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
}

#[test]
fn others_change_no_puzzle_and_see_published_ones() {
    let world = World::new();
    let id = draft(&world, Actor::Alice, "mill").puzzle_id;
    let read = |actor: Actor| world.call(actor, |ctx| read_puzzle_and_return(ctx, None, id));
    for (actor, code) in [
        (Actor::Bob, DomainErrorCode::NotFound),
        (Actor::Operator, DomainErrorCode::NotFound),
        (Actor::Moderator, DomainErrorCode::Forbidden),
    ] {
        for change in [publish, unpublish, delete] {
            assert_eq!(world.refused(|world| change(world, actor, id)).code, code, "{actor:?}");
        }
    }
    assert_eq!(read(Actor::Bob).unwrap_err().code, DomainErrorCode::NotFound);
    read(Actor::Moderator).unwrap();
    publish(&world, Actor::Alice, id).unwrap();
    read(Actor::Bob).unwrap();
    for change in [publish, unpublish, delete] {
        assert_eq!(world.refused(|world| change(world, Actor::Bob, id)).code, DomainErrorCode::Forbidden);
    }
    unpublish(&world, Actor::Admin, id).unwrap();
    assert_eq!(world.refused(|world| publish(world, Actor::Alice, Uuid::NIL)).code, DomainErrorCode::NotFound);
}
