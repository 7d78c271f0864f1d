//! Rules of world creation, publishing and the gallery.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own.

mod agent;
mod cards;
mod compile;
mod creation;
mod entries;
mod gallery;
mod profile;
mod publishing;

pub use agent::*;
pub use cards::*;
pub use compile::*;
pub use creation::*;
pub use entries::*;
pub use gallery::*;
pub use profile::*;
pub use publishing::*;
