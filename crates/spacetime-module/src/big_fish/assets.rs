//! Assets of a level ladder: binding them to its slots, and keeping those of a published version.
//!
//! What fills a slot is an [`AssetEntityBinding`], and nothing of it is stored twice. A published
//! version has bindings of its own, so that its assets cannot be deleted by mistake when the
//! author fills the session's slots anew.

use module_assets::EntitySlot;
use module_big_fish::{BACKGROUND_SLOT, ENTITY_KIND, VERSION_ENTITY_KIND, Work};

use crate::*;

/// A slot of a session to fill.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BigFishAssetBindingRequest {
    /// The session.
    pub session_id: Uuid,
    /// The slot: `picture_<species>`, `movement_<species>` or `background`.
    pub slot: String,
    /// A confirmed asset of the author's that is public.
    pub asset_id: Uuid,
}

/// A slot of a session to empty.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BigFishAssetUnbindRequest {
    /// The session.
    pub session_id: Uuid,
    /// The slot.
    pub slot: String,
    /// The asset that must be in it; any may be when this is left open.
    pub asset_id: Option<Uuid>,
}

/// One slot of a session's ladder.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BigFishSlot {
    /// The slot's name.
    pub slot: String,
    /// Whether publishing needs it.
    pub is_required: bool,
    /// The asset in it.
    pub asset_id: Option<Uuid>,
}

/// The assets of a version, in their places.
pub(crate) struct BigFishKeptAssets {
    /// The ladder with its assets.
    pub levels: Vec<BigFishPublishedLevel>,
    /// What is behind the fish.
    pub background: Option<Uuid>,
}

/// Fills a slot of a session of the sender.
///
/// Errors: as [`bind_big_fish_asset_and_return`].
#[reducer]
pub fn bind_big_fish_asset(ctx: &ReducerContext, request: BigFishAssetBindingRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    bind_asset(ctx, &caller, &request).map(drop)
}

/// Empties a slot of a session of the sender.
///
/// Errors: as [`unbind_big_fish_asset_and_return`].
#[reducer]
pub fn unbind_big_fish_asset(ctx: &ReducerContext, request: BigFishAssetUnbindRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    unbind_asset(ctx, &caller, &request).map(drop)
}

/// Fills a slot, replacing what is in it, and says what it replaced; binding again changes
/// nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player, or if
/// the asset is another player's; `invalid_argument` if the ladder has no such slot;
/// `limit_exceeded`; `not_found`; `conflict` if the stage is not assets, or the asset is not
/// confirmed or not public.
#[procedure]
pub fn bind_big_fish_asset_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: BigFishAssetBindingRequest,
) -> Result<AssetEntityBindingOutcome, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        bind_asset(tx, &caller, &request)
    })
}

/// Empties a slot and returns the binding that was removed.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `invalid_argument` if the ladder has no such slot; `not_found`, also if the slot is empty;
/// `conflict` if the stage is not assets, or another asset is in the slot than the one named.
#[procedure]
pub fn unbind_big_fish_asset_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: BigFishAssetUnbindRequest,
) -> Result<AssetEntityBinding, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        unbind_asset(tx, &caller, &request)
    })
}

/// Lists every slot of a session's ladder, with what is in it.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`.
#[procedure]
pub fn list_big_fish_slots_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    session_id: Uuid,
) -> Result<Vec<BigFishSlot>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        let session = own_big_fish_session(tx, &caller, session_id)?;
        Ok(list_slots(tx, &session))
    })
}

/// Who fills a slot of a session. The calls here do, because its stage says when.
pub(crate) fn big_fish_slot_keeper(ctx: &ReducerContext, session_id: Uuid) -> SlotKeeper {
    match ctx.db.big_fish_creation_session().session_id().find(session_id) {
        None => SlotKeeper::Anybody,
        Some(_) => SlotKeeper::Module("Use `bind_big_fish_asset` and `unbind_big_fish_asset` for a session's slots."),
    }
}

/// Who fills a slot of a published version.
pub(crate) fn big_fish_version_slot_keeper(ctx: &ReducerContext, version_id: Uuid) -> SlotKeeper {
    match ctx.db.big_fish_game_version().version_id().find(version_id) {
        None => SlotKeeper::Anybody,
        Some(_) => SlotKeeper::Module("A published version keeps its assets. Change the session and publish again."),
    }
}

fn bind_asset(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &BigFishAssetBindingRequest,
) -> Result<AssetEntityBindingOutcome, DomainError> {
    check_slot_open(ctx, caller, request.session_id, &request.slot)?;
    let entity_id = request.session_id.to_string();
    let outcome = fill_slot(ctx, caller, session_slot(&entity_id, &request.slot), request.asset_id)?;
    check_fit_for_players(ctx, caller, request.asset_id)?;
    Ok(outcome)
}

