//! When each member moves: at fixed times that no answer can put off.

use std::time::{Duration, Instant};

use crate::pacer::Window;

/// The times of a run, the same for all its members.
#[derive(Clone, Copy)]
pub struct Schedule {
    pub window: Window,
    /// Between two moves of a member.
    pub interval: Duration,
    /// Members of all rooms, spread evenly over the interval.
    pub members: u32,
}

impl Schedule {
    /// When the member makes its move with this number; nothing after the end.
    pub fn due(&self, member: u32, number: u32) -> Option<Instant> {
        let due = self.window.begin + self.interval * number + self.phase(member);
        (due < self.window.end).then_some(due)
    }

    /// How many moves of the member count.
    pub fn counted(&self, member: u32) -> u64 {
        (0..).map_while(|number| self.due(member, number)).filter(|&due| self.window.counts(due)).count() as u64
    }

    /// The moment on the clock of the run, which a move carries with it.
    pub fn micros(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.window.begin).as_micros()).unwrap_or(u64::MAX)
    }

    /// The number of the member's move that carries this moment with it.
    pub fn number(&self, member: u32, micros: u64) -> u32 {
        let since_first = Duration::from_micros(micros).saturating_sub(self.phase(member));
        // Rounded, because the moment was cut to whole microseconds.
        since_first.div_duration_f64(self.interval).round() as u32
    }

    fn phase(&self, member: u32) -> Duration {
        self.interval.mul_f64(f64::from(member) / f64::from(self.members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_spread_and_moves_end_with_the_run() {
        let millis = Duration::from_millis;
        let window = Window::beginning_now(millis(100), millis(200));
        let schedule = Schedule { window, interval: millis(100), members: 4 };
        assert_eq!(schedule.due(0, 0), Some(window.begin));
        assert_eq!(schedule.due(1, 2), Some(window.begin + millis(225)));
        assert_eq!(schedule.due(3, 2), Some(window.begin + millis(275)));
        assert_eq!(schedule.due(0, 3), None);
        assert_eq!(schedule.counted(1), 2);
        assert_eq!(schedule.micros(window.begin + millis(225)), 225_000);
        assert_eq!((schedule.number(1, 225_000), schedule.number(3, 275_000), schedule.number(0, 0)), (2, 2, 0));
        // As the third of three members carries it: a third of a microsecond was cut off.
        let thirds = Schedule { members: 3, ..schedule };
        assert_eq!(thirds.number(2, 166_666), 1);
    }
}
