//! The main story of each domain, as a client plays it: the real node, the real module, the Rust
//! SDK with the generated bindings.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod ai;
mod benchmark;
mod big_fish;
mod combat;
mod custom_world_creation;
mod custom_world_publishing;
mod inventory;
mod migration;
mod npc;
mod progression;
mod puzzle;
mod quest;
mod runtime;
mod runtime_item;
mod scene;
mod seed;
mod story;
