//! Announced uploads whose time is over.

use spacetime_module::*;
use spacetimedb::{ScheduleAt, Table};

use crate::world::{Actor, World};

fn timers(world: &World) -> Vec<AssetUploadExpiry> {
    world.test.db.asset_upload_expiry().iter().collect()
}

/// What the engine does when a timer is due: it calls the reducer, then drops the timer.
fn fire(world: &World, timer: &AssetUploadExpiry) {
    world.reduce(Actor::Engine, |ctx| expire_asset_upload(ctx, timer.clone())).unwrap();
    world.test.db.asset_upload_expiry().scheduled_id().delete(timer.scheduled_id);
}

#[test]
fn the_timer_holds_the_due_time() {
    let world = World::new();
    let pending = world.pending(Actor::Alice, "a");
    let [timer] = timers(&world).try_into().unwrap();
    assert_eq!(timer.asset_id, pending.asset_id);
    assert_eq!(timer.scheduled_at, ScheduleAt::Time(pending.expires_at.unwrap()));
}

#[test]
fn a_due_upload_is_deleted_and_its_bytes_can_be_removed() {
    let world = World::new();
    let pending = world.pending(Actor::Alice, "a");
    let [timer] = timers(&world).try_into().unwrap();
    world.advance(module_assets::PENDING_UPLOAD_LIFETIME_MICROS);
    fire(&world, &timer);
    let expired = AssetObject {
        status: AssetStatus::Deleted,
        expires_at: None,
        updated_at: world.now(),
        deleted_at: Some(world.now()),
        ..pending
    };
    assert_eq!(world.list_expired(10), Ok(vec![expired]));
    assert_eq!(timers(&world), []);
}

#[test]
fn an_early_timer_is_set_again_for_the_due_time() {
    let world = World::new();
    let pending = world.pending(Actor::Alice, "a");
    let [timer] = timers(&world).try_into().unwrap();
    fire(&world, &timer);
    assert_eq!(world.read(Actor::Alice, pending.asset_id), Ok(pending.clone()));
    let [later] = timers(&world).try_into().unwrap();
    assert_ne!(later.scheduled_id, timer.scheduled_id);
    assert_eq!(later.scheduled_at, ScheduleAt::Time(pending.expires_at.unwrap()));
}

#[test]
fn a_timer_that_comes_too_late_changes_nothing() {
    let world = World::new();
    let pending = world.pending(Actor::Alice, "a");
    let [timer] = timers(&world).try_into().unwrap();
    world.confirm(&pending).unwrap();
    world.advance(module_assets::PENDING_UPLOAD_LIFETIME_MICROS);
    let before = world.rows();
    fire(&world, &timer);
    assert_eq!(world.rows(), before, "confirmed in time");

    world.delete(Actor::Alice, pending.asset_id).unwrap();
    let before = world.rows();
    fire(&world, &timer);
    assert_eq!(world.rows(), before, "deleted meanwhile");

    world.forget(&[pending.asset_id]).unwrap();
    let before = world.rows();
    fire(&world, &timer);
    assert_eq!(world.rows(), before, "forgotten meanwhile");
}

#[test]
fn nobody_expires_uploads_by_hand() {
    let world = World::new();
    world.pending(Actor::Alice, "a");
    let [timer] = timers(&world).try_into().unwrap();
    world.advance(module_assets::PENDING_UPLOAD_LIFETIME_MICROS);
    for actor in [Actor::Owner, Actor::Service, Actor::Alice] {
        let refusal = world.refused(|world| world.reduce(actor, |ctx| expire_asset_upload(ctx, timer.clone())));
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
    }
}
