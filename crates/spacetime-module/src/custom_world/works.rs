//! An author's drafts and published worlds in one list.

use crate::*;

/// A world in its author's list.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldWork {
    /// The world.
    pub profile: CustomWorldProfile,
    /// How everybody sees it, while it is published.
    pub gallery_entry: Option<CustomWorldGalleryEntry>,
}

/// Returns all worlds of an author, drafts and published ones, the one first that changed last.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`.
#[procedure]
pub fn list_custom_world_works_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
) -> Result<Vec<CustomWorldWork>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        Ok(list_works(tx, caller.player))
    })
}

/// The sender's own worlds, in every status.
#[view(accessor = my_works, public, primary_key = world_id)]
pub fn my_works(ctx: &ViewContext) -> Vec<CustomWorldProfile> {
    ctx.db.custom_world_profile().owner().filter(ctx.sender()).collect()
}

fn list_works(ctx: &ReducerContext, owner: Identity) -> Vec<CustomWorldWork> {
    let mut works = Vec::new();
    for profile in ctx.db.custom_world_profile().owner().filter(owner) {
        let gallery_entry = ctx.db.custom_world_gallery_entry().world_id().find(profile.world_id);
        works.push(CustomWorldWork { profile, gallery_entry });
    }
    descending(works, |work| time_place(work.profile.updated_at))
}
