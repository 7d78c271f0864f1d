//! A worker's hold on a task: who, under which token, and until when.

use module_rules::{RuleError, TextRule, check_limit};

/// Longest lease token, in bytes.
pub const LEASE_TOKEN_LENGTH_MAX: usize = 64;
/// Shortest lease, in seconds.
pub const LEASE_SECONDS_MIN: u32 = 5;
/// Longest lease, in seconds: fifteen minutes. Work that takes longer renews it.
pub const LEASE_SECONDS_MAX: u32 = 15 * 60;
const MICROS_PER_SECOND: i64 = 1_000_000;

const LEASE_TOKEN: TextRule = TextRule {
    field: "lease_token",
    length: "The length of `lease_token` in bytes",
    length_max: LEASE_TOKEN_LENGTH_MAX,
    rule: "use visible ASCII characters without spaces",
    accepts: |token| token.bytes().all(|byte| byte.is_ascii_graphic()),
};

/// One worker's hold on one task. All facades have the same role and may even share an identity,
/// so the token, which the worker makes anew for each lease, is what tells leases apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease<P> {
    /// Who took it.
    pub holder: P,
    /// Chosen by the holder for this lease alone.
    pub token: String,
    /// When it runs out; once it has ended, when that was.
    pub expires_at: i64,
}

impl<P: PartialEq> Lease<P> {
    /// Whether this is the lease that `holder` took under `token`.
    pub fn is_of(&self, holder: &P, token: &str) -> bool {
        self.holder == *holder && self.token == token
    }

    /// Whether it has run out by `now`.
    pub const fn has_run_out(&self, now: i64) -> bool {
        self.expires_at <= now
    }
}

/// Errors: `AboveLimit`, `Malformed`.
pub fn check_lease_token(token: &str) -> Result<(), RuleError> {
    LEASE_TOKEN.check(token)
}

/// Errors: `Malformed` or `AboveLimit` unless [`LEASE_SECONDS_MIN`] ≤ `seconds` ≤ [`LEASE_SECONDS_MAX`].
pub fn check_lease_seconds(seconds: u32) -> Result<(), RuleError> {
    if seconds < LEASE_SECONDS_MIN {
        return Err(RuleError::Malformed { field: "lease_seconds", rule: "a lease lasts at least 5 seconds" });
    }
    check_limit("The length of a lease in seconds", u64::from(LEASE_SECONDS_MAX), u64::from(seconds))
}

/// When a lease taken or renewed at `now` for so many seconds runs out.
pub fn lease_expiry(now: i64, seconds: u32) -> i64 {
    now.saturating_add(i64::from(seconds) * MICROS_PER_SECOND)
}
