//! The gallery: likes, pages, and the order of the most played worlds.
//!
//! A page must not read more than it shows, and the engine reads a whole range before the first
//! row of it arrives. So the orders are dense: the worlds are numbered as they come, from 1, and
//! ranked by their players, from 1, both without gaps. A page is then a range of known length. A
//! world that is taken back keeps its places, which pages skip.

use module_rules::{RuleError, check_limit};

/// Most worlds that one player likes.
pub const LIKES_PER_PLAYER_MAX: u64 = 1_000;
/// Longest page.
pub const PAGE_LENGTH_MAX: u64 = 100;
/// Most ranges that one page reads, each as long as the page.
pub const PAGE_RANGES_MAX: usize = 5;
/// How many of the newest worlds everybody sees without asking.
pub const FRONT_PAGE_LENGTH: usize = 100;

/// Errors: `AboveLimit` if a player who likes `present` worlds may not like another.
pub fn check_like_count(present: u64) -> Result<(), RuleError> {
    check_limit("The number of worlds that a player likes", LIKES_PER_PLAYER_MAX, present.saturating_add(1))
}

/// Errors: `Malformed` for 0, `AboveLimit`.
pub fn check_page_length(length: u32) -> Result<(), RuleError> {
    if length == 0 {
        return Err(RuleError::Malformed { field: "length", rule: "use at least 1" });
    }
    check_limit("`length`", PAGE_LENGTH_MAX, length.into())
}

/// A range of places, both ends included.
pub type PlaceRange = (u64, u64);

/// The ranges of a page that goes down, from the place before `cursor` or from the last one.
pub fn ranges_down(cursor: Option<u64>, last: u64, length: u32) -> impl Iterator<Item = PlaceRange> {
    let top = cursor.map_or(last, |cursor| cursor.saturating_sub(1).min(last));
    let step = u64::from(length).max(1);
    let starts = std::iter::successors(Some(top), move |top| top.checked_sub(step));
    let ranges = starts.take_while(|top| *top > 0).map(move |top| (top.saturating_sub(step - 1).max(1), top));
    ranges.take(PAGE_RANGES_MAX)
}

/// The ranges of a page that goes up, from the place after `cursor` or from the first one.
pub fn ranges_up(cursor: Option<u64>, last: u64, length: u32) -> impl Iterator<Item = PlaceRange> {
    let bottom = cursor.map_or(Some(1), |cursor| cursor.checked_add(1));
    let step = u64::from(length).max(1);
    let starts = std::iter::successors(bottom, move |bottom| bottom.checked_add(step));
    let ranges = starts.take_while(move |bottom| *bottom <= last);
    ranges.map(move |bottom| (bottom, bottom.saturating_add(step - 1).min(last))).take(PAGE_RANGES_MAX)
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
    let too_many = RuleError::AboveLimit { what: "A count of the gallery", limit: u64::MAX, actual: u64::MAX };
    number.checked_add(1).ok_or(too_many)
}
