//! How long a player has played, told from the moments at which a story went on.

/// The longest pause within play: 10 minutes, in microseconds.
pub const PAUSE_MICROS_MAX: i64 = 10 * 60 * 1_000_000;

const MICROS_PER_MINUTE: u64 = 60 * 1_000_000;

/// What the time from `last` to `now` adds to the time played, in microseconds.
///
/// A longer pause than [`PAUSE_MICROS_MAX`] adds nothing: the player was away, and nobody knows
/// for how much of it. Neither does a clock that went back.
pub fn played_between(last: i64, now: i64) -> u64 {
    match now.checked_sub(last) {
        Some(pause) if pause <= PAUSE_MICROS_MAX => u64::try_from(pause).unwrap_or(0),
        Some(_) | None => 0,
    }
}

/// Whole minutes in `micros`.
pub const fn minutes(micros: u64) -> u64 {
    micros / MICROS_PER_MINUTE
}
