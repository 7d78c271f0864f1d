//! Access rules: which roles exist, whom an entry point admits, and for whom a call acts.
//!
//! Pure: no engine, no clock, no storage. The module looks the roles up and asks here.

mod admission;
mod role;

pub use admission::{AccessError, Admits, Origin, acting_player, admit, check_revocation};
pub use role::{Role, RoleSet};
