//! Creation of a game: the session, its ladder and its stages.

mod messages;
mod moderation;
mod publishing;

pub use messages::*;
pub use moderation::*;
pub use publishing::*;

use module_big_fish::{Level, Slot, Stage, Step, Work};

use crate::*;

/// A session to begin.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BigFishSessionRequest {
    /// Chosen by the caller, unique per author: the same request again has the same result.
    pub idempotency_key: String,
    /// Title of the game; at most 100 bytes.
    pub title: String,
    /// What the game is about; at most 1,000 bytes, may be empty.
    pub description: String,
}

/// Another title and description for a session.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BigFishSessionDescription {
    /// The session.
    pub session_id: Uuid,
    /// The session's revision as the author saw it.
    pub revision: u64,
    /// Title of the game; at most 100 bytes.
    pub title: String,
    /// What the game is about; at most 1,000 bytes, may be empty.
    pub description: String,
}

/// A ladder for a session.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BigFishLadderRequest {
    /// The session.
    pub session_id: Uuid,
    /// The session's revision as the author saw it.
    pub revision: u64,
    /// 3 to 12 levels, smallest first.
    pub levels: Vec<BigFishLevel>,
}

/// A ladder of the agent's to take over.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BigFishLadderAcceptance {
    /// The session.
    pub session_id: Uuid,
    /// The session's revision as the author saw it.
    pub revision: u64,
    /// The message that proposes the ladder.
    pub message_id: Uuid,
}

/// A stage to move a session to.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BigFishStageRequest {
    /// The session.
    pub session_id: Uuid,
    /// The session's revision as the author saw it.
    pub revision: u64,
    /// Where to.
    pub stage: BigFishStage,
}

/// Begins a session for the sender.
///
/// Errors: as [`create_big_fish_session_and_return`].
#[reducer]
pub fn create_big_fish_session(ctx: &ReducerContext, request: BigFishSessionRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    create_session(ctx, &caller, &request).map(drop)
}

/// Changes title and description of a session of the sender.
///
/// Errors: as [`describe_big_fish_session_and_return`].
#[reducer]
pub fn describe_big_fish_session(ctx: &ReducerContext, request: BigFishSessionDescription) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    describe_session(ctx, &caller, request).map(drop)
}

/// Writes the ladder of a session of the sender.
///
/// Errors: as [`set_big_fish_ladder_and_return`].
#[reducer]
pub fn set_big_fish_ladder(ctx: &ReducerContext, request: BigFishLadderRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    set_ladder(ctx, &caller, request).map(drop)
}

/// Takes over a ladder that the agent proposed to the sender.
///
/// Errors: as [`accept_big_fish_ladder_and_return`].
#[reducer]
pub fn accept_big_fish_ladder(ctx: &ReducerContext, request: BigFishLadderAcceptance) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    accept_ladder(ctx, &caller, &request).map(drop)
}

/// Moves a session of the sender to another stage.
///
/// Errors: as [`move_big_fish_session_and_return`].
#[reducer]
pub fn move_big_fish_session(ctx: &ReducerContext, request: BigFishStageRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    move_session(ctx, &caller, &request).map(drop)
}

/// Discards a session of the sender.
///
/// Errors: as [`discard_big_fish_session_and_return`].
#[reducer]
pub fn discard_big_fish_session(ctx: &ReducerContext, session_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    discard_session(ctx, &caller, session_id).map(drop)
}

/// Begins a session and returns it.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `invalid_argument`; `limit_exceeded`, also for more than 100 sessions; `conflict` if the
/// idempotency key was used for another request; `not_found` if the session that it began is
/// discarded.
#[procedure]
pub fn create_big_fish_session_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: BigFishSessionRequest,
) -> Result<BigFishCreationSession, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        create_session(tx, &caller, &request)
    })
}

/// Changes title and description, and returns the session.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `invalid_argument`, `limit_exceeded`; `not_found`; `conflict` if the revision is another one,
/// or the stage is review or published.
#[procedure]
pub fn describe_big_fish_session_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: BigFishSessionDescription,
) -> Result<BigFishCreationSession, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        describe_session(tx, &caller, request.clone())
    })
}

