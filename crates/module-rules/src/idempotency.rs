//! Keys under which a caller may repeat a request and get the first result.

use crate::{RuleError, TextRule};

/// The most bytes of an idempotency key.
pub const IDEMPOTENCY_KEY_LENGTH_MAX: usize = 128;

/// How long a key is remembered, in microseconds: 30 days.
pub const IDEMPOTENCY_KEY_LIFETIME_MICROS: i64 = 30 * 24 * 60 * 60 * 1_000_000;

const KEY: TextRule = TextRule {
    field: "idempotency_key",
    length: "The length of `idempotency_key` in bytes",
    length_max: IDEMPOTENCY_KEY_LENGTH_MAX,
    rule: "use visible ASCII characters without spaces",
    accepts: |key| key.bytes().all(|byte| byte.is_ascii_graphic()),
};

/// Errors: `AboveLimit`, `Malformed`.
pub fn check_idempotency_key(key: &str) -> Result<(), RuleError> {
    KEY.check(key)
}

/// Holds a repeated request against the first one under its key, by their fingerprints.
///
/// Errors: `Differs` if the requests are not the same.
pub fn check_repetition<F: PartialEq>(first: F, repeated: F) -> Result<(), RuleError> {
    if first == repeated {
        return Ok(());
    }
    let (expected, actual) = ("the one first sent under it".to_owned(), "another one".to_owned());
    Err(RuleError::Differs { what: "The request of this `idempotency_key`", expected, actual })
}
