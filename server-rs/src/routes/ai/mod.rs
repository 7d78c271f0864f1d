//! Generation tasks over HTTP, for clients that speak no SDK.

pub mod create;
pub mod events;
pub mod record;
pub mod task;
mod telling;
