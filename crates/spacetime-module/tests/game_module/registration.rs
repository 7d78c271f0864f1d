//! Announcing an upload.

use spacetime_module::*;

use crate::world::{Actor, World, above, conflict, invalid, own_registration, registration};

#[test]
fn an_announced_upload_is_pending_and_lapses_in_an_hour() {
    let world = World::new();
    let request = registration("a");
    let object = world.register(Actor::Alice, request.clone()).unwrap();
    assert_eq!(object.owner, Actor::Alice.identity());
    assert_eq!(object.status, AssetStatus::Pending);
    assert_eq!((object.bucket, object.object_key), (request.bucket, request.object_key));
    assert_eq!(object.created_at, world.now());
    let lifetime = object.expires_at.unwrap().duration_since(world.now()).unwrap();
    assert_eq!(lifetime.as_micros(), module_assets::PENDING_UPLOAD_LIFETIME_MICROS as u128);
    assert_eq!((object.confirmed_at, object.deleted_at), (None, None));
}

#[test]
fn the_reducer_does_what_the_procedure_does() {
    let world = World::new();
    let request = own_registration(Actor::Alice, "a");
    world.reduce(Actor::Alice, |ctx| register_asset_object(ctx, request.clone())).unwrap();
    let [object] = world.see(Actor::Alice, my_assets).try_into().unwrap();
    let again = world.call(Actor::Alice, |ctx| register_asset_object_and_return(ctx, None, request));
    assert_eq!(again, Ok(object));
}

#[test]
fn the_same_request_again_returns_the_row_as_it_stands() {
    let world = World::new();
    let object = world.confirmed(Actor::Alice, "a");
    let before = world.rows();
    world.advance(1_000);
    assert_eq!(world.register(Actor::Alice, registration("a")), Ok(object));
    assert_eq!(world.rows(), before);
}

#[test]
fn another_request_under_the_same_key_is_a_conflict() {
    let world = World::new();
    world.pending(Actor::Alice, "a");
    let first = registration("a");
    let cases = [
        (AssetObjectRegistration { bucket: "sounds".to_owned(), ..first.clone() }, conflict("pictures", "sounds")),
        (
            AssetObjectRegistration { object_key: "uploads/b.png".to_owned(), ..first.clone() },
            conflict("uploads/a.png", "uploads/b.png"),
        ),
        (
            AssetObjectRegistration { content_type: "image/webp".to_owned(), ..first.clone() },
            conflict("image/png", "image/webp"),
        ),
        (AssetObjectRegistration { byte_size: 1_025, ..first.clone() }, conflict("1024", "1025")),
        (AssetObjectRegistration { sha256: "f".repeat(64), ..first.clone() }, conflict(&first.sha256, &"f".repeat(64))),
        (
            AssetObjectRegistration { access_policy: AssetAccessPolicy::Public, ..first.clone() },
            conflict("private", "public"),
        ),
    ];
    for (request, code) in cases {
        let refusal = world.refused(|world| world.register(Actor::Alice, request));
        assert_eq!(refusal.code, code);
    }
}

#[test]
fn two_players_may_use_the_same_key() {
    let world = World::new();
    let alices = world.pending(Actor::Alice, "a");
    let request = AssetObjectRegistration { object_key: "uploads/b.png".to_owned(), ..registration("a") };
    let bobs = world.register(Actor::Bob, request).unwrap();
    assert_ne!(alices.asset_id, bobs.asset_id);
    assert_eq!(bobs.owner, Actor::Bob.identity());
}

#[test]
fn a_place_in_the_store_is_taken_until_its_row_is_forgotten() {
    let world = World::new();
    let first = world.confirmed(Actor::Alice, "a");
    let same_place = AssetObjectRegistration { idempotency_key: "other".to_owned(), ..registration("a") };
    let claim = |world: &World| world.register(Actor::Bob, same_place.clone());
    let taken = conflict("a free place in the object store", "a taken one");
    assert_eq!(world.refused(claim).code, taken);

    // Its bytes are still there: a new object here would lose its own to the removal.
    world.delete(Actor::Alice, first.asset_id).unwrap();
    assert_eq!(world.refused(claim).code, taken);

    world.forget(&[first.asset_id]).unwrap();
    assert_eq!(claim(&world).unwrap().status, AssetStatus::Pending);
}

#[test]
fn the_same_key_in_another_bucket_is_another_place() {
    let world = World::new();
    world.pending(Actor::Alice, "a");
    let request = AssetObjectRegistration {
        idempotency_key: "other".to_owned(),
        bucket: "sounds".to_owned(),
        ..registration("a")
    };
    assert_eq!(world.register(Actor::Alice, request).unwrap().bucket, "sounds");
}

#[test]
fn a_client_claims_only_its_own_part_of_the_store() {
    let world = World::new();
    for object_key in [
        "uploads/a.png".to_owned(),
        own_registration(Actor::Bob, "a").object_key,
        format!("players/{}", Actor::Alice.identity().to_hex()),
    ] {
        let request = AssetObjectRegistration { object_key, ..registration("a") };
        let refusal =
            world.refused(|world| world.call(Actor::Alice, |ctx| register_asset_object_and_return(ctx, None, request)));
        assert_eq!(refusal.code, invalid("object_key"));
    }
}

#[test]
fn bad_arguments_name_the_field_or_the_limit() {
    let world = World::new();
    let good = registration("a");
    let cases = [
        (AssetObjectRegistration { idempotency_key: String::new(), ..good.clone() }, invalid("idempotency_key")),
        (AssetObjectRegistration { idempotency_key: "k".repeat(129), ..good.clone() }, above(128)),
        (AssetObjectRegistration { bucket: "Pictures".to_owned(), ..good.clone() }, invalid("bucket")),
        (AssetObjectRegistration { bucket: "b".repeat(64), ..good.clone() }, above(63)),
        (AssetObjectRegistration { object_key: "a/../b".to_owned(), ..good.clone() }, invalid("object_key")),
        (AssetObjectRegistration { object_key: "k".repeat(10_000), ..good.clone() }, above(512)),
        (AssetObjectRegistration { content_type: "png".to_owned(), ..good.clone() }, invalid("content_type")),
        (AssetObjectRegistration { byte_size: 0, ..good.clone() }, invalid("byte_size")),
        (AssetObjectRegistration { byte_size: u64::MAX, ..good.clone() }, above(5 << 30)),
        (AssetObjectRegistration { sha256: "F".repeat(64), ..good.clone() }, invalid("sha256")),
        (AssetObjectRegistration { sha256: "f".repeat(65), ..good.clone() }, above(64)),
    ];
    for (request, code) in cases {
        let refusal = world.refused(|world| world.register(Actor::Alice, request));
        assert_eq!(refusal.code, code, "{refusal}");
    }
}

#[test]
fn unsettled_objects_of_a_player_are_limited() {
    let world = World::new();
    let limit = module_assets::UNSETTLED_OBJECTS_MAX;
    for number in 0..limit {
        let object = world.pending(Actor::Alice, &number.to_string());
        // Deleted ones count until they are forgotten, or a loop of both would fill the table.
        if number % 2 == 0 {
            world.delete(Actor::Alice, object.asset_id).unwrap();
        }
    }
    let one_more = |world: &World| world.register(Actor::Alice, registration("more"));
    assert_eq!(world.refused(one_more).code, above(limit));
    assert!(world.register(Actor::Bob, registration("bob")).is_ok(), "each player has its own");

    let deleted = world.list_expired(1).unwrap();
    world.forget(&[deleted[0].asset_id]).unwrap();
    assert!(one_more(&world).is_ok());
}
