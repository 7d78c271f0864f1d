//! Accounts: closed by their player, opened again by an Admin.

use spacetime_module::*;

use crate::world::{Actor, World, own_registration};

#[test]
fn a_closed_account_is_refused_until_an_admin_opens_it() {
    let world = World::new();
    let register = |world: &World, caller, named| {
        world.call(caller, |ctx| {
            register_asset_object_and_return(ctx, named, own_registration(Actor::Alice, "a")).map(drop)
        })
    };
    world.reduce(Actor::Alice, close_account).unwrap();
    for (caller, named) in [(Actor::Alice, None), (Actor::Service, Some(Actor::Alice.identity()))] {
        let refusal = world.refused(|world| register(world, caller, named));
        assert_eq!(refusal.code, DomainErrorCode::AccountClosed, "{caller:?}");
    }
    assert_eq!(world.see(Actor::Alice, my_account)[0].status, AccountStatus::Closed);
    assert_eq!(world.see(Actor::Bob, my_account), []);

    world.reduce(Actor::Admin, |ctx| reopen_account(ctx, Actor::Alice.identity())).unwrap();
    register(&world, Actor::Alice, None).unwrap();
    assert_eq!(world.see(Actor::Alice, my_account)[0].status, AccountStatus::Open);
}

#[test]
fn an_account_that_was_never_closed_cannot_be_reopened() {
    let world = World::new();
    let refusal = world.refused(|world| world.reduce(Actor::Admin, |ctx| reopen_account(ctx, Actor::Alice.identity())));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
}
