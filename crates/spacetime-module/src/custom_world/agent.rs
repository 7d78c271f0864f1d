//! Conversations with a creation agent. The agent runs outside; what it says and proposes comes
//! in through the Service, which acts for the author of the world.

mod cards;
mod entry_rules;
mod operations;

pub use cards::*;
pub use operations::*;

use module_custom_world::{AgentStep, ConversationStatus};

use crate::*;

/// Whether a conversation goes on.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomWorldConversationStatus {
    /// It goes on.
    Open,
    /// It is over; what was said stays.
    Closed,
}

/// Who wrote a message.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomWorldMessageRole {
    /// The author of the world.
    Author,
    /// The agent.
    Agent,
}

/// Whether a message is all that was to be said.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomWorldMessageEnding {
    /// It is.
    Complete,
    /// The agent was cut off; this is what had arrived.
    Interrupted,
}

/// A conversation of an author with the agent about one world.
#[table(accessor = custom_world_agent_session)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldAgentSession {
    /// UUIDv7.
    #[primary_key]
    pub session_id: Uuid,
    /// The author.
    #[index(btree)]
    pub owner: Identity,
    /// The world.
    #[index(btree)]
    pub world_id: Uuid,
    /// What it is about, for the author's list; may be empty.
    pub title: String,
    /// Whether it goes on.
    pub status: CustomWorldConversationStatus,
    /// Number of its newest message.
    pub message_count: u32,
    /// Number of its newest operation.
    pub operation_count: u32,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When something was last said or proposed in it.
    pub updated_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
}

/// One message of a conversation.
#[table(
    accessor = custom_world_agent_message,
    index(accessor = by_number, btree(columns = [session_id, number]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldAgentMessage {
    /// UUIDv7.
    #[primary_key]
    pub message_id: Uuid,
    /// The author of the world.
    #[index(btree)]
    pub owner: Identity,
    /// The conversation.
    pub session_id: Uuid,
    /// Number within the conversation, from 1 without gaps.
    pub number: u32,
    /// Who wrote it.
    pub role: CustomWorldMessageRole,
    /// What was written.
    pub text: String,
    /// Whether that is all of it.
    pub ending: CustomWorldMessageEnding,
    /// When it was written.
    pub written_at: Timestamp,
}

/// A conversation to begin.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldAgentSessionStart {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// The author's world.
    pub world_id: Uuid,
    /// What it is about; may be empty.
    pub title: String,
}

/// A message of the author's.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldAuthorMessage {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// The author's conversation.
    pub session_id: Uuid,
    /// What to say.
    pub text: String,
}

/// A message of the agent's.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldAgentReply {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// The author's conversation.
    pub session_id: Uuid,
    /// What the agent says.
    pub text: String,
    /// Whether that is all of it.
    pub ending: CustomWorldMessageEnding,
}

/// A page of a conversation's messages.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldMessageListing {
    /// The author's conversation.
    pub session_id: Uuid,
    /// Number of the message before the first one to list; 0 to begin.
    pub after_number: u32,
    /// From 1 to 100.
    pub limit: u32,
}

/// Begins a conversation about a world of the sender.
///
/// Errors: as [`start_agent_session_and_return`].
#[reducer]
pub fn start_agent_session(ctx: &ReducerContext, request: CustomWorldAgentSessionStart) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    start_conversation(ctx, &caller, &request).map(drop)
}

/// Says something in a conversation of the sender.
///
/// Errors: as [`post_author_message_and_return`].
#[reducer]
pub fn post_author_message(ctx: &ReducerContext, request: CustomWorldAuthorMessage) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    post_message(ctx, &caller, &request).map(drop)
}

/// Closes a conversation of the sender.
///
/// Errors: as [`close_agent_session_and_return`].
#[reducer]
pub fn close_agent_session(ctx: &ReducerContext, session_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    close_conversation(ctx, &caller, session_id).map(drop)
}

/// Begins a conversation about a world and returns it.
///
/// Errors: `unauthenticated`; `forbidden` for another author's published world, or if anyone but
/// the Service names another player; `account_closed`; `not_found` for no or another author's
/// world; `invalid_argument`; `limit_exceeded` for the title, or if as many
/// conversations about the world go on as there may be (of those that are closed, the one closed
/// first makes way); `conflict` if the idempotency key was used for another request.
#[procedure]
pub fn start_agent_session_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldAgentSessionStart,
) -> Result<CustomWorldAgentSession, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        start_conversation(tx, &caller, &request)
    })
}

