//! What became of calls.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::latencies::Latencies;
use crate::pacer::Window;

/// The calls of one client, or of all.
pub struct Recorder {
    window: Window,
    latencies: Latencies,
    due: u64,
    answered: u64,
    failed: u64,
    unanswered: u64,
}

/// The line of JSON.
#[derive(Serialize)]
pub struct Summary {
    /// Calls that were due within the measured time.
    due: u64,
    /// Answers that came within the measured time.
    calls: u64,
    /// Calls that were refused.
    failed: u64,
    /// Calls that had no answer long after the end.
    unanswered: u64,
    per_second: f64,
    p50_ms: f64,
    p90_ms: f64,
    p99_ms: f64,
    p999_ms: f64,
    max_ms: f64,
}

impl Recorder {
    /// Nothing yet.
    pub fn new(window: Window) -> anyhow::Result<Self> {
        Ok(Self { window, latencies: Latencies::new()?, due: 0, answered: 0, failed: 0, unanswered: 0 })
    }

    /// An answer to a call that was due then.
    pub fn answered(&mut self, due: Instant, is_accepted: bool) {
        let now = Instant::now();
        if self.window.counts(now) {
            self.answered += 1;
        }
        if self.window.counts(due) {
            self.due += 1;
            self.failed += u64::from(!is_accepted);
            self.latencies.keep(now - due);
        }
    }

    /// No answer to a call that was due then: it took at least until now.
    pub fn unanswered(&mut self, due: Instant) {
        if self.window.counts(due) {
            self.missed(1, due.elapsed());
        }
    }

    /// So many more were due and never came. They count among the latencies as having taken as long as they were
    /// waited for, so that a system gains nothing by losing what is late.
    pub fn missed(&mut self, count: u64, waited: Duration) {
        self.due += count;
        self.unanswered += count;
        self.latencies.keep_many(waited, count);
    }

    /// What was due within the measured time.
    pub fn due(&self) -> u64 {
        self.due
    }

    /// Takes over what another client has measured.
    pub fn add(&mut self, other: &Self) -> anyhow::Result<()> {
        self.latencies.add(&other.latencies)?;
        self.due += other.due;
        self.answered += other.answered;
        self.failed += other.failed;
        self.unanswered += other.unanswered;
        Ok(())
    }

    /// The figures.
    pub fn summary(&self) -> Summary {
        Summary {
            due: self.due,
            calls: self.answered,
            failed: self.failed,
            unanswered: self.unanswered,
            per_second: self.answered as f64 / self.window.seconds(),
            p50_ms: self.latencies.millis(0.5),
            p90_ms: self.latencies.millis(0.9),
            p99_ms: self.latencies.millis(0.99),
            p999_ms: self.latencies.millis(0.999),
            max_ms: self.latencies.millis(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_counts_from_when_the_call_was_due() -> anyhow::Result<()> {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut recorder = Recorder::new(Window { begin: now, measured: now, end: now + 100 * second })?;
        recorder.answered(now, true);
        recorder.answered(now, false);
        // Due before the measured part: neither its latency nor its refusal counts, though its answer does.
        recorder.answered(now - 50 * second, false);
        let mut all = Recorder::new(recorder.window)?;
        all.add(&recorder)?;
        let summary = all.summary();
        assert_eq!((summary.due, summary.calls, summary.failed), (2, 3, 1));
        assert!(summary.max_ms < 50_000.0);
        Ok(())
    }

    #[test]
    fn what_never_came_is_slower_than_all_that_did() -> anyhow::Result<()> {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut recorder = Recorder::new(Window { begin: now, measured: now, end: now + 100 * second })?;
        for _ in 0..97 {
            recorder.answered(now, true);
        }
        recorder.missed(3, 200 * second);
        let summary = recorder.summary();
        assert_eq!((summary.due, summary.calls, summary.unanswered), (100, 97, 3));
        assert!(summary.p90_ms < 100_000.0, "{}", summary.p90_ms);
        assert!(summary.p99_ms >= 200_000.0, "{}", summary.p99_ms);
        Ok(())
    }
}
