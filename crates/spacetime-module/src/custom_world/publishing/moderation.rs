//! Moderators hold worlds back, and let them go again.

use module_custom_world::WorldStatus;

use crate::*;

/// What a Moderator did about a world.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomWorldModerationAction {
    /// Took it out of the gallery until further notice.
    Held,
    /// Let its author publish it again.
    Released,
}

/// One decision of a Moderator; rows are only ever added.
#[table(accessor = custom_world_moderation)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldModeration {
    /// Number of the decision.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The world.
    #[index(btree)]
    pub world_id: Uuid,
    /// Who decided.
    pub moderator: Identity,
    /// What was done.
    pub action: CustomWorldModerationAction,
    /// Why.
    pub reason: String,
    /// When.
    pub decided_at: Timestamp,
}

/// A world and what a Moderator says about it.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldModerationRequest {
    /// The world.
    pub world_id: Uuid,
    /// Why, for the author.
    pub reason: String,
}

/// Holds a world back. For Moderator and Admin.
///
/// Errors: as [`hold_world_and_return`].
#[reducer]
pub fn hold_world(ctx: &ReducerContext, request: CustomWorldModerationRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    hold_back(ctx, &caller, &request).map(drop)
}

/// Lets a world go that was held back. For Moderator and Admin.
///
/// Errors: as [`release_world_and_return`].
#[reducer]
pub fn release_world(ctx: &ReducerContext, request: CustomWorldModerationRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    release_held(ctx, &caller, &request).map(drop)
}

/// Takes a world out of the gallery, so that its author cannot publish it again, and returns it.
/// Holding it again replaces the reason. Stories that players have begun go on.
///
/// Errors: `unauthenticated`; `forbidden` unless the player is a Moderator or an Admin;
/// `account_closed`; `not_found`, also for a draft; `invalid_argument`, `limit_exceeded`.
#[procedure]
pub fn hold_world_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldModerationRequest,
) -> Result<CustomWorldProfile, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        hold_back(tx, &caller, &request)
    })
}

/// Lets the author of a world that was held back publish it again, and returns it, unpublished.
/// Releasing a world that is not held changes nothing.
///
/// Errors: `unauthenticated`; `forbidden` unless the player is a Moderator or an Admin;
/// `account_closed`; `not_found`, also for a draft; `invalid_argument`, `limit_exceeded`.
#[procedure]
pub fn release_world_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldModerationRequest,
) -> Result<CustomWorldProfile, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        release_held(tx, &caller, &request)
    })
}

fn hold_back(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldModerationRequest,
) -> Result<CustomWorldProfile, DomainError> {
    let (profile, status) = moderated_world(ctx, caller, request)?;
    if profile.held_reason.as_ref() == Some(&request.reason) {
        return Ok(profile);
    }
    note_decision(ctx, caller, request, CustomWorldModerationAction::Held)?;
    hide_world(ctx, profile.world_id);
    let held_reason = Some(request.reason.clone());
    store_world_profile(ctx, CustomWorldProfile { status: status.into(), held_reason, ..profile })
}

fn release_held(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldModerationRequest,
) -> Result<CustomWorldProfile, DomainError> {
    let (profile, _) = moderated_world(ctx, caller, request)?;
    if profile.held_reason.is_none() {
        return Ok(profile);
    }
    note_decision(ctx, caller, request, CustomWorldModerationAction::Released)?;
    store_world_profile(ctx, CustomWorldProfile { held_reason: None, ..profile })
}

/// The world and the state that a hold puts it in, if the caller may decide about it.
fn moderated_world(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldModerationRequest,
) -> Result<(CustomWorldProfile, WorldStatus), DomainError> {
    check_moderator(caller)?;
    module_custom_world::check_reason(&request.reason)?;
    let profile = ctx.db.custom_world_profile().world_id().find(request.world_id);
    let profile = profile.ok_or(RuleError::Hidden { what: "world" })?;
    let status = module_custom_world::held_status(profile.status.into())?;
    Ok((profile, status))
}

fn note_decision(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldModerationRequest,
    action: CustomWorldModerationAction,
) -> Result<(), DomainError> {
    let decision = CustomWorldModeration {
        id: 0,
        world_id: request.world_id,
        moderator: caller.player,
        action,
        reason: request.reason.clone(),
        decided_at: ctx.timestamp,
    };
    ctx.db.custom_world_moderation().try_insert(decision).map_err(|_| DomainError::no_fresh_id())?;
    Ok(())
}