/// Says something as the author and returns the message.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `not_found`; `illegal_transition` if the conversation is over;
/// `invalid_argument`; `limit_exceeded` for the text, or if the conversation is full; `conflict`
/// if the idempotency key was used for another request.
#[procedure]
pub fn post_author_message_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldAuthorMessage,
) -> Result<CustomWorldAgentMessage, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        post_message(tx, &caller, &request)
    })
}

/// Says something as the agent, to the author who is named, and returns the message. For the
/// Service. A reply that broke off is kept as what had arrived of it.
///
/// Errors: as [`post_author_message_and_return`], and `forbidden` for everybody but the Service.
#[procedure]
pub fn append_agent_message_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldAgentReply,
) -> Result<CustomWorldAgentMessage, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, acting_player)?;
        append_reply(tx, &caller, &request)
    })
}

/// Closes a conversation and returns it; what the agent has proposed in it and awaits a decision
/// is superseded. Closing again changes nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `not_found`.
#[procedure]
pub fn close_agent_session_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    session_id: Uuid,
) -> Result<CustomWorldAgentSession, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        close_conversation(tx, &caller, session_id)
    })
}

/// Returns messages of a conversation in their order.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `not_found`; `invalid_argument`, `limit_exceeded` for the length.
#[procedure]
pub fn list_agent_messages_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldMessageListing,
) -> Result<Vec<CustomWorldAgentMessage>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        let CustomWorldMessageListing { session_id, after_number, limit } = request;
        module_custom_world::check_conversation_listing(limit.into())?;
        let session = own_conversation(tx, &caller, session_id)?;
        // Numbers have no gaps, so the page is a range of them.
        let page = after_number.saturating_add(1)..=after_number.saturating_add(limit);
        let messages = tx.db.custom_world_agent_message().by_number().filter((session.session_id, page));
        Ok(ascending(messages, |message| message.number))
    })
}

/// The sender's own conversations.
#[view(accessor = my_agent_sessions, public, primary_key = session_id)]
pub fn my_agent_sessions(ctx: &ViewContext) -> Vec<CustomWorldAgentSession> {
    ctx.db.custom_world_agent_session().owner().filter(ctx.sender()).collect()
}

/// The messages of the sender's own conversations.
#[view(accessor = my_agent_messages, public, primary_key = message_id)]
pub fn my_agent_messages(ctx: &ViewContext) -> Vec<CustomWorldAgentMessage> {
    ctx.db.custom_world_agent_message().owner().filter(ctx.sender()).collect()
}

/// A conversation of the caller's own.
///
/// Errors: `not_found`, also for another author's.
pub(crate) fn own_conversation(
    ctx: &ReducerContext,
    caller: &Caller,
    session_id: Uuid,
) -> Result<CustomWorldAgentSession, DomainError> {
    let session = ctx.db.custom_world_agent_session().session_id().find(session_id);
    let own = session.filter(|session| session.owner == caller.player);
    Ok(own.ok_or(RuleError::Hidden { what: "conversation" })?)
}

/// Errors: `not_found` unless the agent has written this message in this conversation.
pub(crate) fn check_agent_message(
    ctx: &ReducerContext,
    session: &CustomWorldAgentSession,
    message_id: Uuid,
) -> Result<(), DomainError> {
    match ctx.db.custom_world_agent_message().message_id().find(message_id) {
        Some(CustomWorldAgentMessage { session_id, role: CustomWorldMessageRole::Agent, .. })
            if session_id == session.session_id =>
        {
            Ok(())
        }
        Some(_) | None => Err(RuleError::Hidden { what: "message of the agent in this conversation" }.into()),
    }
}

/// Stores a conversation in which something was said or proposed.
pub(crate) fn store_conversation(ctx: &ReducerContext, session: CustomWorldAgentSession) -> CustomWorldAgentSession {
    let changed = CustomWorldAgentSession { updated_at: ctx.timestamp, ..session };
    ctx.db.custom_world_agent_session().session_id().update(changed)
}

fn start_conversation(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldAgentSessionStart,
) -> Result<CustomWorldAgentSession, DomainError> {
    module_custom_world::check_conversation_title(&request.title)?;
    let replayable = Replayable::new(caller.player, "start_agent_session", &request.idempotency_key, request)?;
    if let Some(session_id) = replayable.first_result(ctx)? {
        return own_conversation(ctx, caller, session_id);
    }
    let profile = owned_world_profile(ctx, caller, request.world_id)?;
    make_room_for_conversation(ctx, profile.world_id)?;
    let sessions = ctx.db.custom_world_agent_session();
    let session = CustomWorldAgentSession {
        session_id: fresh_id(ctx, |id| sessions.session_id().find(id).is_some())?,
        owner: profile.owner,
        world_id: profile.world_id,
        title: request.title.clone(),
        status: CustomWorldConversationStatus::Open,
        message_count: 0,
        operation_count: 0,
        created_at: ctx.timestamp,
        updated_at: ctx.timestamp,
        closed_at: None,
    };
    let session = sessions.try_insert(session).map_err(|_| DomainError::no_fresh_id())?;
    replayable.remember(ctx, session.session_id)?;
    Ok(session)
}