fn unbind_asset(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &BigFishAssetUnbindRequest,
) -> Result<AssetEntityBinding, DomainError> {
    check_slot_open(ctx, caller, request.session_id, &request.slot)?;
    let entity_id = request.session_id.to_string();
    let present = find_binding(ctx, &session_slot(&entity_id, &request.slot));
    remove_binding(ctx, present, request.asset_id)
}

fn check_slot_open(ctx: &ReducerContext, caller: &Caller, session_id: Uuid, slot: &str) -> Result<(), DomainError> {
    let session = own_big_fish_session(ctx, caller, session_id)?;
    module_big_fish::check_slot(&big_fish_slots(&session.levels), slot)?;
    module_big_fish::check_allows(session.stage.into(), Work::FillSlots)?;
    Ok(())
}

/// Players read public assets only, so a game made of others would look like nothing.
///
/// Errors: `forbidden` for an asset of somebody else; `conflict` for one that is not public.
fn check_fit_for_players(ctx: &ReducerContext, caller: &Caller, asset_id: Uuid) -> Result<(), DomainError> {
    let object = ctx.db.asset_object().asset_id().find(asset_id).ok_or(RuleError::Hidden { what: "asset" })?;
    if object.owner != caller.player {
        // An Admin may change everybody's assets, but a version keeps its own for good.
        return Err(RuleError::NotOwner { what: "asset" }.into());
    }
    Ok(module_big_fish::check_shown_policy(module_assets::Policy::from(object.access_policy).name())?)
}

fn list_slots(ctx: &ReducerContext, session: &BigFishCreationSession) -> Vec<BigFishSlot> {
    let entity_id = session.session_id.to_string();
    let mut listed = Vec::new();
    for slot in big_fish_slots(&session.levels) {
        let asset_id = asset_in_slot(ctx, &entity_id, &slot.name);
        listed.push(BigFishSlot { slot: slot.name, is_required: slot.is_required, asset_id });
    }
    listed
}

fn asset_in_slot(ctx: &ReducerContext, entity_id: &str, slot: &str) -> Option<Uuid> {
    find_binding(ctx, &session_slot(entity_id, slot)).map(|binding| binding.asset_id)
}

fn session_slot<'a>(entity_id: &'a str, slot: &'a str) -> EntitySlot<'a> {
    EntitySlot { entity_kind: ENTITY_KIND, entity_id, slot }
}

/// Errors: `conflict`, naming the required slots that are empty.
pub(crate) fn check_big_fish_slots_filled(
    ctx: &ReducerContext,
    session: &BigFishCreationSession,
) -> Result<(), DomainError> {
    let mut empty = Vec::new();
    for slot in list_slots(ctx, session) {
        if slot.is_required && slot.asset_id.is_none() {
            empty.push(slot.slot);
        }
    }
    Ok(module_big_fish::check_all_filled(&empty)?)
}

/// Empties those of a session's slots, whoever's assets fill them.
pub(crate) fn empty_big_fish_slots(ctx: &ReducerContext, session_id: Uuid, slots: &[String]) {
    let entity_id = session_id.to_string();
    for slot in slots {
        empty_slot(ctx, &session_slot(&entity_id, slot));
    }
}

/// Binds everything that fills a session's slots to a version of its game as well.
///
/// Errors: as of [`publish_big_fish_game_and_return`], as far as slots and assets go.
pub(crate) fn keep_big_fish_assets(
    ctx: &ReducerContext,
    caller: &Caller,
    session: &BigFishCreationSession,
    version_id: Uuid,
) -> Result<BigFishKeptAssets, DomainError> {
    check_big_fish_slots_filled(ctx, session)?;
    let (session_id, kept_under) = (session.session_id.to_string(), version_id.to_string());
    let keep = |slot: String| -> Result<Option<Uuid>, DomainError> {
        let Some(asset_id) = asset_in_slot(ctx, &session_id, &slot) else {
            return Ok(None);
        };
        let slot = EntitySlot { entity_kind: VERSION_ENTITY_KIND, entity_id: &kept_under, slot: &slot };
        fill_slot(ctx, caller, slot, asset_id)?;
        check_fit_for_players(ctx, caller, asset_id)?;
        Ok(Some(asset_id))
    };
    let mut levels = Vec::with_capacity(session.levels.len());
    for level in &session.levels {
        let picture = keep(module_big_fish::picture_slot(&level.species_key))?;
        let movement = keep(module_big_fish::movement_slot(&level.species_key))?;
        if let (Some(picture_asset_id), Some(movement_asset_id)) = (picture, movement) {
            levels.push(BigFishPublishedLevel { level: level.clone(), picture_asset_id, movement_asset_id });
        }
    }
    Ok(BigFishKeptAssets { levels, background: keep(BACKGROUND_SLOT.to_owned())? })
}