/// Writes the whole ladder and returns the session; the first ladder ends the briefing. Slots of
/// species that are no longer on it are emptied.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `invalid_argument`, `limit_exceeded`; `not_found`; `conflict` if the revision is another one,
/// or the stage neither briefing nor ladder.
#[procedure]
pub fn set_big_fish_ladder_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: BigFishLadderRequest,
) -> Result<BigFishCreationSession, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        set_ladder(tx, &caller, request.clone())
    })
}

/// Writes a ladder that the agent proposed, as [`set_big_fish_ladder_and_return`] does.
///
/// Errors: as there; `not_found` also if the session has no such message, or it proposes nothing.
#[procedure]
pub fn accept_big_fish_ladder_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: BigFishLadderAcceptance,
) -> Result<BigFishCreationSession, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        accept_ladder(tx, &caller, &request)
    })
}

/// Moves a session to another stage and returns it; moving to the present stage changes nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`; `illegal_transition`; `conflict` if the revision is another one, or if a required
/// slot is empty on the way to review; `invalid_argument` if the ladder is not complete on the
/// way to assets.
#[procedure]
pub fn move_big_fish_session_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: BigFishStageRequest,
) -> Result<BigFishCreationSession, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        move_session(tx, &caller, &request)
    })
}

/// Discards a session with its messages, empties its slots, and returns it as it was. What was
/// published of it stays, but cannot have another version.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`.
#[procedure]
pub fn discard_big_fish_session_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    session_id: Uuid,
) -> Result<BigFishCreationSession, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        discard_session(tx, &caller, session_id)
    })
}

/// The sender's own sessions.
#[view(accessor = my_fish_sessions, public, primary_key = session_id)]
pub fn my_fish_sessions(ctx: &ViewContext) -> Vec<BigFishCreationSession> {
    ctx.db.big_fish_creation_session().owner().filter(ctx.sender()).collect()
}

fn create_session(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &BigFishSessionRequest,
) -> Result<BigFishCreationSession, DomainError> {
    let replayable = Replayable::new(caller.player, "create_big_fish_session", &request.idempotency_key, request)?;
    if let Some(session_id) = replayable.first_result(ctx)? {
        return own_big_fish_session(ctx, caller, session_id);
    }
    module_big_fish::check_description(&request.title, &request.description)?;
    let sessions = ctx.db.big_fish_creation_session();
    module_big_fish::check_session_count(sessions.owner().filter(caller.player).count() as u64)?;
    let session = BigFishCreationSession {
        session_id: fresh_id(ctx, |id| sessions.session_id().find(id).is_some())?,
        owner: caller.player,
        stage: BigFishStage::Briefing,
        title: request.title.clone(),
        description: request.description.clone(),
        levels: Vec::new(),
        revision: 1,
        message_count: 0,
        game_id: None,
        created_at: ctx.timestamp,
        updated_at: ctx.timestamp,
    };
    let session = sessions.try_insert(session).map_err(|_| DomainError::no_fresh_id())?;
    replayable.remember(ctx, session.session_id)?;
    Ok(session)
}

fn describe_session(
    ctx: &ReducerContext,
    caller: &Caller,
    request: BigFishSessionDescription,
) -> Result<BigFishCreationSession, DomainError> {
    module_big_fish::check_description(&request.title, &request.description)?;
    let session = revised_big_fish_session(ctx, caller, request.session_id, request.revision)?;
    module_big_fish::check_allows(session.stage.into(), Work::Describe)?;
    let BigFishSessionDescription { title, description, .. } = request;
    Ok(store_big_fish_revision(ctx, BigFishCreationSession { title, description, ..session }))
}

fn set_ladder(
    ctx: &ReducerContext,
    caller: &Caller,
    request: BigFishLadderRequest,
) -> Result<BigFishCreationSession, DomainError> {
    check_big_fish_levels(&request.levels)?;
    let session = revised_big_fish_session(ctx, caller, request.session_id, request.revision)?;
    store_ladder(ctx, session, request.levels)
}

fn accept_ladder(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &BigFishLadderAcceptance,
) -> Result<BigFishCreationSession, DomainError> {
    let session = revised_big_fish_session(ctx, caller, request.session_id, request.revision)?;
    let message = ctx.db.big_fish_agent_message().message_id().find(request.message_id);
    let message = message.ok_or(RuleError::Hidden { what: "message" })?;
    module_big_fish::check_own("message", &message.session_id, &session.session_id)?;
    let levels = module_big_fish::check_proposal(message.proposed_levels)?;
    store_ladder(ctx, session, levels)
}

