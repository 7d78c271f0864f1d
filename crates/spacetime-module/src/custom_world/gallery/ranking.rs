//! The places of worlds in the orders of the gallery: by age and by number of players.

use module_custom_world::{Promotion, RankGroup};

use crate::*;

/// What a world that was ever published keeps, in the gallery or not. Never deleted, so that
/// numbers and ranks have no gaps.
#[table(accessor = custom_world_standing)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldStanding {
    /// The world.
    #[primary_key]
    pub world_id: Uuid,
    /// The world's number: worlds are numbered when first published, from 1.
    /// The index serves ranges, which a unique one does not.
    #[index(btree)]
    pub number: u64,
    /// The world's place among the most played, from 1. Two worlds that change places have the
    /// same one for a moment, so the index is not unique.
    #[index(btree)]
    pub rank: u64,
    /// How many players have begun a story in it.
    pub players: u64,
    /// How many players like it.
    pub likes: u64,
    /// When the world was first published.
    pub published_at: Timestamp,
}

/// The worlds that have the same number of players; their ranks follow each other.
#[table(accessor = custom_world_rank_group)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldRankGroup {
    /// The players of each.
    #[primary_key]
    pub players: u64,
    /// The best rank among them.
    pub first_rank: u64,
    /// How many they are.
    pub worlds: u64,
}

/// The standing of a world that is published; made if this is the first time.
///
/// Errors: `internal` if a number is taken.
pub(crate) fn standing_of_shown(ctx: &ReducerContext, world_id: Uuid) -> Result<CustomWorldStanding, DomainError> {
    let standings = ctx.db.custom_world_standing();
    if let Some(standing) = standings.world_id().find(world_id) {
        return Ok(standing);
    }
    let ranked = standings.count();
    let (rank, group) = module_custom_world::rank_newcomer(ranked, rank_group(ctx, 0))?;
    store_rank_group(ctx, group);
    let standing =
        CustomWorldStanding { world_id, number: rank, rank, players: 0, likes: 0, published_at: ctx.timestamp };
    standings.try_insert(standing).map_err(|_| DomainError::no_fresh_id())
}

/// The standing of a world that was ever published.
///
/// Errors: `not_found`.
pub(crate) fn standing_of(ctx: &ReducerContext, world_id: Uuid) -> Result<CustomWorldStanding, DomainError> {
    let standing = ctx.db.custom_world_standing().world_id().find(world_id);
    standing.ok_or_else(|| RuleError::Hidden { what: "published world" }.into())
}

/// Counts one more player of a world, and gives it the rank that this brings.
///
/// Errors: `not_found` if it was never published; `internal` if the ranks are out of order.
pub(crate) fn promote_world(ctx: &ReducerContext, world_id: Uuid) -> Result<CustomWorldStanding, DomainError> {
    let standings = ctx.db.custom_world_standing();
    let standing = standing_of(ctx, world_id)?;
    let group = rank_group(ctx, standing.players).ok_or_else(out_of_order)?;
    let next = standing.players.checked_add(1).and_then(|players| rank_group(ctx, players));
    let Promotion { rank, left, joined } = module_custom_world::promote(group, next)?;
    if rank != standing.rank {
        let other = standings.rank().filter(rank).next().ok_or_else(out_of_order)?;
        standings.world_id().update(CustomWorldStanding { rank: standing.rank, ..other });
    }
    match left {
        Some(left) => store_rank_group(ctx, left),
        None => {
            ctx.db.custom_world_rank_group().players().delete(group.players);
        }
    }
    store_rank_group(ctx, joined);
    Ok(standings.world_id().update(CustomWorldStanding { rank, players: joined.players, ..standing }))
}

fn rank_group(ctx: &ReducerContext, players: u64) -> Option<RankGroup> {
    let row = ctx.db.custom_world_rank_group().players().find(players)?;
    Some(RankGroup { players: row.players, first_rank: row.first_rank, worlds: row.worlds })
}

fn store_rank_group(ctx: &ReducerContext, RankGroup { players, first_rank, worlds }: RankGroup) {
    let row = CustomWorldRankGroup { players, first_rank, worlds };
    ctx.db.custom_world_rank_group().players().insert_or_update(row);
}

fn out_of_order() -> DomainError {
    DomainError::new(DomainErrorCode::Internal, "The ranks of the gallery are out of order. Tell an Operator.")
}
