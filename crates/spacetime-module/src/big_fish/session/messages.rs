//! The conversation between an author and the creation agent.

use crate::*;

/// A message of the author's.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BigFishMessageRequest {
    /// The session.
    pub session_id: Uuid,
    /// Chosen by the caller, unique per author: the same request again has the same result.
    pub idempotency_key: String,
    /// What to say; at most 2,000 bytes.
    pub text: String,
}

/// A message of the agent's.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BigFishAgentReply {
    /// The session.
    pub session_id: Uuid,
    /// Chosen by the caller, unique per author: the same request again has the same result.
    pub idempotency_key: String,
    /// What the agent says; at most 8,000 bytes.
    pub text: String,
    /// Whether the reply broke off; the text is what had arrived.
    pub is_interrupted: bool,
    /// A ladder for the author to accept.
    pub proposed_levels: Option<Vec<BigFishLevel>>,
}

/// Adds a message of the sender to a session of its own.
///
/// Errors: as [`submit_big_fish_message_and_return`].
#[reducer]
pub fn submit_big_fish_message(ctx: &ReducerContext, request: BigFishMessageRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    submit_message(ctx, &caller, &request).map(drop)
}

/// Adds a message of the author's and returns it.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `invalid_argument`; `limit_exceeded`, also for more than 200 messages; `not_found`; `conflict`
/// if the idempotency key was used for another request.
#[procedure]
pub fn submit_big_fish_message_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: BigFishMessageRequest,
) -> Result<BigFishAgentMessage, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        submit_message(tx, &caller, &request)
    })
}

/// Adds the agent's reply and returns it. The Service names the author as the player to act for.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only); `account_closed`;
/// `invalid_argument`, also for a ladder that could not be accepted; `limit_exceeded`, also for
/// more than 200 messages;
/// `not_found` if the session is not the named player's; `conflict` if the idempotency key was
/// used for another request.
#[procedure]
pub fn append_big_fish_agent_message_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: BigFishAgentReply,
) -> Result<BigFishAgentMessage, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, acting_player)?;
        append_reply(tx, &caller, &request)
    })
}

/// The messages of the sender's own sessions.
#[view(accessor = my_fish_messages, public, primary_key = message_id)]
pub fn my_fish_messages(ctx: &ViewContext) -> Vec<BigFishAgentMessage> {
    ctx.db.big_fish_agent_message().owner().filter(ctx.sender()).collect()
}

fn submit_message(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &BigFishMessageRequest,
) -> Result<BigFishAgentMessage, DomainError> {
    let replayable = Replayable::new(caller.player, "submit_big_fish_message", &request.idempotency_key, request)?;
    if let Some(message_id) = replayable.first_result(ctx)? {
        return find_message(ctx, message_id);
    }
    module_big_fish::check_author_message(&request.text)?;
    let session = own_big_fish_session(ctx, caller, request.session_id)?;
    let message = add_message(ctx, session, |message| BigFishAgentMessage { text: request.text.clone(), ..message })?;
    replayable.remember(ctx, message.message_id)?;
    Ok(message)
}

fn append_reply(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &BigFishAgentReply,
) -> Result<BigFishAgentMessage, DomainError> {
    check_account_open(ctx, caller.player)?;
    let replayable =
        Replayable::new(caller.player, "append_big_fish_agent_message", &request.idempotency_key, request)?;
    if let Some(message_id) = replayable.first_result(ctx)? {
        return find_message(ctx, message_id);
    }
    module_big_fish::check_agent_message(&request.text)?;
    if let Some(levels) = &request.proposed_levels {
        check_big_fish_levels(levels)?;
    }
    let session = own_big_fish_session(ctx, caller, request.session_id)?;
    let message = add_message(ctx, session, |message| BigFishAgentMessage {
        sender: BigFishMessageSender::Agent,
        text: request.text.clone(),
        is_interrupted: request.is_interrupted,
        proposed_levels: request.proposed_levels.clone(),
        ..message
    })?;
    replayable.remember(ctx, message.message_id)?;
    Ok(message)
}

/// Adds the session's next message: an empty one of the author's, as `fill` fills it.
fn add_message(
    ctx: &ReducerContext,
    session: BigFishCreationSession,
    fill: impl FnOnce(BigFishAgentMessage) -> BigFishAgentMessage,
) -> Result<BigFishAgentMessage, DomainError> {
    module_big_fish::check_message_count(u64::from(session.message_count))?;
    let messages = ctx.db.big_fish_agent_message();
    let sequence = session.message_count.saturating_add(1);
    let message = fill(BigFishAgentMessage {
        message_id: fresh_id(ctx, |id| messages.message_id().find(id).is_some())?,
        session_id: session.session_id,
        owner: session.owner,
        sequence,
        sender: BigFishMessageSender::Author,
        text: String::new(),
        is_interrupted: false,
        proposed_levels: None,
        created_at: ctx.timestamp,
    });
    let message = messages.try_insert(message).map_err(|_| DomainError::no_fresh_id())?;
    // No new revision: what the agent says must not get in the way of what the author writes.
    let session = BigFishCreationSession { message_count: sequence, updated_at: ctx.timestamp, ..session };
    ctx.db.big_fish_creation_session().session_id().update(session);
    Ok(message)
}

fn find_message(ctx: &ReducerContext, message_id: Uuid) -> Result<BigFishAgentMessage, DomainError> {
    let message = ctx.db.big_fish_agent_message().message_id().find(message_id);
    Ok(message.ok_or(RuleError::Hidden { what: "message" })?)
}
