//! What the rules of all domains share: their refusals, the checks of texts and keys, pages and
//! front pages, ways to look at few of many rows, what Moderators hold back, and chance from seeds.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own.

mod error;
mod front_page;
mod idempotency;
mod moderation;
mod page;
mod random;
mod spans;
mod text;

pub use error::{RuleError, check_limit, check_same, next_number};
pub use front_page::{Arrival, FRONT_PAGE_LENGTH, arrival};
pub use idempotency::{
    IDEMPOTENCY_KEY_LENGTH_MAX, IDEMPOTENCY_KEY_LIFETIME_MICROS, check_idempotency_key, check_repetition,
};
pub use moderation::{HELD_REASON_LENGTH_MAX, check_held_reason, check_not_held};
pub use page::{PAGE_LENGTH_MAX, PAGE_RANGES_MAX, PageBuilder, PlaceRange, check_page_length, ranges_down, ranges_up};
pub use random::SplitMix64;
pub use spans::widening_spans;
pub use text::{SHA256_DIGITS, TextRule, is_lower_alphanumeric_or};
