//! Creating a world stage by stage, and talking to the agent about it.

use anyhow::Context;
use spacetimedb_lib::Uuid;
use worldloom_client::{
    CustomWorldAgentMessage, CustomWorldAgentOperation, CustomWorldAgentReply, CustomWorldAgentSession,
    CustomWorldAgentSessionStart, CustomWorldAuthorMessage, CustomWorldChange, CustomWorldKeyedEntry,
    CustomWorldMessageEnding, CustomWorldMessageListing, CustomWorldOperationListing, CustomWorldOperationOutcome,
    CustomWorldProposal, CustomWorldSession, CustomWorldSessionDetail, CustomWorldSessionMove, CustomWorldSessionStart,
    CustomWorldSessionWorld, CustomWorldStage, CustomWorldStageDraft,
};

use super::guest::{Arguments, Guest, key, own};
use super::step::{Step, asks, serves};
use super::works::entry;

/// A creation as far as its second stage.
pub const STAGES: &[Step] = &[
    asks::<CustomWorldSessionDetail>("start_creation_session_and_return", |_| {
        own(CustomWorldSessionStart {
            idempotency_key: key("creation"),
            world: CustomWorldSessionWorld::New("The mill".to_owned()),
            brief: "A mill by a river.".to_owned(),
        })
    }),
    asks::<CustomWorldSessionDetail>("get_creation_session_and_return", |guest| own(session(guest)?.session_id)),
    asks::<CustomWorldSessionDetail>("write_creation_draft_and_return", |guest| {
        let CustomWorldSession { session_id, revision, .. } = *session(guest)?;
        let (stage, draft) = (CustomWorldStage::Brief, "A mill by a river, and a rat.".to_owned());
        own(CustomWorldStageDraft { session_id, revision, stage, draft })
    }),
    asks::<CustomWorldSessionDetail>("check_creation_stage_and_return", |guest| own(session(guest)?.session_id)),
    asks::<CustomWorldSessionDetail>("move_creation_session_and_return", |guest| {
        let CustomWorldSession { session_id, revision, .. } = *session(guest)?;
        own(CustomWorldSessionMove { session_id, revision, to: CustomWorldStage::Setting })
    }),
];

/// A conversation, and two operations that come of it.
pub const CONVERSATION: &[Step] = &[
    asks::<CustomWorldAgentSession>("start_agent_session_and_return", |guest| {
        let world_id = session(guest)?.world_id;
        own(CustomWorldAgentSessionStart { idempotency_key: key("talk"), world_id, title: "The mill".to_owned() })
    }),
    asks::<CustomWorldAgentMessage>("post_author_message_and_return", |guest| {
        own(CustomWorldAuthorMessage {
            idempotency_key: key("question"),
            session_id: conversation(guest)?,
            text: "Who lives there?".to_owned(),
        })
    }),
    serves::<CustomWorldAgentMessage>("append_agent_message_and_return", |guest| {
        guest.for_guest(CustomWorldAgentReply {
            idempotency_key: key("reply"),
            session_id: conversation(guest)?,
            text: "A rat and a child.".to_owned(),
            ending: CustomWorldMessageEnding::Complete,
        })
    }),
    asks::<Vec<CustomWorldAgentMessage>>("list_agent_messages_and_return", |guest| {
        own(CustomWorldMessageListing { session_id: conversation(guest)?, after_number: 0, limit: 20 })
    }),
    serves::<Vec<CustomWorldAgentOperation>>("propose_draft_operations_and_return", |guest| {
        guest.for_guest(CustomWorldProposal {
            idempotency_key: key("proposal"),
            session_id: conversation(guest)?,
            message_id: None,
            changes: vec![adding("rat")?, adding("setting")?],
        })
    }),
    asks::<CustomWorldOperationOutcome>("accept_draft_operation_and_return", |guest| own(operation(guest, 0)?)),
    asks::<CustomWorldOperationOutcome>("reject_draft_operation_and_return", |guest| own(operation(guest, 1)?)),
    asks::<Vec<CustomWorldAgentOperation>>("list_draft_operations_and_return", |guest| {
        own(CustomWorldOperationListing { session_id: conversation(guest)?, after_number: 0, limit: 20 })
    }),
    asks::<CustomWorldAgentSession>("close_agent_session_and_return", close),
];

fn session(guest: &Guest) -> anyhow::Result<&CustomWorldSession> {
    Ok(&guest.last::<CustomWorldSessionDetail>()?.session)
}

fn conversation(guest: &Guest) -> anyhow::Result<Uuid> {
    Ok(guest.last::<CustomWorldAgentSession>()?.session_id)
}

fn adding(name: &str) -> anyhow::Result<CustomWorldChange> {
    Ok(CustomWorldChange::Add(CustomWorldKeyedEntry { key: name.to_owned(), entry: entry(name)? }))
}

fn operation(guest: &Guest, number: usize) -> anyhow::Result<Uuid> {
    let proposed = guest.last::<Vec<CustomWorldAgentOperation>>()?.get(number);
    Ok(proposed.context("fewer operations were proposed")?.operation_id)
}

fn close(guest: &Guest) -> Arguments {
    own(conversation(guest)?)
}
