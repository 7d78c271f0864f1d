//! What stands around every route.

mod compression;
mod cors;
mod heads;
mod hostile;
mod limits;
mod program;
mod raw;
mod slow;
