//! Battles, from their beginning to what a victory brings.

mod beginning;
mod ending;
mod refusals;
mod rounds;
mod scene;
mod things;

pub use scene::{Scene, insert_story};
