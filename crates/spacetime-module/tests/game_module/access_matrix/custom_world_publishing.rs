//! Worlds in libraries, their publication and the gallery.

use spacetime_module::*;
use spacetimedb::Identity;

use super::said;
use crate::custom_world_publishing::{creation, request_for};
use crate::world::{Actor, World};

pub fn outcome(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    library(world, name, caller, named)
}

fn library(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    let profile = world.create_world(Actor::Alice, "alices");
    let new = creation("new");
    let request = || request_for(&profile);
    let renaming = CustomWorldRenaming {
        world_id: profile.world_id,
        revision: profile.revision,
        title: "Other".to_owned(),
        tagline: String::new(),
    };
    let archive = || world.call(Actor::Alice, |ctx| archive_custom_world_and_return(ctx, None, request())).unwrap();
    Some(match name {
        "create_custom_world" => said(world.reduce(caller, |ctx| create_custom_world(ctx, new))),
        "create_custom_world_and_return" => {
            said(world.call(caller, |ctx| create_custom_world_and_return(ctx, named, new)))
        }
        "rename_custom_world" => said(world.reduce(caller, |ctx| rename_custom_world(ctx, renaming))),
        "rename_custom_world_and_return" => {
            said(world.call(caller, |ctx| rename_custom_world_and_return(ctx, named, renaming)))
        }
        "archive_custom_world" => said(world.reduce(caller, |ctx| archive_custom_world(ctx, request()))),
        "archive_custom_world_and_return" => {
            said(world.call(caller, |ctx| archive_custom_world_and_return(ctx, named, request())))
        }
        "restore_custom_world" => {
            let archived = archive();
            said(world.reduce(caller, |ctx| restore_custom_world(ctx, request_for(&archived))))
        }
        "restore_custom_world_and_return" => {
            let archived = archive();
            said(world.call(caller, |ctx| restore_custom_world_and_return(ctx, named, request_for(&archived))))
        }
        "get_custom_world_and_return" => {
            said(world.call(caller, |ctx| get_custom_world_and_return(ctx, named, profile.world_id)))
        }
        _ => return None,
    })
}
