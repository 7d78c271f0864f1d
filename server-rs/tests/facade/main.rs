//! The facade as a whole, in process and over real sockets, where no game module is needed. What needs one is
//! tested against the real node in the workspace's `tests` crate.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod ai;
mod auth;
mod config;
mod identity;
mod problems;
mod publish;
mod service;
mod shutdown;
mod store;
mod support;
mod upload;
