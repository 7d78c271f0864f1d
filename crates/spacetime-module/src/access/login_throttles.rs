//! How often a number, an address or an account may do something that costs.

use module_access::{THROTTLES_MAX, ThrottleRule, ThrottleState};
use spacetimedb::TimeDuration;

use crate::*;

/// Uses of something in the present window of time.
#[table(accessor = login_throttle)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginThrottle {
    /// What is counted, such as `sms-address:` and a hash of the address.
    #[primary_key]
    pub key: String,
    /// When the window began.
    pub begun_at: Timestamp,
    /// Uses since then.
    pub uses: u32,
    /// When the window ends and the row can go.
    #[index(btree)]
    pub ends_at: Timestamp,
}

/// At most so many uses in a window, which begins with the first use.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct LoginThrottleRule {
    /// What is counted.
    pub key: String,
    /// The most uses; with 0 there are none.
    pub uses_max: u32,
    /// Length of the window in seconds; up to a week.
    pub window_s: u32,
}

/// A refusal because something was done too often. Nothing was counted.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginThrottled {
    /// Seconds after which it is worth trying again.
    pub retry_after_s: u32,
}

/// Counts one use under each of these rules, or under none of them if one of them refuses.
///
/// The outer error is for rules that cannot be: `limit_exceeded`, `invalid_argument`.
pub(crate) fn spend_throttles(
    ctx: &ReducerContext,
    rules: &[LoginThrottleRule],
) -> Result<Result<(), LoginThrottled>, DomainError> {
    module_rules::check_limit("The number of throttles", THROTTLES_MAX as u64, rules.len() as u64)?;
    let now_micros = ctx.timestamp.to_micros_since_unix_epoch();
    let mut spent = Vec::new();
    for rule in rules {
        let limit = ThrottleRule { uses_max: rule.uses_max, window_s: rule.window_s };
        module_access::check_throttle(&rule.key, limit)?;
        let row = ctx.db.login_throttle().key().find(&rule.key);
        let state =
            row.map(|row| ThrottleState { begun_at_micros: row.begun_at.to_micros_since_unix_epoch(), uses: row.uses });
        match module_access::spend(state, limit, now_micros) {
            Ok(state) => spent.push((rule, state)),
            Err(retry_after_s) => return Ok(Err(LoginThrottled { retry_after_s })),
        }
    }
    for (rule, state) in spent {
        let begun_at = Timestamp::from_micros_since_unix_epoch(state.begun_at_micros);
        let window = TimeDuration::from_micros(i64::from(rule.window_s) * 1_000_000);
        let ends_at = begun_at.checked_add(window).unwrap_or(begun_at);
        let row = LoginThrottle { key: rule.key.clone(), begun_at, uses: state.uses, ends_at };
        ctx.db.login_throttle().key().insert_or_update(row);
    }
    ensure_login_sweep(ctx)?;
    Ok(Ok(()))
}