fn store_ladder(
    ctx: &ReducerContext,
    session: BigFishCreationSession,
    levels: Vec<BigFishLevel>,
) -> Result<BigFishCreationSession, DomainError> {
    module_big_fish::check_allows(session.stage.into(), Work::WriteLadder)?;
    let dropped = module_big_fish::dropped_slots(&big_fish_slots(&session.levels), &big_fish_slots(&levels));
    empty_big_fish_slots(ctx, session.session_id, &dropped);
    Ok(store_big_fish_revision(ctx, BigFishCreationSession { stage: BigFishStage::Ladder, levels, ..session }))
}

fn move_session(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &BigFishStageRequest,
) -> Result<BigFishCreationSession, DomainError> {
    let session = own_big_fish_session(ctx, caller, request.session_id)?;
    let step = module_big_fish::check_movable(session.stage.into(), request.stage.into())?;
    if step == Step::Already {
        return Ok(session);
    }
    module_big_fish::check_revision(session.revision, request.revision)?;
    match Stage::from(request.stage) {
        Stage::Assets => check_big_fish_levels(&session.levels)?,
        Stage::Review => check_big_fish_slots_filled(ctx, &session)?,
        Stage::Briefing | Stage::Ladder | Stage::Published => {}
    }
    Ok(store_big_fish_revision(ctx, BigFishCreationSession { stage: request.stage, ..session }))
}

fn discard_session(
    ctx: &ReducerContext,
    caller: &Caller,
    session_id: Uuid,
) -> Result<BigFishCreationSession, DomainError> {
    let session = own_big_fish_session(ctx, caller, session_id)?;
    let slots = big_fish_slots(&session.levels).into_iter().map(|slot| slot.name);
    empty_big_fish_slots(ctx, session_id, &slots.collect::<Vec<_>>());
    ctx.db.big_fish_agent_message().session_id().delete(session_id);
    ctx.db.big_fish_creation_session().session_id().delete(session_id);
    Ok(session)
}

/// The session, if it is the caller's own; `not_found` if not.
pub(crate) fn own_big_fish_session(
    ctx: &ReducerContext,
    caller: &Caller,
    session_id: Uuid,
) -> Result<BigFishCreationSession, DomainError> {
    let session = ctx.db.big_fish_creation_session().session_id().find(session_id);
    let session = session.ok_or(RuleError::Hidden { what: "session" })?;
    module_big_fish::check_own("session", &session.owner, &caller.player)?;
    Ok(session)
}

/// As [`own_big_fish_session`], if it is still as the author saw it; `conflict` if not.
pub(crate) fn revised_big_fish_session(
    ctx: &ReducerContext,
    caller: &Caller,
    session_id: Uuid,
    revision: u64,
) -> Result<BigFishCreationSession, DomainError> {
    let session = own_big_fish_session(ctx, caller, session_id)?;
    module_big_fish::check_revision(session.revision, revision)?;
    Ok(session)
}

/// The slots of a ladder.
pub(crate) fn big_fish_slots(levels: &[BigFishLevel]) -> Vec<Slot> {
    let mut keys = Vec::with_capacity(levels.len());
    for level in levels {
        keys.push(level.species_key.as_str());
    }
    module_big_fish::slots(keys)
}

/// Errors: `invalid_argument`, `limit_exceeded`.
pub(crate) fn check_big_fish_levels(levels: &[BigFishLevel]) -> Result<(), DomainError> {
    let mut rules: Vec<Level<'_>> = Vec::with_capacity(levels.len());
    for level in levels {
        rules.push(level.as_rule());
    }
    Ok(module_big_fish::check_ladder(&rules)?)
}

/// Stores a changed session under its next revision.
pub(crate) fn store_big_fish_revision(ctx: &ReducerContext, session: BigFishCreationSession) -> BigFishCreationSession {
    let revision = session.revision.saturating_add(1);
    let session = BigFishCreationSession { revision, updated_at: ctx.timestamp, ..session };
    ctx.db.big_fish_creation_session().session_id().update(session)
}
