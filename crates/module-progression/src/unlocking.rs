//! What a level unlocks.

/// Whether a player of this level may enter a chapter.
pub const fn is_unlocked(required_level: u32, level: u32) -> bool {
    required_level <= level
}
