//! What one member has seen of the others in its room, and itself.

use super::schedule::Schedule;
use super::speech::{Move, Seat};
use crate::recorder::Recorder;

/// How far a member is in seeing the moves of each seat.
pub struct Sight {
    schedule: Schedule,
    /// The member in the first seat of the room.
    first: u32,
    /// The number of the move that each seat is to make next.
    next: Vec<u32>,
}

impl Sight {
    /// Nothing was seen yet from this seat of a room with so many.
    pub fn new(schedule: Schedule, seat: Seat, seats: u32) -> Self {
        Self { schedule, first: seat.member - seat.seat, next: vec![0; seats as usize] }
    }

    /// Counts every move once: a server that sends whole states repeats what has not changed.
    ///
    /// A system that collects moves never shows one that a later one of the same member has overtaken. Whoever sees the
    /// later one misses nothing any more, so the earlier one took until now; but it is not among those that were shown.
    pub fn note(&mut self, Move { member, sent_micros, .. }: Move, recorder: &mut Recorder) {
        let Some(next) = member.checked_sub(self.first).and_then(|seat| self.next.get_mut(seat as usize)) else {
            return;
        };
        let shown = self.schedule.number(member, sent_micros);
        for number in *next..=shown {
            let Some(due) = self.schedule.due(member, number) else { continue };
            if number == shown {
                recorder.answered(due, true);
            } else {
                recorder.unanswered(due);
            }
        }
        *next = (*next).max(shown + 1);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::pacer::Window;

    #[test]
    fn a_move_that_a_later_one_overtook_took_until_then_and_was_not_shown() -> anyhow::Result<()> {
        let millis = Duration::from_millis;
        let begin = Instant::now() - millis(1_000);
        let window = Window { begin, measured: begin, end: begin + millis(10_000) };
        let schedule = Schedule { window, interval: millis(100), members: 40 };
        let mut recorder = Recorder::new(window)?;
        let mut sight = Sight::new(schedule, Seat { room: 1, seat: 3, member: 23 }, 20);
        // The first member of the room moves every 100 ms from 50 ms on. Its second move is overtaken, its third one
        // repeated; what comes of another room does not count.
        for (member, sent_micros) in [(20, 50_000), (20, 250_000), (20, 250_000), (20, 150_000), (19, 47_500)] {
            sight.note(Move { member, x: 0.0, y: 0.0, sent_micros }, &mut recorder);
        }
        let summary = serde_json::to_value(recorder.summary())?;
        assert_eq!(summary["due"], 3);
        assert_eq!(summary["calls"], 2);
        assert_eq!(summary["unanswered"], 1);
        // The third was due 750 ms ago, the overtaken one 850 and the first one 950.
        assert!(summary["p50_ms"].as_f64() > Some(849.0), "{summary}");
        Ok(())
    }
}
