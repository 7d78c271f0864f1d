//! Asset objects and bindings.

use spacetime_module::*;
use spacetimedb::{Identity, Uuid};

use super::{said, seen};
use crate::world::{Actor, World, confirmation_of, cover_of, own_registration, uncover};

/// Alice's assets, one for each thing that can be done with one.
struct Scene {
    pending: AssetObject,
    private: AssetObject,
    deleted: Uuid,
}

impl Scene {
    fn new(world: &World) -> Scene {
        let bound = world.confirmed(Actor::Alice, "bound");
        world.bind(Actor::Alice, cover_of("bound", bound.asset_id)).unwrap();
        let deleted = world.pending(Actor::Alice, "deleted").asset_id;
        world.delete(Actor::Alice, deleted).unwrap();
        world.confirmed(Actor::Bob, "bobs");
        Scene {
            pending: world.pending(Actor::Alice, "pending"),
            private: world.confirmed(Actor::Alice, "private"),
            deleted,
        }
    }
}

pub fn outcome(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    if !name.contains("asset") || name.contains("big_fish") {
        return None;
    }
    let scene = Scene::new(world);
    let own = own_registration(if named.is_some() { Actor::Alice } else { caller }, "new");
    let timer = AssetUploadExpiry {
        scheduled_id: 1,
        scheduled_at: spacetimedb::ScheduleAt::Time(world.now()),
        asset_id: scene.pending.asset_id,
    };
    let cover = cover_of("free", scene.private.asset_id);
    let confirmation = confirmation_of(&scene.pending);
    let outcome =
        match name {
            "register_asset_object" => said(world.reduce(caller, |ctx| register_asset_object(ctx, own))),
            "register_asset_object_and_return" => {
                said(world.call(caller, |ctx| register_asset_object_and_return(ctx, named, own)))
            }
            "confirm_asset_object" => said(world.reduce(caller, |ctx| confirm_asset_object(ctx, confirmation))),
            "confirm_asset_object_and_return" => {
                said(world.call(caller, |ctx| confirm_asset_object_and_return(ctx, named, confirmation)))
            }
            "read_asset_object_and_return" => {
                said(world.call(caller, |ctx| read_asset_object_and_return(ctx, named, scene.private.asset_id)))
            }
            "delete_asset_object" => said(world.reduce(caller, |ctx| delete_asset_object(ctx, scene.private.asset_id))),
            "delete_asset_object_and_return" => {
                said(world.call(caller, |ctx| delete_asset_object_and_return(ctx, named, scene.private.asset_id)))
            }
            "list_expired_asset_objects_and_return" => {
                said(world.call(caller, |ctx| list_expired_asset_objects_and_return(ctx, 10)))
            }
            "list_asset_objects_and_return" => {
                let (bucket, from, until) = (own.bucket.clone(), String::new(), own.object_key.clone());
                said(world.call(caller, |ctx| list_asset_objects_and_return(ctx, named, bucket, from, until, 10)))
            }
            "find_asset_objects_and_return" => said(world.call(caller, |ctx| {
                find_asset_objects_and_return(ctx, own.bucket.clone(), vec![own.object_key.clone()])
            })),
            "forget_deleted_asset_objects_and_return" => {
                said(world.call(caller, |ctx| forget_deleted_asset_objects_and_return(ctx, vec![scene.deleted])))
            }
            "expire_asset_upload" => said(world.reduce(caller, |ctx| expire_asset_upload(ctx, timer))),
            "my_assets" => seen(world.see(caller, my_assets)),
            "bind_asset_object_to_entity" => said(world.reduce(caller, |ctx| bind_asset_object_to_entity(ctx, cover))),
            "bind_asset_object_to_entity_and_return" => {
                said(world.call(caller, |ctx| bind_asset_object_to_entity_and_return(ctx, named, cover)))
            }
            "unbind_asset_object_from_entity" => {
                said(world.reduce(caller, |ctx| unbind_asset_object_from_entity(ctx, uncover("bound"))))
            }
            "unbind_asset_object_from_entity_and_return" => {
                said(world.call(caller, |ctx| unbind_asset_object_from_entity_and_return(ctx, named, uncover("bound"))))
            }
            "my_asset_bindings" => seen(world.see(caller, my_asset_bindings)),
            _ => return None,
        };
    Some(outcome)
}