/// Forgets the conversation that was closed first, if there are as many about the world as there may be.
///
/// Errors: `limit_exceeded` if all of them go on.
fn make_room_for_conversation(ctx: &ReducerContext, world_id: Uuid) -> Result<(), DomainError> {
    let present: Vec<_> = ctx.db.custom_world_agent_session().world_id().filter(world_id).collect();
    let Err(full) = module_custom_world::check_conversation_count(present.len() as u64) else {
        return Ok(());
    };
    let closed = present.into_iter().filter_map(|session| Some((session.closed_at?, session.session_id)));
    let (_, first) = closed.min().ok_or(full)?;
    forget_conversation(ctx, first);
    Ok(())
}

/// Removes a conversation with all that was said and proposed in it.
pub(crate) fn forget_conversation(ctx: &ReducerContext, session_id: Uuid) {
    ctx.db.custom_world_agent_message().by_number().delete(session_id);
    ctx.db.custom_world_agent_operation().by_number().delete(session_id);
    ctx.db.custom_world_agent_session().session_id().delete(session_id);
}

fn post_message(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldAuthorMessage,
) -> Result<CustomWorldAgentMessage, DomainError> {
    let replayable = Replayable::new(caller.player, "post_author_message", &request.idempotency_key, request)?;
    let (role, ending) = (CustomWorldMessageRole::Author, CustomWorldMessageEnding::Complete);
    write_message(ctx, caller, &replayable, request.session_id, role, &request.text, ending)
}

fn append_reply(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldAgentReply,
) -> Result<CustomWorldAgentMessage, DomainError> {
    check_account_open(ctx, caller.player)?;
    let replayable = Replayable::new(caller.player, "append_agent_message", &request.idempotency_key, request)?;
    let role = CustomWorldMessageRole::Agent;
    write_message(ctx, caller, &replayable, request.session_id, role, &request.text, request.ending)
}

fn write_message(
    ctx: &ReducerContext,
    caller: &Caller,
    replayable: &Replayable,
    session_id: Uuid,
    role: CustomWorldMessageRole,
    text: &str,
    ending: CustomWorldMessageEnding,
) -> Result<CustomWorldAgentMessage, DomainError> {
    module_custom_world::check_message_text(text)?;
    let messages = ctx.db.custom_world_agent_message();
    if let Some(message_id) = replayable.first_result(ctx)? {
        let first = messages.message_id().find(message_id);
        return Ok(first.ok_or(RuleError::Hidden { what: "message" })?);
    }
    let session = own_conversation(ctx, caller, session_id)?;
    module_custom_world::check_conversation_open(session.status.into())?;
    module_custom_world::check_message_count(session.message_count.into())?;
    let number = session.message_count.saturating_add(1);
    let message = CustomWorldAgentMessage {
        message_id: fresh_id(ctx, |id| messages.message_id().find(id).is_some())?,
        owner: session.owner,
        session_id,
        number,
        role,
        text: text.to_owned(),
        ending,
        written_at: ctx.timestamp,
    };
    let message = messages.try_insert(message).map_err(|_| DomainError::no_fresh_id())?;
    store_conversation(ctx, CustomWorldAgentSession { message_count: number, ..session });
    replayable.remember(ctx, message.message_id)?;
    Ok(message)
}

fn close_conversation(
    ctx: &ReducerContext,
    caller: &Caller,
    session_id: Uuid,
) -> Result<CustomWorldAgentSession, DomainError> {
    let session = own_conversation(ctx, caller, session_id)?;
    let to = ConversationStatus::Closed;
    match module_custom_world::conversation_transition(session.status.into(), to)? {
        AgentStep::Already => Ok(session),
        AgentStep::Moved => {
            supersede_conversation(ctx, session_id);
            let (status, closed_at) = (CustomWorldConversationStatus::Closed, Some(ctx.timestamp));
            let closed = CustomWorldAgentSession { status, closed_at, ..session };
            Ok(ctx.db.custom_world_agent_session().session_id().update(closed))
        }
    }
}

impl From<CustomWorldConversationStatus> for ConversationStatus {
    fn from(status: CustomWorldConversationStatus) -> Self {
        match status {
            CustomWorldConversationStatus::Open => ConversationStatus::Open,
            CustomWorldConversationStatus::Closed => ConversationStatus::Closed,
        }
    }
}
