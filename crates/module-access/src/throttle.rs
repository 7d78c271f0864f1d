//! How often something may be done in a window of time.

use module_rules::{RuleError, TextRule, check_limit};

/// The most rules that one request is held against.
pub const THROTTLES_MAX: usize = 8;

const WINDOW_S_MAX: u64 = 7 * 24 * 60 * 60;
const SECOND_MICROS: i64 = 1_000_000;

const KEY: TextRule = TextRule {
    field: "key",
    length: "The length of a throttle's `key` in bytes",
    length_max: 128,
    rule: "use visible ASCII characters without spaces",
    accepts: |key| key.bytes().all(|byte| byte.is_ascii_graphic()),
};

/// At most so many uses in a window, which begins with the first use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleRule {
    /// The most uses; with 0 there are none.
    pub uses_max: u32,
    /// Length of the window in seconds.
    pub window_s: u32,
}

/// The uses in the present window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleState {
    /// When the window began.
    pub begun_at_micros: i64,
    /// Uses since then.
    pub uses: u32,
}

/// Errors: `AboveLimit`, `Malformed` if the rule's key or window cannot be.
pub fn check_throttle(key: &str, rule: ThrottleRule) -> Result<(), RuleError> {
    KEY.check(key)?;
    check_limit("The window of a throttle in seconds", WINDOW_S_MAX, rule.window_s.into())
}

/// The state after one more use.
///
/// Errors: the seconds until the window ends, if its uses are spent.
pub fn spend(state: Option<ThrottleState>, rule: ThrottleRule, now_micros: i64) -> Result<ThrottleState, u32> {
    let window_micros = i64::from(rule.window_s) * SECOND_MICROS;
    let ends_at = |state: &ThrottleState| state.begun_at_micros.saturating_add(window_micros);
    let present = state.filter(|state| now_micros < ends_at(state));
    let state = present.unwrap_or(ThrottleState { begun_at_micros: now_micros, uses: 0 });
    if state.uses < rule.uses_max {
        return Ok(ThrottleState { uses: state.uses.saturating_add(1), ..state });
    }
    let left_micros = ends_at(&state).saturating_sub(now_micros);
    Err(u32::try_from(left_micros / SECOND_MICROS).unwrap_or(rule.window_s).saturating_add(1))
}
