//! Likes: a player likes a world once.

use crate::*;

/// A world that a player likes.
#[table(
    accessor = custom_world_like,
    index(accessor = by_player_and_world, btree(columns = [player, world_id]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldLike {
    /// Number of the like.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The player.
    #[index(btree)]
    pub player: Identity,
    /// The world; the pair is unique.
    pub world_id: Uuid,
    /// Since when.
    pub liked_at: Timestamp,
}

/// Likes a published world; liking it again changes nothing.
///
/// Errors: as [`like_world_and_return`].
#[reducer]
pub fn like_world(ctx: &ReducerContext, world_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    add_like(ctx, &caller, world_id).map(drop)
}

/// Likes a world no longer; one that the sender does not like stays as it is.
///
/// Errors: as [`unlike_world_and_return`].
#[reducer]
pub fn unlike_world(ctx: &ReducerContext, world_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    remove_like(ctx, &caller, world_id).map(drop)
}

/// Likes a published world and returns how many players like it now; liking it again changes
/// nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `not_found`; `limit_exceeded` if the player likes too many worlds.
#[procedure]
pub fn like_world_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    world_id: Uuid,
) -> Result<u64, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        add_like(tx, &caller, world_id)
    })
}

/// Likes a world no longer and returns how many players like it now; one that the player does not
/// like stays as it is. The world need not be published any more.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `not_found` if it was never published.
#[procedure]
pub fn unlike_world_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    world_id: Uuid,
) -> Result<u64, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        remove_like(tx, &caller, world_id)
    })
}

/// The sender's own likes.
#[view(accessor = my_likes, public, primary_key = id)]
pub fn my_likes(ctx: &ViewContext) -> Vec<CustomWorldLike> {
    ctx.db.custom_world_like().player().filter(ctx.sender()).collect()
}

fn add_like(ctx: &ReducerContext, caller: &Caller, world_id: Uuid) -> Result<u64, DomainError> {
    if ctx.db.custom_world_gallery_entry().world_id().find(world_id).is_none() {
        return Err(RuleError::Hidden { what: "published world" }.into());
    }
    let standing = standing_of(ctx, world_id)?;
    if find_like(ctx, caller.player, world_id).is_some() {
        return Ok(standing.likes);
    }
    let likes = ctx.db.custom_world_like();
    module_custom_world::check_like_count(likes.player().filter(caller.player).count() as u64)?;
    let like = CustomWorldLike { id: 0, player: caller.player, world_id, liked_at: ctx.timestamp };
    likes.try_insert(like).map_err(|_| DomainError::no_fresh_id())?;
    let count = module_rules::next_number("The number of likes of a world", standing.likes)?;
    Ok(store_likes(ctx, standing, count))
}

fn remove_like(ctx: &ReducerContext, caller: &Caller, world_id: Uuid) -> Result<u64, DomainError> {
    let standing = standing_of(ctx, world_id)?;
    let Some(like) = find_like(ctx, caller.player, world_id) else {
        return Ok(standing.likes);
    };
    ctx.db.custom_world_like().id().delete(like.id);
    let count = standing.likes.saturating_sub(1);
    Ok(store_likes(ctx, standing, count))
}

fn store_likes(ctx: &ReducerContext, standing: CustomWorldStanding, likes: u64) -> u64 {
    let standing = ctx.db.custom_world_standing().world_id().update(CustomWorldStanding { likes, ..standing });
    copy_counts(ctx, &standing);
    likes
}

fn find_like(ctx: &ReducerContext, player: Identity, world_id: Uuid) -> Option<CustomWorldLike> {
    ctx.db.custom_world_like().by_player_and_world().filter((player, world_id)).next()
}
