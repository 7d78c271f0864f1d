//! Affinity and mood, and how the word about an interaction gets around.

use crate::{Memory, WEIGHT_PER_POINT, faded};

/// The least affinity.
pub const AFFINITY_MIN: i32 = -100;
/// The greatest affinity.
pub const AFFINITY_MAX: i32 = 100;
/// Most characters whose affinity one interaction with another character changes.
pub const AFFINITY_SHARED_MAX: usize = 50;

/// How a character feels, which follows from its affinity and from what it remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mood {
    /// A score of -60 or less.
    Hostile,
    /// A score of -20 or less.
    Sullen,
    /// Neither.
    Calm,
    /// A score of 20 or more.
    Friendly,
    /// A score of 60 or more.
    Delighted,
}

/// The mood of a character: fresh memories count on top of the affinity that they have changed.
pub fn mood(affinity: i32, memories: &[Memory], now: i64) -> Mood {
    let weight: i32 = memories.iter().fold(0, |sum: i32, memory| sum.saturating_add(faded(memory, now)));
    match affinity.saturating_add(weight / WEIGHT_PER_POINT) {
        ..=-60 => Mood::Hostile,
        -59..=-20 => Mood::Sullen,
        -19..=19 => Mood::Calm,
        20..=59 => Mood::Friendly,
        60.. => Mood::Delighted,
    }
}

/// A number as an affinity.
pub fn clamped(affinity: i32) -> i32 {
    affinity.clamp(AFFINITY_MIN, AFFINITY_MAX)
}

/// The affinity after a change; it stops at either end.
pub fn shifted(affinity: i32, change: i32) -> i32 {
    clamped(affinity.saturating_add(change))
}

/// How the affinity of a bystander changes when another character's has changed by `change`: half
/// of it at most, the same way if the bystander likes that one (`stand` above 0), the other way
/// if it does not, rounded towards nothing.
pub fn echo(change: i32, stand: i32) -> i32 {
    change.saturating_mul(clamped(stand)) / (2 * AFFINITY_MAX)
}
