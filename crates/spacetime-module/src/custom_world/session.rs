//! A creation in progress, stage by stage: from the brief to the review of the whole.

mod stages;

pub use stages::*;

use module_custom_world::{CREATIONS_PER_WORLD_MAX, CreationStage, CreationStep};

use crate::*;

/// A creation of one world. The stages before the one that it is at are approved.
#[table(
    accessor = custom_world_session,
    index(accessor = by_openness, btree(columns = [world_id, is_open]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldSession {
    /// UUIDv7.
    #[primary_key]
    pub session_id: Uuid,
    /// The author.
    #[index(btree)]
    pub owner: Identity,
    /// The world's profile.
    pub world_id: Uuid,
    /// Where it stands.
    pub stage: CustomWorldStage,
    /// Whether it goes on; at most one of a world does.
    pub is_open: bool,
    /// Counts its changes, from 1.
    pub revision: u64,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was finished or abandoned.
    pub closed_at: Option<Timestamp>,
}

/// The world of a new creation.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub enum CustomWorldSessionWorld {
    /// A new one, with this title in the author's library.
    New(String),
    /// One of the author's library.
    Existing(Uuid),
}

/// A creation to begin.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldSessionStart {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// Of which world.
    pub world: CustomWorldSessionWorld,
    /// Working text of the first stage; may be empty for now.
    pub brief: String,
}

/// The working text of a stage.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldStageDraft {
    /// The creation.
    pub session_id: Uuid,
    /// The revision that the author has seen.
    pub revision: u64,
    /// A stage from brief to review.
    pub stage: CustomWorldStage,
    /// What to write there; may be empty.
    pub draft: String,
}

/// A stage to go to.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldSessionMove {
    /// The creation.
    pub session_id: Uuid,
    /// The revision that the author has seen.
    pub revision: u64,
    /// The next one, which approves the present one; an earlier one; or abandoned.
    pub to: CustomWorldStage,
}

/// A creation and its stages.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldSessionDetail {
    /// The creation as it stands.
    pub session: CustomWorldSession,
    /// Its stages from brief to review.
    pub stages: Vec<CustomWorldSessionStage>,
}

/// Begins a creation for the sender.
///
/// Errors: as [`start_creation_session_and_return`].
#[reducer]
pub fn start_creation_session(ctx: &ReducerContext, request: CustomWorldSessionStart) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    start_creation(ctx, &caller, &request).map(drop)
}

/// Writes the working text of a stage of a creation of the sender.
///
/// Errors: as [`write_creation_draft_and_return`].
#[reducer]
pub fn write_creation_draft(ctx: &ReducerContext, request: CustomWorldStageDraft) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    write_draft(ctx, &caller, &request).map(drop)
}

/// Checks what the present stage of a creation of the sender lacks.
///
/// Errors: as [`check_creation_stage_and_return`].
#[reducer]
pub fn check_creation_stage(ctx: &ReducerContext, session_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    check_stage(ctx, &caller, session_id).map(drop)
}

/// Moves a creation of the sender to another stage.
///
/// Errors: as [`move_creation_session_and_return`].
#[reducer]
pub fn move_creation_session(ctx: &ReducerContext, request: CustomWorldSessionMove) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    move_creation(ctx, &caller, &request).map(drop)
}

/// Begins a creation, of a new world or of one in the author's library, and returns it.
///
/// Errors: `unauthenticated`; `forbidden` for another author's published world, or if anyone but
/// the Service names another player; `account_closed`; `not_found` for no or another author's
/// world; `invalid_argument`, `limit_exceeded` for the texts, or if the library is full; `conflict`
/// if a creation of the world goes on, or if the idempotency key was used for another request.
#[procedure]
pub fn start_creation_session_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldSessionStart,
) -> Result<CustomWorldSessionDetail, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        start_creation(tx, &caller, &request)
    })
}

/// Writes the working text of a stage and returns the creation. It goes back to that stage if it
/// was past it, since an approval is for what was seen. The text that is there changes nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `not_found`; `invalid_argument`, `limit_exceeded`; `illegal_transition` if
/// the creation is over; `conflict` if it has changed since that revision.
#[procedure]
pub fn write_creation_draft_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldStageDraft,
) -> Result<CustomWorldSessionDetail, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        write_draft(tx, &caller, &request)
    })
}

