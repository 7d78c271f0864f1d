//! Players' identity as they meet it: the real facade before a real node, against login providers of others' making.

#![allow(clippy::unwrap_used, reason = "stand-ins answer requests and cannot return errors")]

mod access_tokens;
mod browser;
mod devices;
mod examples;
mod headless;
mod hostile_provider;
mod linking;
mod oidc;
mod phones;
mod refreshing;
mod roles;
mod two_facades;
mod world;
