//! Which of two finished runs is better, and who leads.

/// Most leaders of one puzzle.
pub const LEADERS_MAX: usize = 20;
/// How many of a player's results are kept; the one without a run for longest goes.
pub const RESULTS_PER_PLAYER_MAX: usize = 500;

/// What a finished run took. Less is better: fewer moves first, because they do not depend on the
/// player's connection, then less time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score {
    /// Number of moves.
    pub moves: u32,
    /// Time from beginning to end, in microseconds.
    pub elapsed_micros: i64,
}

impl Score {
    /// The score of a run, its times in microseconds since the epoch.
    pub const fn new(moves: u32, begun_at: i64, finished_at: i64) -> Score {
        let elapsed = finished_at.saturating_sub(begun_at);
        Score { moves, elapsed_micros: if elapsed < 0 { 0 } else { elapsed } }
    }
}

/// Whom to drop so that no more than [`LEADERS_MAX`] lead: the worst, and of equals the one who
/// came last. `None` while there is room.
///
/// Each leader has a score, a time at which it was achieved, and an id.
pub fn last_place<Time: Copy + Ord, Id: Copy>(leaders: &[(Score, Time, Id)]) -> Option<Id> {
    let worst = leaders.iter().max_by_key(|(score, achieved_at, _)| (*score, *achieved_at));
    worst.filter(|_| leaders.len() > LEADERS_MAX).map(|(_, _, id)| *id)
}