/// Checks what the present stage lacks, keeps the result with the stage, and returns the creation.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `not_found`; `illegal_transition` if the creation is over.
#[procedure]
pub fn check_creation_stage_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    session_id: Uuid,
) -> Result<CustomWorldSessionDetail, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        check_stage(tx, &caller, session_id)
    })
}

/// Moves a creation to another stage and returns it: to the next, which approves the present one;
/// back, which takes the approvals from there on away; or out. The stage that it is at changes
/// nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `not_found`; `illegal_transition` for a stage skipped, or if the creation is
/// over; `conflict` if it has changed since that revision, or if there are problems
/// with the stage to approve.
#[procedure]
pub fn move_creation_session_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldSessionMove,
) -> Result<CustomWorldSessionDetail, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        move_creation(tx, &caller, &request)
    })
}

/// Returns a creation and its stages.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `not_found`.
#[procedure]
pub fn get_creation_session_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    session_id: Uuid,
) -> Result<CustomWorldSessionDetail, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        own_creation(tx, &caller, session_id).map(|session| detail_of(tx, session))
    })
}

/// The sender's own creations.
#[view(accessor = my_creation_sessions, public, primary_key = session_id)]
pub fn my_creation_sessions(ctx: &ViewContext) -> Vec<CustomWorldSession> {
    ctx.db.custom_world_session().owner().filter(ctx.sender()).collect()
}

/// Takes the approval of a stage back, and every later one, after an entry of this kind has
/// changed in the world's draft.
pub(crate) fn touch_creation(ctx: &ReducerContext, world_id: Uuid, kind: WorldEntryKind) -> Result<(), DomainError> {
    match ctx.db.custom_world_session().by_openness().filter((world_id, true)).next() {
        Some(session) => reopen_creation(ctx, session, CreationStage::of(kind.into())).map(drop),
        None => Ok(()),
    }
}

fn start_creation(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldSessionStart,
) -> Result<CustomWorldSessionDetail, DomainError> {
    module_custom_world::check_stage_draft(&request.brief)?;
    let replayable = Replayable::new(caller.player, "start_creation_session", &request.idempotency_key, request)?;
    if let Some(session_id) = replayable.first_result(ctx)? {
        return own_creation(ctx, caller, session_id).map(|session| detail_of(ctx, session));
    }
    let profile = match &request.world {
        CustomWorldSessionWorld::New(title) => create_world_profile(ctx, caller.player, title)?,
        CustomWorldSessionWorld::Existing(world_id) => owned_world_profile(ctx, caller, *world_id)?,
    };
    let sessions = ctx.db.custom_world_session();
    module_custom_world::check_no_open_creation(sessions.by_openness().filter((profile.world_id, true)).count())?;
    make_room_for_creation(ctx, profile.world_id);
    let session = CustomWorldSession {
        session_id: fresh_id(ctx, |id| sessions.session_id().find(id).is_some())?,
        owner: profile.owner,
        world_id: profile.world_id,
        stage: CustomWorldStage::Brief,
        is_open: true,
        revision: 1,
        created_at: ctx.timestamp,
        updated_at: ctx.timestamp,
        closed_at: None,
    };
    let session = sessions.try_insert(session).map_err(|_| DomainError::no_fresh_id())?;
    insert_stages(ctx, &session, &request.brief)?;
    replayable.remember(ctx, session.session_id)?;
    Ok(detail_of(ctx, session))
}

/// Forgets the creation of the world that ended first, if as many are there as are kept.
fn make_room_for_creation(ctx: &ReducerContext, world_id: Uuid) {
    let sessions = ctx.db.custom_world_session();
    let ended: Vec<_> = sessions.by_openness().filter((world_id, false)).collect();
    if ended.len() < CREATIONS_PER_WORLD_MAX {
        return;
    }
    let first = ended.into_iter().map(|session| (session.closed_at, session.session_id)).min();
    if let Some((_, session_id)) = first {
        forget_creation(ctx, session_id);
    }
}

/// Removes a creation with its stages. The world and its draft stay.
pub(crate) fn forget_creation(ctx: &ReducerContext, session_id: Uuid) {
    ctx.db.custom_world_session_stage().by_stage().delete(session_id);
    ctx.db.custom_world_session().session_id().delete(session_id);
}

