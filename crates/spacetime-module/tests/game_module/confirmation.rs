//! Confirming an upload.

use spacetime_module::*;

use crate::world::{Actor, World, above, confirmation_of, conflict, illegal, invalid};

#[test]
fn a_confirmed_upload_no_longer_lapses() {
    let world = World::new();
    let pending = world.pending(Actor::Alice, "a");
    world.advance(7);
    let confirmed = world.confirm(&pending).unwrap();
    assert_eq!(
        confirmed,
        AssetObject {
            status: AssetStatus::Confirmed,
            expires_at: None,
            updated_at: world.now(),
            confirmed_at: Some(world.now()),
            ..pending
        }
    );
    assert!(world.rows()["asset_upload_expiry"].is_empty(), "its timer is cancelled");
}

#[test]
fn confirming_again_changes_nothing() {
    let world = World::new();
    let confirmed = world.confirmed(Actor::Alice, "a");
    let before = world.rows();
    world.advance(1_000);
    assert_eq!(world.confirm(&confirmed), Ok(confirmed.clone()));
    world.reduce(Actor::Service, |ctx| confirm_asset_object(ctx, confirmation_of(&confirmed))).unwrap();
    assert_eq!(world.rows(), before);
}

#[test]
fn other_bytes_than_announced_are_refused_before_and_after() {
    let world = World::new();
    for object in [world.pending(Actor::Alice, "a"), world.confirmed(Actor::Alice, "b")] {
        let good = confirmation_of(&object);
        let cases = [
            (
                AssetObjectConfirmation { content_type: "image/gif".to_owned(), ..good.clone() },
                conflict("image/png", "image/gif"),
            ),
            (AssetObjectConfirmation { byte_size: 1_023, ..good.clone() }, conflict("1024", "1023")),
            (
                AssetObjectConfirmation { sha256: "0".repeat(64), ..good.clone() },
                conflict(&good.sha256, &"0".repeat(64)),
            ),
            (AssetObjectConfirmation { byte_size: 0, ..good.clone() }, invalid("byte_size")),
            (AssetObjectConfirmation { sha256: "0".repeat(65), ..good.clone() }, above(64)),
        ];
        for (confirmation, code) in cases {
            let refusal = world.refused(|world| {
                world.call(Actor::Service, |ctx| confirm_asset_object_and_return(ctx, None, confirmation))
            });
            assert_eq!(refusal.code, code, "{:?}", object.status);
        }
    }
}

#[test]
fn a_player_cannot_vouch_for_its_own_upload() {
    let world = World::new();
    let pending = world.pending(Actor::Alice, "a");
    for actor in [Actor::Alice, Actor::Admin] {
        let refusal =
            world.refused(|world| world.reduce(actor, |ctx| confirm_asset_object(ctx, confirmation_of(&pending))));
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
    }
}

#[test]
fn the_service_confirms_for_the_owner_and_for_nobody_else() {
    let world = World::new();
    let pending = world.pending(Actor::Alice, "a");
    let confirm_for = |player: Actor| {
        world.call(Actor::Service, |ctx| {
            let named = Some(player.identity());
            confirm_asset_object_and_return(ctx, named, confirmation_of(&pending))
        })
    };
    let refusal = world.refused(|_| confirm_for(Actor::Bob));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
    assert_eq!(confirm_for(Actor::Alice).unwrap().status, AssetStatus::Confirmed);
}

#[test]
fn nothing_is_confirmed_for_a_closed_account() {
    let world = World::new();
    let pending = world.pending(Actor::Alice, "a");
    world.reduce(Actor::Alice, close_account).unwrap();
    for named in [Some(Actor::Alice.identity()), None] {
        let refusal = world.refused(|world| {
            let found = confirmation_of(&pending);
            world.call(Actor::Service, |ctx| confirm_asset_object_and_return(ctx, named, found))
        });
        assert_eq!(refusal.code, DomainErrorCode::AccountClosed, "{named:?}");
    }
}

#[test]
fn a_lapsed_or_deleted_upload_cannot_be_confirmed() {
    let world = World::new();
    let pending = world.pending(Actor::Alice, "a");
    world.advance(module_assets::PENDING_UPLOAD_LIFETIME_MICROS);
    let refusal = world.refused(|world| world.confirm(&pending));
    assert_eq!(refusal.code, illegal("expired", "confirmed"), "even before the schedule comes round");

    world.delete(Actor::Alice, pending.asset_id).unwrap();
    let refusal = world.refused(|world| world.confirm(&pending));
    assert_eq!(refusal.code, illegal("deleted", "confirmed"));
}

#[test]
fn the_last_moment_still_counts() {
    let world = World::new();
    let pending = world.pending(Actor::Alice, "a");
    world.advance(module_assets::PENDING_UPLOAD_LIFETIME_MICROS - 1);
    assert!(world.confirm(&pending).is_ok());
}
