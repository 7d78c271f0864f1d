//! Dropping a world that nobody but its author has seen, with everything that led to it.

use crate::*;

/// Drops a world of the sender that was never published.
///
/// Errors: as [`delete_custom_world_and_return`].
#[reducer]
pub fn delete_custom_world(ctx: &ReducerContext, request: CustomWorldRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    delete_world(ctx, &caller, &request).map(drop)
}

/// Drops a world that was never published, with its draft, its creations and its conversations,
/// empties its asset slots, and returns it as it was.
///
/// Errors: `unauthenticated`; `forbidden` for another author's published world, or if anyone but
/// the Service names another player; `account_closed`; `not_found`; `conflict` if the revision is
/// not the present one; `illegal_transition` if it was ever published.
#[procedure]
pub fn delete_custom_world_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldRequest,
) -> Result<CustomWorldProfile, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        delete_world(tx, &caller, &request)
    })
}

fn delete_world(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldRequest,
) -> Result<CustomWorldProfile, DomainError> {
    let profile = owned_world_profile(ctx, caller, request.world_id)?;
    module_custom_world::check_revision(profile.revision, request.revision)?;
    module_custom_world::check_world_deletable(profile.status.into(), profile.current_version)?;
    delete_creations(ctx, profile.world_id);
    delete_conversations(ctx, profile.world_id);
    ctx.db.custom_world_draft_card().by_key().delete(profile.world_id);
    unbind_world(ctx, profile.world_id);
    ctx.db.custom_world_profile().world_id().delete(profile.world_id);
    Ok(profile)
}

fn delete_creations(ctx: &ReducerContext, world_id: Uuid) {
    let sessions: Vec<_> = ctx.db.custom_world_session().by_openness().filter(world_id).collect();
    for session in sessions {
        forget_creation(ctx, session.session_id);
    }
}

fn delete_conversations(ctx: &ReducerContext, world_id: Uuid) {
    let sessions: Vec<_> = ctx.db.custom_world_agent_session().world_id().filter(world_id).collect();
    for session in sessions {
        forget_conversation(ctx, session.session_id);
    }
}
