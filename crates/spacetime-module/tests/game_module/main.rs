//! The module on the engine's real datastore, without a node: every rule, every refusal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

// The datastore refers to V8, which no test runs; this supplies the symbols.
use v8_absent as _;

mod access;
mod access_matrix;
mod accounts;
mod ai;
mod big_fish;
mod bindings;
mod combat;
mod confirmation;
mod custom_world_creation;
mod custom_world_publishing;
mod domain_docs;
mod expiry;
mod identifiers;
mod inventory;
mod logins;
mod npc;
mod progression;
mod puzzle;
mod quest;
mod reading;
mod reconciliation;
mod registration;
mod removal;
mod requests;
mod role_issuers;
mod runtime;
mod sample_world;
mod sources;
mod story;
mod views;
mod world;
