//! The main story of each domain, as a client plays it: the real node, the real module, the Rust
//! SDK with the generated bindings.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod combat;
mod inventory;
mod npc;
mod progression;
mod quest;
mod runtime;
mod runtime_item;
mod scene;
mod story;
