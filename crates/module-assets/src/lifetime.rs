//! How long an announced upload may stay unconfirmed, and how many objects may wait.

use module_rules::{RuleError, check_limit};

/// How long an announced upload waits for its confirmation: one hour, in microseconds.
pub const PENDING_UPLOAD_LIFETIME_MICROS: i64 = 60 * 60 * 1_000_000;
/// Most objects of one owner that are pending or whose bytes wait to be removed.
pub const UNSETTLED_OBJECTS_MAX: u64 = 1_000;
/// Most objects that one call lists or forgets.
pub const LISTING_LENGTH_MAX: u64 = 500;

/// When an upload announced at `registered_at` expires (both in microseconds since the epoch).
pub const fn expiry_of(registered_at: i64) -> i64 {
    registered_at.saturating_add(PENDING_UPLOAD_LIFETIME_MICROS)
}

/// Whether an upload that expires at `expires_at` has expired by `now`.
pub const fn is_expired(expires_at: i64, now: i64) -> bool {
    expires_at <= now
}

/// Errors: `AboveLimit` if an owner of `unsettled` such objects may not announce another.
pub fn check_unsettled_count(unsettled: u64) -> Result<(), RuleError> {
    check_limit(
        "The number of a player's objects that are pending or await removal",
        UNSETTLED_OBJECTS_MAX,
        unsettled.saturating_add(1),
    )
}

/// Errors: `Malformed` or `AboveLimit` unless 1 ≤ `length` ≤ [`LISTING_LENGTH_MAX`].
pub fn check_listing_length(field: &'static str, length: u64) -> Result<(), RuleError> {
    if length == 0 {
        return Err(RuleError::Malformed { field, rule: "ask for at least one object" });
    }
    check_limit("The number of objects in one call", LISTING_LENGTH_MAX, length)
}
