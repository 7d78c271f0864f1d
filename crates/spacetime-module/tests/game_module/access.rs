//! Roles: who has them after `init`, and who may grant and revoke them.

use spacetime_module::*;

use crate::world::{Actor, World, conflict};

fn roles_seen_by(world: &World, actor: Actor) -> Vec<AccessRole> {
    world.see(actor, my_roles).into_iter().map(|grant| grant.role).collect()
}

#[test]
fn init_makes_the_owner_admin_and_runs_once() {
    let world = World::new();
    assert_eq!(roles_seen_by(&world, Actor::Owner), [AccessRole::Admin]);
    let refusal = world.refused(|world| world.reduce(Actor::Owner, init));
    assert_eq!(refusal.code, DomainErrorCode::Forbidden);
    let refusal = world.refused(|world| world.reduce(Actor::Stranger, init));
    assert_eq!(refusal.code, DomainErrorCode::Forbidden);
}

#[test]
fn a_grant_says_who_granted_it_and_when() {
    let world = World::new();
    world.advance(5);
    let grant = |ctx: &spacetimedb::ReducerContext| grant_role(ctx, Actor::Alice.identity(), AccessRole::Moderator);
    world.reduce(Actor::Admin, grant).unwrap();
    let [held] = world.see(Actor::Alice, my_roles).try_into().unwrap();
    assert_eq!(held.identity, Actor::Alice.identity());
    assert_eq!(held.role, AccessRole::Moderator);
    assert_eq!(held.granted_by, Actor::Admin.identity());
    assert_eq!(held.granted_at, world.now());

    let before = world.rows();
    world.reduce(Actor::Owner, grant).unwrap();
    assert_eq!(world.rows(), before, "granting a held role changes nothing");
}

#[test]
fn only_admins_grant_and_revoke() {
    let world = World::new();
    for actor in [Actor::Stranger, Actor::Service, Actor::Moderator, Actor::Operator, Actor::Engine] {
        let granted =
            world.refused(|world| world.reduce(actor, |ctx| grant_role(ctx, actor.identity(), AccessRole::Admin)));
        assert_eq!(granted.code, DomainErrorCode::Forbidden, "{actor:?}");
        let revoked = world
            .refused(|world| world.reduce(actor, |ctx| revoke_role(ctx, Actor::Admin.identity(), AccessRole::Admin)));
        assert_eq!(revoked.code, DomainErrorCode::Forbidden, "{actor:?}");
    }
}

#[test]
fn a_revoked_role_is_gone_at_once() {
    let world = World::new();
    let admin = Actor::Admin.identity();
    world.reduce(Actor::Owner, |ctx| revoke_role(ctx, admin, AccessRole::Admin)).unwrap();
    assert_eq!(roles_seen_by(&world, Actor::Admin), []);
    let refusal = world.refused(|world| world.reduce(Actor::Admin, |ctx| grant_role(ctx, admin, AccessRole::Admin)));
    assert_eq!(refusal.to_string(), "forbidden: This call is for Admin. Ask an Admin to grant the role.");
}

#[test]
fn the_last_admin_stays() {
    let world = World::new();
    let revoke = |actor: Actor| world.reduce(Actor::Admin, |ctx| revoke_role(ctx, actor.identity(), AccessRole::Admin));
    revoke(Actor::Owner).unwrap();
    let refusal = world.refused(|_| revoke(Actor::Admin));
    assert_eq!(refusal.code, conflict("another Admin", "the last Admin"));
    assert_eq!(roles_seen_by(&world, Actor::Admin), [AccessRole::Admin]);
}

#[test]
fn the_service_acts_with_the_rights_of_the_player_it_names() {
    let world = World::new();
    let object = world.confirmed(Actor::Alice, "a");
    let read_for = |player: Actor| {
        world.call(Actor::Service, |ctx| read_asset_object_and_return(ctx, Some(player.identity()), object.asset_id))
    };
    for player in [Actor::Alice, Actor::Moderator, Actor::Admin, Actor::Service] {
        assert_eq!(read_for(player), Ok(object.clone()), "{player:?}");
    }
    for player in [Actor::Bob, Actor::Operator] {
        assert_eq!(read_for(player).unwrap_err().code, DomainErrorCode::NotFound, "{player:?}");
    }
}

#[test]
fn nobody_else_names_another_player() {
    let world = World::new();
    let object = world.public(Actor::Alice, "a");
    for actor in [Actor::Bob, Actor::Moderator, Actor::Operator, Actor::Admin] {
        let refusal = world.refused(|world| {
            world.call(actor, |ctx| read_asset_object_and_return(ctx, Some(Actor::Alice.identity()), object.asset_id))
        });
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
    }
    let named_itself =
        world.call(Actor::Bob, |ctx| read_asset_object_and_return(ctx, Some(Actor::Bob.identity()), object.asset_id));
    assert_eq!(named_itself, Ok(object));
}
