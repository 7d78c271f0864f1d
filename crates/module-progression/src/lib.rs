//! Rules of experience, levels and what they unlock.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own.

mod experience;
mod unlocking;

pub use experience::{AWARD_MAX, Gain, LEVEL_MAX, experience_of_level, gain, level_of, next_level_at};
pub use unlocking::is_unlocked;