fn write_draft(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldStageDraft,
) -> Result<CustomWorldSessionDetail, DomainError> {
    let stage = CreationStage::from(request.stage);
    module_custom_world::check_working_stage(stage)?;
    module_custom_world::check_stage_draft(&request.draft)?;
    let session = own_creation(ctx, caller, request.session_id)?;
    module_custom_world::check_creation_open(session.stage.into())?;
    let row = stage_row(ctx, &session, stage)?;
    if row.draft == request.draft {
        return Ok(detail_of(ctx, session));
    }
    module_custom_world::check_revision(session.revision, request.revision)?;
    store_stage(ctx, CustomWorldSessionStage { draft: request.draft.clone(), ..row });
    let session = reopen_creation(ctx, session, stage)?;
    // The text itself is a change, whether or not an approval went with it.
    let session = if session.revision == request.revision { store_creation(ctx, session)? } else { session };
    Ok(detail_of(ctx, session))
}

fn check_stage(
    ctx: &ReducerContext,
    caller: &Caller,
    session_id: Uuid,
) -> Result<CustomWorldSessionDetail, DomainError> {
    let session = own_creation(ctx, caller, session_id)?;
    module_custom_world::check_creation_open(session.stage.into())?;
    let problems = problems_of(ctx, &session)?;
    note_validation(ctx, &session, &problems)?;
    Ok(detail_of(ctx, session))
}

fn move_creation(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldSessionMove,
) -> Result<CustomWorldSessionDetail, DomainError> {
    let session = own_creation(ctx, caller, request.session_id)?;
    let to = CreationStage::from(request.to);
    let step = module_custom_world::creation_transition(session.stage.into(), to)?;
    if step == CreationStep::Already {
        return Ok(detail_of(ctx, session));
    }
    module_custom_world::check_revision(session.revision, request.revision)?;
    let moved = match step {
        CreationStep::Returned => reopen_creation(ctx, session, to)?,
        CreationStep::Approved => {
            module_custom_world::check_approvable(&problems_of(ctx, &session)?)?;
            approve_stage(ctx, &session)?;
            store_creation(ctx, at_stage(ctx, session, to))?
        }
        CreationStep::GivenUp | CreationStep::Already => store_creation(ctx, at_stage(ctx, session, to))?,
    };
    Ok(detail_of(ctx, moved))
}

fn own_creation(ctx: &ReducerContext, caller: &Caller, session_id: Uuid) -> Result<CustomWorldSession, DomainError> {
    let session = ctx.db.custom_world_session().session_id().find(session_id);
    let own = session.filter(|session| session.owner == caller.player);
    Ok(own.ok_or(RuleError::Hidden { what: "creation" })?)
}

/// Takes the approvals from a stage on away, and goes back to it if the creation was past it.
fn reopen_creation(
    ctx: &ReducerContext,
    session: CustomWorldSession,
    changed: CreationStage,
) -> Result<CustomWorldSession, DomainError> {
    let was_checked = reset_stages(ctx, &session, changed)?;
    let present = CreationStage::from(session.stage);
    let stage = present.after_change_of(changed);
    if stage == present && !was_checked {
        return Ok(session);
    }
    store_creation(ctx, at_stage(ctx, session, stage))
}

fn at_stage(ctx: &ReducerContext, session: CustomWorldSession, stage: CreationStage) -> CustomWorldSession {
    let is_open = stage.is_open();
    let closed_at = if is_open { None } else { Some(ctx.timestamp) };
    CustomWorldSession { stage: stage.into(), is_open, closed_at, ..session }
}

fn store_creation(ctx: &ReducerContext, session: CustomWorldSession) -> Result<CustomWorldSession, DomainError> {
    let revision = next_revision(session.revision)?;
    let changed = CustomWorldSession { revision, updated_at: ctx.timestamp, ..session };
    Ok(ctx.db.custom_world_session().session_id().update(changed))
}

fn detail_of(ctx: &ReducerContext, session: CustomWorldSession) -> CustomWorldSessionDetail {
    let stages = stages_of(ctx, session.session_id);
    CustomWorldSessionDetail { session, stages }
}
