//! Characters: affinity, mood, memories, relations, and what interactions do to them.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own. Times are microseconds since
//! the Unix epoch and come from the caller. Affinity is a whole number from -100 to 100.

mod affinity;
mod interaction;
mod memory;

pub use affinity::{AFFINITY_MAX, AFFINITY_MIN, AFFINITY_SHARED_MAX, Mood, clamped, echo, mood, shifted};
pub use interaction::{
    APOLOGY_GAIN, COOLDOWN_MICROS, Cooldowns, Effect, GIFT_QUANTITY_MAX, HELP_GAIN, INSULT_LOSS, Interaction,
    NOTE_LENGTH_MAX, TALK_GAIN, UNWILLING_AT, check_character_key, check_item_key, check_note, interact,
};
pub use memory::{
    MEMORIES_MAX, MEMORY_HALF_LIFE_MICROS, Memory, MemoryKind, WEIGHT_PER_POINT, faded, recalled, remember,
};
