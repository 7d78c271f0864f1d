//! Which signing key does what at a time. It follows from the keys' ages alone, so that all facades that share a
//! folder come to the same answer without talking to each other.
//!
//! ```text
//! key 1  ─ signs ──────────────────────────────┬─ published ─┐ gone
//! key 2              made, published ─ ahead ─ ┴─ signs ─────────────
//! ```

/// How long keys do what, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How long a key signs.
    pub rotation_s: u64,
    /// How long a key is published before it signs: longer than verifiers keep what they have fetched.
    pub ahead_s: u64,
    /// How long a key stays published after it signed last: as long as its last token lives, and some leeway.
    pub retention_s: u64,
}

impl Timing {
    /// Position of the key that signs at `now_s`. `made_s` are the times at which the keys were made, in order.
    ///
    /// The very first key signs at once: nobody can have fetched keys before there were any.
    pub fn signing(&self, made_s: &[u64], now_s: u64) -> Option<usize> {
        let ripe = made_s.iter().rposition(|made| made.saturating_add(self.ahead_s) <= now_s);
        ripe.or(if made_s.is_empty() { None } else { Some(0) })
    }

    /// How many of the first keys are over at `now_s`: the last token that they signed has run out.
    pub fn over(&self, made_s: &[u64], now_s: u64) -> usize {
        let long_since = |made: &u64| made.saturating_add(self.ahead_s).saturating_add(self.retention_s) <= now_s;
        // A key ends when a later one takes over, and the later one is ripe for long.
        made_s.iter().rposition(long_since).unwrap_or(0)
    }

    /// Whether the next key is due at `now_s`.
    pub fn next_is_due(&self, made_s: &[u64], now_s: u64) -> bool {
        made_s.last().is_none_or(|made| made.saturating_add(self.rotation_s.saturating_sub(self.ahead_s)) <= now_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMING: Timing = Timing { rotation_s: 1000, ahead_s: 100, retention_s: 50 };

    #[track_caller]
    fn check(made_s: &[u64], now_s: u64, signing: Option<usize>, over: usize, due: bool) {
        let actual = (TIMING.signing(made_s, now_s), TIMING.over(made_s, now_s), TIMING.next_is_due(made_s, now_s));
        assert_eq!(actual, (signing, over, due), "{made_s:?} at {now_s}");
    }

    #[test]
    fn keys_take_turns() {
        check(&[], 0, None, 0, true);
        check(&[0], 0, Some(0), 0, false);
        check(&[0], 899, Some(0), 0, false);
        check(&[0], 900, Some(0), 0, true);
        check(&[0, 900], 999, Some(0), 0, false);
        check(&[0, 900], 1000, Some(1), 0, false);
        check(&[0, 900], 1049, Some(1), 0, false);
        check(&[0, 900], 1050, Some(1), 1, false);
        check(&[900], 1799, Some(0), 0, false);
        check(&[900], 1800, Some(0), 0, true);
    }

    #[test]
    fn two_keys_made_at_once_do_no_harm() {
        check(&[0, 0], 10, Some(0), 0, false);
        check(&[0, 0], 100, Some(1), 0, false);
        check(&[0, 0], 150, Some(1), 1, false);
    }

    #[test]
    fn a_facade_that_slept_through_turns_catches_up() {
        check(&[0], 1_000_000, Some(0), 0, true);
        check(&[0, 1_000_000], 1_000_050, Some(0), 0, false);
    }
}
