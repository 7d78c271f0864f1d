//! Quests.

use spacetime_module::*;
use spacetimedb::Identity;

use super::{said, seen};
use crate::quest::quest;
use crate::sample_world::sample_entries;
use crate::story::begin_as;
use crate::world::{Actor, World};

pub fn outcome(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    if !name.contains("quest") {
        return None;
    }
    let nothing = |key| (key, WorldEntry::Quest(quest(&[])));
    let entries = sample_entries().into_iter().chain([nothing("done"), nothing("new")]).collect();
    let version = world.publish_entries(Actor::Bob, entries);
    let story = begin_as(world, Actor::Alice, version.world_id, "story").unwrap();
    let select = |key: &str| QuestSelection { session_id: story.session_id, quest_key: key.to_owned() };
    world.reduce(Actor::Alice, |ctx| accept_quest(ctx, select("done"))).unwrap();
    let outcome = match name {
        "accept_quest" => said(world.reduce(caller, |ctx| accept_quest(ctx, select("new")))),
        "accept_quest_and_return" => said(world.call(caller, |ctx| accept_quest_and_return(ctx, named, select("new")))),
        "abandon_quest" => said(world.reduce(caller, |ctx| abandon_quest(ctx, select("done")))),
        "abandon_quest_and_return" => {
            said(world.call(caller, |ctx| abandon_quest_and_return(ctx, named, select("done"))))
        }
        "turn_in_quest" => said(world.reduce(caller, |ctx| turn_in_quest(ctx, select("done")))),
        "turn_in_quest_and_return" => {
            said(world.call(caller, |ctx| turn_in_quest_and_return(ctx, named, select("done"))))
        }
        "list_quest_offers_and_return" => {
            said(world.call(caller, |ctx| list_quest_offers_and_return(ctx, named, story.session_id)))
        }
        "my_quests" => seen(world.see(caller, my_quests)),
        "my_quest_log" => seen(world.see(caller, my_quest_log)),
        _ => return None,
    };
    Some(outcome)
}
