//! The facade as a whole, in process and over real sockets, where no game module is needed. What needs one is
//! tested against the real node in the workspace's `tests` crate.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod ai;
mod audit;
mod auth;
mod config;
mod contract;
mod edge;
mod identity;
mod objects;
mod pictures;
mod problems;
mod publish;
#[path = "../../../tests/src/s3_server.rs"]
#[allow(dead_code, reason = "the end-to-end tests use more of it")]
mod s3_server;
mod service;
mod shutdown;
mod store;
mod support;
mod traces;
mod upload;
