//! Copies of worlds: another draft to go on from.

use crate::*;

/// A world to copy.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldCopying {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// The author's own world.
    pub world_id: Uuid,
    /// Title of the copy in the library.
    pub title: String,
}

/// Copies a world of the sender.
///
/// Errors: as [`duplicate_custom_world_and_return`].
#[reducer]
pub fn duplicate_custom_world(ctx: &ReducerContext, request: CustomWorldCopying) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    duplicate_world(ctx, &caller, &request).map(drop)
}

/// Copies the draft of a world, as it stands, to a new world in the same library, and returns that.
/// Neither versions, creations, conversations nor assets are copied.
///
/// Errors: `unauthenticated`; `forbidden` for another author's published world, or if anyone but
/// the Service names another player; `account_closed`; `not_found`; `invalid_argument`;
/// `limit_exceeded` for a text, or if the library is full; `conflict` if a Moderator holds the world
/// back, or if the idempotency key was used for another request.
#[procedure]
pub fn duplicate_custom_world_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldCopying,
) -> Result<CustomWorldProfile, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        duplicate_world(tx, &caller, &request)
    })
}

fn duplicate_world(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldCopying,
) -> Result<CustomWorldProfile, DomainError> {
    let replayable = Replayable::new(caller.player, "duplicate_custom_world", &request.idempotency_key, request)?;
    if let Some(world_id) = replayable.first_result(ctx)? {
        return owned_world_profile(ctx, caller, world_id);
    }
    let original = owned_world_profile(ctx, caller, request.world_id)?;
    module_custom_world::check_not_held(original.held_reason.as_deref())?;
    let copy = create_world_profile(ctx, caller.player, &request.title)?;
    let copy =
        ctx.db.custom_world_profile().world_id().update(CustomWorldProfile { tagline: original.tagline, ..copy });
    for card in draft_entries(ctx, original.world_id) {
        insert_card(ctx, &copy, &card.key, &card.entry, None)?;
    }
    replayable.remember(ctx, copy.world_id)?;
    Ok(copy)
}
