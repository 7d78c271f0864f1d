//! Worldloom for Rust game clients: connect, subscribe and call with types.
//!
//! Everything but this file is generated from the game module's schema; the README shows its use.

mod module_bindings;

use std::fmt;

pub use module_bindings::*;
/// The SDK's traits whose methods connections and tables have.
pub use spacetimedb_sdk::{DbContext, EventTable, Table, TableWithPrimaryKey};

/// The sentence for people; [`DomainError::code`] is for programs.
impl fmt::Display for DomainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DomainError {}
