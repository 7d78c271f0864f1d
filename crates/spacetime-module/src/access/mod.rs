//! Roles, and the guard that stands at the top of every entry point.

mod grants;
mod guard;

pub use grants::*;
pub(crate) use guard::*;
