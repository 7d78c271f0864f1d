//! Characters.

use spacetime_module::*;
use spacetimedb::Identity;

use super::{said, seen};
use crate::npc::{act, interaction};
use crate::story::sample_story;
use crate::world::{Actor, World};

pub fn outcome(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    if !name.contains("npc") {
        return None;
    }
    let story = sample_story(world);
    act(world, &story, "miller", NpcInteraction::Help);
    let talk = interaction(&story, "cat", NpcInteraction::Talk);
    let outcome = match name {
        "resolve_npc_interaction" => said(world.reduce(caller, |ctx| resolve_npc_interaction(ctx, talk))),
        "resolve_npc_interaction_and_return" => {
            said(world.call(caller, |ctx| resolve_npc_interaction_and_return(ctx, named, talk)))
        }
        "my_npcs" => seen(world.see(caller, my_npcs)),
        "my_npc_relations" => seen(world.see(caller, my_npc_relations)),
        _ => return None,
    };
    Some(outcome)
}
