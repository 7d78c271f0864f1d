//! Creations, conversations with the agent, and drafts.

use spacetime_module::*;
use spacetimedb::Identity;

use super::{said, seen};
use crate::custom_world_creation::{adding, addition, conversation_of, proposal, reply, sample_entry, start_of, words};
use crate::world::{Actor, World};

pub fn outcome(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    creation(world, name, caller, named)
        .or_else(|| cards(world, name, caller, named))
        .or_else(|| conversation(world, name, caller, named))
        .or_else(|| operations(world, name, caller, named))
}

fn creation(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    if !name.contains("creation") {
        return None;
    }
    let session = world.start_creation(Actor::Alice, "alices").session;
    let id = session.session_id;
    let revision = session.revision;
    let draft = "Other.".to_owned();
    let text = CustomWorldStageDraft { session_id: id, revision, stage: CustomWorldStage::Setting, draft };
    let step = CustomWorldSessionMove { session_id: id, revision, to: CustomWorldStage::Setting };
    let new = start_of("new");
    Some(match name {
        "start_creation_session" => said(world.reduce(caller, |ctx| start_creation_session(ctx, new))),
        "start_creation_session_and_return" => {
            said(world.call(caller, |ctx| start_creation_session_and_return(ctx, named, new)))
        }
        "write_creation_draft" => said(world.reduce(caller, |ctx| write_creation_draft(ctx, text))),
        "write_creation_draft_and_return" => {
            said(world.call(caller, |ctx| write_creation_draft_and_return(ctx, named, text)))
        }
        "check_creation_stage" => said(world.reduce(caller, |ctx| check_creation_stage(ctx, id))),
        "check_creation_stage_and_return" => {
            said(world.call(caller, |ctx| check_creation_stage_and_return(ctx, named, id)))
        }
        "move_creation_session" => said(world.reduce(caller, |ctx| move_creation_session(ctx, step))),
        "move_creation_session_and_return" => {
            said(world.call(caller, |ctx| move_creation_session_and_return(ctx, named, step)))
        }
        "get_creation_session_and_return" => {
            said(world.call(caller, |ctx| get_creation_session_and_return(ctx, named, id)))
        }
        "my_creation_sessions" => seen(world.see(caller, my_creation_sessions)),
        "my_creation_stages" => seen(world.see(caller, my_creation_stages)),
        _ => return None,
    })
}

fn cards(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    if !name.contains("draft_card") {
        return None;
    }
    let world_id = world.start_creation(Actor::Alice, "alices").session.world_id;
    let CustomWorldDraftCard { card_id, revision, kind, .. } = world.add_card(world_id, "rat");
    let new = addition(world_id, "cat");
    let edit = CustomWorldCardEdit { card_id, revision, entry: sample_entry("ghost") };
    let removal = CustomWorldCardRemoval { card_id, revision };
    Some(match name {
        "add_draft_card" => said(world.reduce(caller, |ctx| add_draft_card(ctx, new))),
        "add_draft_card_and_return" => said(world.call(caller, |ctx| add_draft_card_and_return(ctx, named, new))),
        "edit_draft_card" => said(world.reduce(caller, |ctx| edit_draft_card(ctx, edit))),
        "edit_draft_card_and_return" => said(world.call(caller, |ctx| edit_draft_card_and_return(ctx, named, edit))),
        "remove_draft_card" => said(world.reduce(caller, |ctx| remove_draft_card(ctx, removal))),
        "remove_draft_card_and_return" => {
            said(world.call(caller, |ctx| remove_draft_card_and_return(ctx, named, removal)))
        }
        "list_draft_cards_and_return" => {
            said(world.call(caller, |ctx| list_draft_cards_and_return(ctx, named, world_id, kind)))
        }
        "my_draft_cards" => seen(world.see(caller, my_draft_cards)),
        _ => return None,
    })
}

fn conversation(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    if !name.contains("agent_session") && !name.contains("_message") {
        return None;
    }
    let world_id = world.start_creation(Actor::Alice, "alices").session.world_id;
    let id = world.converse(world_id, "mill").session_id;
    world.call(Actor::Alice, |ctx| post_author_message_and_return(ctx, None, words(id, "Hello."))).unwrap();
    let new = conversation_of(world_id, "new");
    let message = words(id, "More.");
    let answer = reply(id, "Hello!");
    let page = CustomWorldMessageListing { session_id: id, after_number: 0, limit: 10 };
    Some(match name {
        "start_agent_session" => said(world.reduce(caller, |ctx| start_agent_session(ctx, new))),
        "start_agent_session_and_return" => {
            said(world.call(caller, |ctx| start_agent_session_and_return(ctx, named, new)))
        }
        "post_author_message" => said(world.reduce(caller, |ctx| post_author_message(ctx, message))),
        "post_author_message_and_return" => {
            said(world.call(caller, |ctx| post_author_message_and_return(ctx, named, message)))
        }
        "append_agent_message_and_return" => {
            said(world.call(caller, |ctx| append_agent_message_and_return(ctx, named, answer)))
        }
        "close_agent_session" => said(world.reduce(caller, |ctx| close_agent_session(ctx, id))),
        "close_agent_session_and_return" => {
            said(world.call(caller, |ctx| close_agent_session_and_return(ctx, named, id)))
        }
        "list_agent_messages_and_return" => {
            said(world.call(caller, |ctx| list_agent_messages_and_return(ctx, named, page)))
        }
        "my_agent_sessions" => seen(world.see(caller, my_agent_sessions)),
        "my_agent_messages" => seen(world.see(caller, my_agent_messages)),
        _ => return None,
    })
}

fn operations(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    if !name.contains("_operation") {
        return None;
    }
    let world_id = world.start_creation(Actor::Alice, "alices").session.world_id;
    let session_id = world.converse(world_id, "mill").session_id;
    let proposed = world.propose(proposal(session_id, "old", vec![adding("rat")])).unwrap();
    let id = proposed[0].operation_id;
    let new = proposal(session_id, "new", vec![adding("cat")]);
    let page = CustomWorldOperationListing { session_id, after_number: 0, limit: 10 };
    Some(match name {
        "propose_draft_operations_and_return" => {
            said(world.call(caller, |ctx| propose_draft_operations_and_return(ctx, named, new)))
        }
        "accept_draft_operation" => said(world.reduce(caller, |ctx| accept_draft_operation(ctx, id))),
        "accept_draft_operation_and_return" => {
            said(world.call(caller, |ctx| accept_draft_operation_and_return(ctx, named, id)))
        }
        "reject_draft_operation" => said(world.reduce(caller, |ctx| reject_draft_operation(ctx, id))),
        "reject_draft_operation_and_return" => {
            said(world.call(caller, |ctx| reject_draft_operation_and_return(ctx, named, id)))
        }
        "list_draft_operations_and_return" => {
            said(world.call(caller, |ctx| list_draft_operations_and_return(ctx, named, page)))
        }
        "my_agent_operations" => seen(world.see(caller, my_agent_operations)),
        _ => return None,
    })
}
