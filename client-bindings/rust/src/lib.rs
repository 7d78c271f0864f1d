//! Worldloom for Rust game clients: connect, subscribe and call with types.
//!
//! Everything here is generated from the game module's schema; the README shows its use.

mod module_bindings;

pub use module_bindings::*;
