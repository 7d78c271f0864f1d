//! Roles, and the guard that stands at the top of every entry point.

mod accounts;
mod grants;
mod guard;

pub use accounts::*;
pub use grants::*;
pub(crate) use guard::*;
