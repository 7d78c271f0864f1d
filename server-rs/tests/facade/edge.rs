//! What stands around every route.

mod compression;
mod cors;
mod heads;
mod hostile;
mod limits;
pub mod program;
pub mod raw;
mod slow;
