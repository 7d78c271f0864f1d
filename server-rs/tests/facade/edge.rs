//! What stands around every route.

mod compression;
mod cors;
mod heads;
mod limits;
mod raw;
mod slow;
