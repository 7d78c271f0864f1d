//! Rust client of the Worldloom game module, for the official SDK.
//!
//! Everything here is written from the module's schema by `cargo xtask bindings`.

mod module_bindings;

pub use module_bindings::*;
