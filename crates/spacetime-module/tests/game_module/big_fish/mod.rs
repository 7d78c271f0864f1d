//! The eat-or-be-eaten game: its creation, and its runs.

mod conversation;
mod creation;
mod gallery;
mod moderation;
mod publishing;
mod runs;
mod slots;
pub mod studio;
mod ticks;
