//! Rules of rolled items and treasures: what chance decides, within which bounds, from a seed.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own. The same seed gives the same
//! result, on every machine and in every release: a change of [`Rolls`] changes what an old seed
//! explains.

mod attributes;
mod loot;
mod rolls;
mod treasure;

pub use attributes::{ATTRIBUTES_MAX, AttributeRange, RolledAttribute, roll_attributes};
pub use loot::{LOOT_DRAWS_MAX, LOOT_ENTRIES_MAX, Loot, draw_loot, slots_needed};
pub use rolls::Rolls;
pub use treasure::{Guardian, check_openable, check_treasure_key};
