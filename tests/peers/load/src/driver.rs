//! Keeps one connection busy: sends calls when they are due and there is room, and times their answers.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::time::timeout_at;

use crate::pacer::{Pace, Window};
use crate::recorder::Recorder;

/// How long after the end answers are waited for.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The answer to a call.
pub struct Answer {
    /// The number that the call was sent under.
    pub slot: usize,
    /// Whether the call was accepted.
    pub is_accepted: bool,
}

/// A client's connection, whatever it speaks.
pub trait Connection {
    /// Writes the next call into the buffer of what is to be sent.
    fn write_call(&mut self, slot: usize) -> impl Future<Output = anyhow::Result<()>>;
    /// Sends the buffer.
    fn flush(&mut self) -> impl Future<Output = anyhow::Result<()>>;
    /// Waits for at least one answer. Giving up the wait loses nothing.
    fn read_answers(&mut self, answers: &mut Vec<Answer>) -> impl Future<Output = anyhow::Result<()>>;
}

/// Makes calls until the pace ends and all are answered; at most `depth` are under way at any time.
pub async fn drive<C: Connection>(
    mut connection: C,
    mut pace: Pace,
    depth: usize,
    window: Window,
) -> anyhow::Result<Recorder> {
    let mut recorder = Recorder::new(window)?;
    let mut sent = vec![window.begin; depth];
    let mut free: Vec<usize> = (0..depth).rev().collect();
    let mut due = VecDeque::new();
    let mut answers = Vec::new();
    let give_up = window.end + PATIENCE;
    let mut is_over = false;
    loop {
        is_over |= collect(&mut pace, &mut due, free.len());
        let mut has_written = false;
        while let (Some(&slot), Some(&at)) = (free.last(), due.front()) {
            connection.write_call(slot).await?;
            has_written = true;
            sent[slot] = at;
            free.pop();
            due.pop_front();
        }
        if has_written {
            connection.flush().await?;
        }
        if is_over && due.is_empty() && free.len() == depth {
            return Ok(recorder);
        }
        let is_patient = wait(&mut connection, &mut pace, &mut due, &mut answers, is_over, give_up).await?;
        for answer in answers.drain(..) {
            let at = sent.get(answer.slot).context("an answer to a call that was never made")?;
            recorder.answered(*at, answer.is_accepted);
            free.push(answer.slot);
        }
        if !is_patient {
            let waiting = (0..depth).filter(|slot| !free.contains(slot)).map(|slot| sent[slot]);
            waiting.chain(due).for_each(|at| recorder.unanswered(at));
            return Ok(recorder);
        }
    }
}

/// Takes what is due by now; true when nothing more will be.
fn collect(pace: &mut Pace, due: &mut VecDeque<Instant>, room: usize) -> bool {
    match pace {
        Pace::Closed { end } => {
            let now = Instant::now();
            if now >= *end {
                return true;
            }
            due.extend(std::iter::repeat_n(now, room));
            false
        }
        Pace::Open(arrivals) => {
            while let Ok(at) = arrivals.try_recv() {
                due.push_back(at);
            }
            arrivals.is_closed() && arrivals.is_empty()
        }
    }
}

/// Waits for answers or, in an open loop, for the next arrival; false when patience is at its end.
async fn wait<C: Connection>(
    connection: &mut C,
    pace: &mut Pace,
    due: &mut VecDeque<Instant>,
    answers: &mut Vec<Answer>,
    is_over: bool,
    give_up: Instant,
) -> anyhow::Result<bool> {
    let either = async {
        match pace {
            Pace::Open(arrivals) if !is_over => tokio::select! {
                read = connection.read_answers(answers) => read?,
                arrival = arrivals.recv() => due.extend(arrival),
            },
            _ => connection.read_answers(answers).await?,
        }
        anyhow::Ok(())
    };
    match timeout_at(give_up.into(), either).await {
        Ok(outcome) => outcome.map(|()| true),
        Err(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pacer::paces;

    /// Answers each call at once, but none before this moment.
    struct Stalling {
        until: Instant,
        waiting: Vec<usize>,
    }

    impl Connection for Stalling {
        async fn write_call(&mut self, slot: usize) -> anyhow::Result<()> {
            self.waiting.push(slot);
            Ok(())
        }

        async fn flush(&mut self) -> anyhow::Result<()> {
            Ok(())
        }

        async fn read_answers(&mut self, answers: &mut Vec<Answer>) -> anyhow::Result<()> {
            if self.waiting.is_empty() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep_until(self.until.into()).await;
            answers.extend(self.waiting.drain(..).map(|slot| Answer { slot, is_accepted: true }));
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_stall_is_charged_to_every_call_that_was_due_meanwhile() -> anyhow::Result<()> {
        let window = Window::beginning_now(Duration::ZERO, Duration::from_millis(400));
        let pace = paces(1, Some(100.0), window).pop().context("there is a pace")?;
        let stalling = Stalling { until: window.begin + Duration::from_millis(300), waiting: Vec::new() };
        let recorder = drive(stalling, pace, 1, window).await?;
        let summary = serde_json::to_value(recorder.summary())?;
        // Thirty of forty calls were due in the stall; with one at a time, a closed loop would have seen one slow call.
        assert!(summary["p50_ms"].as_f64() > Some(50.0), "{summary}");
        assert_eq!(summary["unanswered"], 0);
        Ok(())
    }

    #[tokio::test]
    async fn a_closed_loop_ends_when_all_calls_are_answered() -> anyhow::Result<()> {
        let window = Window::beginning_now(Duration::ZERO, Duration::from_millis(20));
        let pace = paces(1, None, window).pop().context("there is a pace")?;
        let recorder = drive(Stalling { until: window.begin, waiting: Vec::new() }, pace, 4, window).await?;
        let summary = serde_json::to_value(recorder.summary())?;
        assert!(summary["calls"].as_u64() > Some(4), "{summary}");
        Ok(())
    }
}
