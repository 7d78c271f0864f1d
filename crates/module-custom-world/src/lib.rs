//! Rules of world creation, publishing and the gallery.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own.

mod agent;
mod cards;
mod creation;
mod entries;
mod profile;

pub use agent::*;
pub use cards::*;
pub use creation::*;
pub use entries::*;
pub use profile::*;
