//! The gallery: likes, pages, and the order of the most played worlds.
//!
//! The orders are dense ([`module_rules::ranges_down`]): the worlds are numbered as they come, from
//! 1, and ranked by their players, from 1, both without gaps. A world that is taken back keeps its
//! places, which pages skip.

use module_rules::{RuleError, check_limit, next_number};

/// Most worlds that one player likes.
pub const LIKES_PER_PLAYER_MAX: u64 = 1_000;

/// Errors: `AboveLimit` if a player who likes `present` worlds may not like another.
pub fn check_like_count(present: u64) -> Result<(), RuleError> {
    check_limit("The number of worlds that a player likes", LIKES_PER_PLAYER_MAX, present.saturating_add(1))
}

/// The ranked worlds that have the same number of players; their ranks follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RankGroup {
    /// The players of each.
    pub players: u64,
    /// The best rank among them.
    pub first_rank: u64,
    /// How many they are, at least 1.
    pub worlds: u64,
}

/// What one more player does to the ranks of a world and its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// The world's new rank; whoever has it takes the world's old one.
    pub rank: u64,
    /// The group that the world leaves; none if nobody is left in it.
    pub left: Option<RankGroup>,
    /// The group that it joins.
    pub joined: RankGroup,
}

/// The rank of a new world, behind all `ranked` ones, and its group: `last` is the group without
/// players, if there is one.
///
/// Errors: `AboveLimit` if there are no more numbers.
pub fn rank_newcomer(ranked: u64, last: Option<RankGroup>) -> Result<(u64, RankGroup), RuleError> {
    let rank = above(ranked)?;
    let group = match last {
        Some(group) => RankGroup { worlds: above(group.worlds)?, ..group },
        None => RankGroup { players: 0, first_rank: rank, worlds: 1 },
    };
    Ok((rank, group))
}

/// Moves a world of `group` up by one player: to the front of its group, which is the end of the
/// group `next` that has one player more, if there is one.
///
/// Errors: `AboveLimit` if there are no more numbers.
pub fn promote(group: RankGroup, next: Option<RankGroup>) -> Result<Promotion, RuleError> {
    let rank = group.first_rank;
    let joined = match next {
        Some(next) => RankGroup { worlds: above(next.worlds)?, ..next },
        None => RankGroup { players: above(group.players)?, first_rank: rank, worlds: 1 },
    };
    let left = match group.worlds.saturating_sub(1) {
        0 => None,
        worlds => Some(RankGroup { first_rank: above(rank)?, worlds, ..group }),
    };
    Ok(Promotion { rank, left, joined })
}

fn above(number: u64) -> Result<u64, RuleError> {
    next_number("A count of the gallery", number)
}
