//! Who may read which object.

use spacetime_module::*;
use spacetimedb::Uuid;

use crate::world::{Actor, World, registration};

const READERS_OF_ALL: [Actor; 4] = [Actor::Alice, Actor::Service, Actor::Moderator, Actor::Admin];
const OTHERS: [Actor; 3] = [Actor::Bob, Actor::Stranger, Actor::Operator];

fn object_under(world: &World, policy: AssetAccessPolicy) -> AssetObject {
    let request = AssetObjectRegistration { access_policy: policy, ..registration(&format!("{policy:?}")) };
    world.register(Actor::Alice, request).unwrap()
}

#[test]
fn the_access_policy_decides_over_confirmed_objects() {
    let world = World::new();
    let absent = world.refused(|world| world.read(Actor::Bob, Uuid::from_u128(1)));
    for policy in [AssetAccessPolicy::Private, AssetAccessPolicy::Signed, AssetAccessPolicy::Public] {
        let object = world.confirm(&object_under(&world, policy)).unwrap();
        for actor in READERS_OF_ALL {
            assert_eq!(world.read(actor, object.asset_id), Ok(object.clone()), "{actor:?}");
        }
        for actor in OTHERS {
            let read = world.read(actor, object.asset_id);
            match policy {
                AssetAccessPolicy::Public => assert_eq!(read, Ok(object.clone()), "{actor:?}"),
                _ => assert_eq!(read, Err(absent.clone()), "{actor:?} {policy:?}"),
            }
        }
    }
}

#[test]
fn a_pending_object_is_seen_by_those_who_look_after_it() {
    let world = World::new();
    let object = object_under(&world, AssetAccessPolicy::Public);
    for actor in READERS_OF_ALL {
        assert_eq!(world.read(actor, object.asset_id), Ok(object.clone()), "{actor:?}");
    }
    for actor in OTHERS {
        let refusal = world.refused(|world| world.read(actor, object.asset_id));
        assert_eq!(refusal.code, DomainErrorCode::NotFound, "{actor:?}");
    }
}

#[test]
fn a_deleted_object_is_seen_by_nobody() {
    let world = World::new();
    let object = world.public(Actor::Alice, "a");
    world.delete(Actor::Alice, object.asset_id).unwrap();
    for actor in READERS_OF_ALL.into_iter().chain(OTHERS) {
        let refusal = world.refused(|world| world.read(actor, object.asset_id));
        assert_eq!(refusal.to_string(), "not_found: There is no such asset.", "{actor:?}");
    }
}
