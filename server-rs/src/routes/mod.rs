//! The HTTP routes: parse, call, answer. Rules live in the game module, side effects in `assets` and `objects`.

pub mod ai;
pub mod assets;
pub mod auth;
pub mod extract;
pub mod form;
pub mod health;
pub mod idempotency_key;
pub mod objects;
pub mod operations;
pub mod range;
