//! Quest rules: the life of a quest, and the progress of its objectives.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own.

mod acceptance;
mod progress;
mod status;

pub use acceptance::{
    ACTIVE_QUESTS_MAX, ATTEMPTS_MAX, QUEST_OFFERS_MAX, check_active_quests, check_attempt, check_chapter, check_giver,
    check_quest_key, check_requirement,
};
pub use progress::{advanced, is_met};
pub use status::{Status, Step, transition};
