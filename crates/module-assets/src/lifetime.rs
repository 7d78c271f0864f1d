//! How long an announced upload may stay unconfirmed, and how many objects may wait.

use module_rules::{RuleError, check_limit, widening_spans};

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

/// Slices of all identities, written in hexadecimal order, both ends included and each wider than the last one.
///
/// Identities are hashes behind two fixed bytes, so a slice holds its share of whatever lies by owner, and an owner has
/// few unsettled objects: who goes through the slices for some objects looks at little more than those.
pub fn owner_slices() -> impl Iterator<Item = ([u8; 32], [u8; 32])> {
    let identity = |hash: i64, rest: u8| {
        let mut bytes = [rest; 32];
        bytes[..2].copy_from_slice(&[0xc2, 0x00]);
        bytes[2..6].copy_from_slice(&(hash as u32).to_be_bytes());
        bytes
    };
    let last = i64::from(u32::MAX);
    widening_spans(0, last).map(move |(from, to)| {
        // What is no hash must not be left out.
        let lowest = if from == 0 { [0; 32] } else { identity(from, 0) };
        let highest = if to == last { [0xff; 32] } else { identity(to, 0xff) };
        (lowest, highest)
    })
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

/// Errors: `Malformed` if nothing can lie between two keys of a listing.
pub fn check_key_range(after_key: &str, until_key: &str) -> Result<(), RuleError> {
    if until_key < after_key {
        return Err(RuleError::Malformed { field: "until_key", rule: "name a key that is not before `after_key`" });
    }
    Ok(())
}
