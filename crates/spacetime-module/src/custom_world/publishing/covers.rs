//! Covers of worlds, as asset bindings: the author fills the slot `cover`; publishing holds on to
//! what it found there in a slot of its own, so that nobody deletes a cover that is shown.

use module_custom_world::{SHOWN_COVER_SLOT, WORLD_ENTITY_KIND};

use crate::*;

/// Who fills a slot of a world.
pub(crate) fn world_slot_keeper(ctx: &ReducerContext, world_id: Uuid, slot: &str) -> SlotKeeper {
    match ctx.db.custom_world_profile().world_id().find(world_id) {
        None => SlotKeeper::Anybody,
        Some(_) if slot == SHOWN_COVER_SLOT => {
            SlotKeeper::Module("Publishing fills this slot. Bind the asset to `cover` and publish.")
        }
        Some(profile) => SlotKeeper::Author { author: profile.owner, refusal: refusal_to_strangers(&profile) },
    }
}

/// Holds on to the cover that the gallery shows.
///
/// Errors: `internal` if no unused id was found.
pub(crate) fn pin_cover(
    ctx: &ReducerContext,
    profile: &CustomWorldProfile,
    cover: &AssetObject,
) -> Result<(), DomainError> {
    let bindings = ctx.db.asset_entity_binding();
    let entity_id = profile.world_id.to_string();
    let place = (WORLD_ENTITY_KIND, entity_id.as_str(), SHOWN_COVER_SLOT);
    let present = bindings.by_slot().filter(place).next();
    if present.as_ref().is_some_and(|present| present.asset_id == cover.asset_id) {
        return Ok(());
    }
    unpin_cover(ctx, profile.world_id);
    let binding = AssetEntityBinding {
        binding_id: fresh_id(ctx, |id| bindings.binding_id().find(id).is_some())?,
        entity_kind: WORLD_ENTITY_KIND.to_owned(),
        entity_id,
        slot: SHOWN_COVER_SLOT.to_owned(),
        asset_id: cover.asset_id,
        bound_by: profile.owner,
        owner: cover.owner,
        bound_at: ctx.timestamp,
    };
    bindings.try_insert(binding).map_err(|_| DomainError::no_fresh_id())?;
    Ok(())
}

/// Lets go of the cover that the gallery showed.
pub(crate) fn unpin_cover(ctx: &ReducerContext, world_id: Uuid) {
    let entity_id = world_id.to_string();
    ctx.db.asset_entity_binding().by_slot().delete((WORLD_ENTITY_KIND, entity_id.as_str(), SHOWN_COVER_SLOT));
}

/// Empties every slot of a world that is dropped.
pub(crate) fn unbind_world(ctx: &ReducerContext, world_id: Uuid) {
    let entity_id = world_id.to_string();
    ctx.db.asset_entity_binding().by_slot().delete((WORLD_ENTITY_KIND, entity_id.as_str()));
}
