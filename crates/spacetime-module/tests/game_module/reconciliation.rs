//! Holding the object store against the rows: listing them by key, and finding them by key.

use spacetime_module::*;

use crate::world::{Actor, World, above, invalid, registration};

/// Behind every key.
const LAST: &str = "~";

fn list(world: &World, bucket: &str, keys: (&str, &str), limit: u32) -> Result<Vec<AssetObject>, DomainError> {
    let (after, until) = (keys.0.to_owned(), keys.1.to_owned());
    world.call(Actor::Service, |ctx| list_asset_objects_and_return(ctx, None, bucket.to_owned(), after, until, limit))
}

fn listed(world: &World, after: &str, until: &str, limit: u32) -> Vec<String> {
    let rows = list(world, &registration("a").bucket, (after, until), limit);
    rows.unwrap().into_iter().map(|row| row.object_key).collect()
}

#[test]
fn rows_of_every_status_are_listed_page_by_page() {
    let world = World::new();
    let pending = world.pending(Actor::Alice, "a").object_key;
    let confirmed = world.confirmed(Actor::Bob, "b").object_key;
    let deleted = world.pending(Actor::Alice, "c");
    world.delete(Actor::Alice, deleted.asset_id).unwrap();
    let mut keys = vec![pending, confirmed, deleted.object_key];
    keys.sort();
    assert_eq!(listed(&world, "", LAST, 500), keys);
    assert_eq!(listed(&world, "", LAST, 2), keys[..2]);
    assert_eq!(listed(&world, &keys[1], LAST, 2), keys[2..]);
    assert_eq!(listed(&world, "", &keys[1], 500), keys[..2], "the last key is one of them");
    assert_eq!(listed(&world, &keys[1], &keys[1], 500), Vec::<String>::new(), "and the one before is not");
    assert_eq!(list(&world, "other", ("", LAST), 9), Ok(Vec::new()), "another bucket has none of them");
    let refusal = world.refused(|world| list(world, "other", ("b", "a"), 9));
    assert_eq!(refusal.code, invalid("until_key"));
}

#[test]
fn rows_are_found_by_their_keys() {
    let world = World::new();
    let object = world.confirmed(Actor::Alice, "a");
    let keys = vec!["nowhere".to_owned(), object.object_key.clone()];
    let bucket = object.bucket.clone();
    let found = world.call(Actor::Service, |ctx| find_asset_objects_and_return(ctx, bucket, keys));
    assert_eq!(found, Ok(vec![object]));
}

#[test]
fn an_operator_may_have_the_service_list_and_players_may_not() {
    let world = World::new();
    let ask = |named: Actor| {
        world.call(Actor::Service, |ctx| {
            let (named, bucket) = (Some(named.identity()), "worldloom".to_owned());
            list_asset_objects_and_return(ctx, named, bucket, String::new(), LAST.to_owned(), 1)
        })
    };
    assert!(ask(Actor::Operator).is_ok());
    for actor in [Actor::Alice, Actor::Moderator, Actor::Stranger] {
        assert_eq!(ask(actor).unwrap_err().code, DomainErrorCode::Forbidden, "{actor:?}");
    }
}

#[test]
fn one_call_takes_500_at_most() {
    let world = World::new();
    assert_eq!(list(&world, "worldloom", ("", LAST), 501).unwrap_err().code, above(500));
    let keys = vec![String::from("a"); 501];
    let rows = world.call(Actor::Service, |ctx| find_asset_objects_and_return(ctx, "worldloom".into(), keys));
    assert_eq!(rows.unwrap_err().code, above(500));
}
