//! The curve from experience to levels.
//!
//! Each level takes 100 points more than the one before: level 2 is reached at 100 points in all,
//! level 3 at 300, level 4 at 600. Above the last level experience still counts, but raises
//! nothing.

use module_rules::RuleError;

/// The last level.
pub const LEVEL_MAX: u32 = 100;
/// The most points that one battle or quest can give; whatever a world promises beyond that is
/// not given.
pub const AWARD_MAX: u64 = 100_000;

const POINTS_PER_STEP: u64 = 100;

/// What an award does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gain {
    /// Points that were given.
    pub awarded: u64,
    /// All points after it.
    pub experience: u64,
    /// Level before it.
    pub level_before: u32,
    /// Level after it.
    pub level_after: u32,
}

/// The points at which a level is reached, for levels 1 to [`LEVEL_MAX`]; a level beyond the last
/// is reached with the last.
pub fn experience_of_level(level: u32) -> u64 {
    let level = u64::from(level.clamp(1, LEVEL_MAX));
    POINTS_PER_STEP * level * (level - 1) / 2
}

/// The level that this many points are worth, from 1 to [`LEVEL_MAX`].
pub fn level_of(experience: u64) -> u32 {
    let reached = |level: &u32| experience >= experience_of_level(*level);
    (2..=LEVEL_MAX).take_while(reached).last().unwrap_or(1)
}

/// The points at which the next level is reached, unless this is the last.
pub fn next_level_at(level: u32) -> Option<u64> {
    (level < LEVEL_MAX).then(|| experience_of_level(level.saturating_add(1)))
}

/// Adds an award of `amount` points, or of [`AWARD_MAX`] if that is less, to the points of a
/// player or of a chapter.
///
/// Errors: `AboveLimit` if there would be more points than can be counted.
pub fn gain(experience: u64, amount: u64) -> Result<Gain, RuleError> {
    let awarded = amount.min(AWARD_MAX);
    let total = experience.checked_add(awarded).ok_or(RuleError::AboveLimit {
        what: "The experience of a player",
        limit: u64::MAX,
        actual: u64::MAX,
    })?;
    Ok(Gain { awarded, experience: total, level_before: level_of(experience), level_after: level_of(total) })
}
