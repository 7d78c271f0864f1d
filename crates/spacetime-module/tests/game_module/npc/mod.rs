//! Characters: met, talked to, given things, hurt; and what the others make of it.

mod interactions;
mod refusals;

use spacetime_module::*;

use crate::world::{Actor, World};

/// Does something as `player`; the key tells requests apart.
pub fn interact_as(world: &World, player: Actor, request: NpcInteractionRequest) -> Result<NpcState, DomainError> {
    world.call(player, |ctx| resolve_npc_interaction_and_return(ctx, None, request))
}

pub fn interaction(story: &StorySession, character: &str, interaction: NpcInteraction) -> NpcInteractionRequest {
    NpcInteractionRequest {
        idempotency_key: format!("{character}-1"),
        session_id: story.session_id,
        character_key: character.to_owned(),
        interaction,
        note: String::new(),
    }
}

/// Alice does something that has not been done before.
pub fn act(world: &World, story: &StorySession, character: &str, act: NpcInteraction) -> NpcState {
    let number = world.rows()["request_record"].len();
    let request =
        NpcInteractionRequest { idempotency_key: format!("act-{number}"), ..interaction(story, character, act) };
    interact_as(world, Actor::Alice, request).unwrap()
}

/// Alice's character of this key.
pub fn npc(world: &World, story: &StorySession, character: &str) -> NpcState {
    let met = world.see(Actor::Alice, my_npcs).into_iter();
    let mut found = met.filter(|npc| npc.session_id == story.session_id && npc.character_key == character);
    found.next().unwrap_or_else(|| panic!("{character} is not met"))
}

pub fn gift(item_key: &str, quantity: u32) -> NpcInteraction {
    NpcInteraction::Gift(ItemAmount { item_key: item_key.to_owned(), quantity })
}
