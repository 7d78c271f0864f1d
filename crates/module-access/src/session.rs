//! Logins on devices: how long they last, and what a refresh token may still do.
//!
//! Each use of a refresh token replaces it. The tokens of one login form a family, in which exactly one is unspent.

const SECOND_MICROS: i64 = 1_000_000;
const DAY_MICROS: i64 = 24 * 60 * 60 * SECOND_MICROS;

/// A device that has not refreshed its login for this long is logged out: 30 days.
pub const SESSION_IDLE_MICROS: i64 = 30 * DAY_MICROS;
/// No login lasts longer than this: 365 days.
pub const SESSION_LIFE_MICROS: i64 = 365 * DAY_MICROS;
/// The most devices on which a player is logged in; one more ends the login that was used longest ago.
pub const SESSIONS_MAX: usize = 32;
/// How many spent tokens of a family are remembered. At one use every 15 minutes these are five days; a still older
/// token is refused as unknown, and only does not end the family.
pub const SPENT_TOKENS_MAX: u32 = 512;
/// How long a client that never got the answer may repeat its request.
const REPEAT_GRACE_MICROS: i64 = 60 * SECOND_MICROS;

/// What becomes of a refresh token that was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenUse {
    /// It is the family's unspent token: spend it and give its successor.
    Rotate,
    /// Its answer was lost, or two windows of one browser asked at once: give the same successor again.
    Repeat,
    /// It was spent for good, so two parties hold it, and nobody can tell which is the player: end the family.
    Replay,
}

/// Decides what becomes of a token. `successor_is_unspent` counts only for a token that was spent.
pub fn judge_token(spent_at_micros: Option<i64>, successor_is_unspent: bool, now_micros: i64) -> TokenUse {
    match spent_at_micros {
        None => TokenUse::Rotate,
        Some(spent_at) if successor_is_unspent && now_micros.saturating_sub(spent_at) <= REPEAT_GRACE_MICROS => {
            TokenUse::Repeat
        }
        Some(_) => TokenUse::Replay,
    }
}

/// When a login ends that began and was last used at these times.
pub fn session_end(begun_at_micros: i64, used_at_micros: i64) -> i64 {
    let idle = used_at_micros.saturating_add(SESSION_IDLE_MICROS);
    idle.min(begun_at_micros.saturating_add(SESSION_LIFE_MICROS))
}
