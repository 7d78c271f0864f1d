//! Roles and accounts.

use spacetime_module::*;
use spacetimedb::Identity;

use super::{said, seen};
use crate::world::{Actor, World};

pub fn outcome(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    let alice = Actor::Alice.identity();
    let outcome = match name {
        "init" => said(world.reduce(caller, init)),
        "grant_role" => said(world.reduce(caller, |ctx| grant_role(ctx, alice, AccessRole::Operator))),
        "revoke_role" => {
            said(world.reduce(caller, |ctx| revoke_role(ctx, Actor::Moderator.identity(), AccessRole::Moderator)))
        }
        "my_roles" => seen(world.see(caller, my_roles)),
        "close_account" => said(world.reduce(caller, close_account)),
        "close_account_and_return" => said(world.call(caller, |ctx| close_account_and_return(ctx, named))),
        "reopen_account" => {
            world.reduce(Actor::Bob, close_account).unwrap();
            said(world.reduce(caller, |ctx| reopen_account(ctx, Actor::Bob.identity())))
        }
        "my_account" => {
            world.reduce(Actor::Alice, close_account).unwrap();
            seen(world.see(caller, my_account))
        }
        _ => return None,
    };
    Some(outcome)
}
