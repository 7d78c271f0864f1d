//! Worldloom for Rust game clients: connect, subscribe and call with types.
//!
//! Everything but this file is generated from the game module's schema; the README shows its use.

mod module_bindings;

pub use module_bindings::*;
/// The SDK's traits whose methods connections and tables have.
pub use spacetimedb_sdk::{DbContext, EventTable, Table, TableWithPrimaryKey};
