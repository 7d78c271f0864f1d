//! A conversation with a creation agent, its operations and draft cards.

mod cards;

pub use cards::*;
