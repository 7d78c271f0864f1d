//! The node as its clients meet it: the real process, real modules, plain HTTP, WebSockets and
//! the official SDK.
//!
//! The modules mirror the node's own: [`publish`], [`call`] and their neighbours are routes,
//! [`websocket`] is the subscription protocols, [`start`], [`stopping`], [`durability`], [`damaged`] and
//! [`history`] are the process and its data, [`cli`] is the commands that talk to it. [`answers`], [`programs`],
//! [`socket`], [`issuer`] and [`outside`] are what they share.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod issuer;
mod outside;
mod programs;
mod socket;

mod call;
mod cli;
mod damaged;
mod durability;
mod environment;
mod history;
mod identity;
mod inter_database;
mod logs;
mod module_http;
mod names;
mod owner;
mod publish;
mod schedule;
mod sdk;
mod service;
mod sql;
mod start;
mod stopping;
mod views;
mod websocket;

#[path = "../../../crates/spacetime-bindgen/tests/snapshots/rust/module_bindings/mod.rs"]
mod zoo;
