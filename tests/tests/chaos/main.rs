//! `cargo xtask chaos`: its checks against histories that are wrong, and a short run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod callers;
mod order;
mod plan;
mod prefix;
mod preload;
mod progress;
mod refusals;
mod saves;
mod smoke;
mod stories;
mod streams;
mod texts;
mod uploads;
mod wallets;
mod wires;
