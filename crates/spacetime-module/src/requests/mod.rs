//! Requests that may be repeated under an idempotency key.

mod replays;

pub use replays::*;
