//! What was measured, in a histogram of high dynamic range.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::pacer::Window;

/// Latencies are kept in microseconds, from one to ten minutes, with three digits.
const LATENCY_MAX_MICROS: u64 = 600_000_000;
const DIGITS: u8 = 3;

/// The calls of one client, or of all.
pub struct Recorder {
    window: Window,
    latencies: Histogram<u64>,
    answered: u64,
    failed: u64,
    unanswered: u64,
}

/// The line of JSON.
#[derive(Serialize)]
pub struct Summary {
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
        let latencies = Histogram::new_with_bounds(1, LATENCY_MAX_MICROS, DIGITS)?;
        Ok(Self { window, latencies, answered: 0, failed: 0, unanswered: 0 })
    }

    /// An answer to a call that was due then.
    pub fn answered(&mut self, due: Instant, is_accepted: bool) {
        let now = Instant::now();
        if self.window.counts(now) {
            self.answered += 1;
        }
        if self.window.counts(due) {
            self.failed += u64::from(!is_accepted);
            self.keep(now - due);
        }
    }

    /// No answer to a call that was due then: it took at least until now.
    pub fn unanswered(&mut self, due: Instant) {
        if self.window.counts(due) {
            self.unanswered += 1;
            self.keep(due.elapsed());
        }
    }

    fn keep(&mut self, latency: Duration) {
        self.latencies.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).max(1));
    }

    /// Takes over what another client has measured.
    pub fn add(&mut self, other: &Self) -> anyhow::Result<()> {
        self.latencies.add(&other.latencies)?;
        self.answered += other.answered;
        self.failed += other.failed;
        self.unanswered += other.unanswered;
        Ok(())
    }

    /// The figures.
    pub fn summary(&self) -> Summary {
        let millis = |quantile| self.latencies.value_at_quantile(quantile) as f64 / 1e3;
        Summary {
            calls: self.answered,
            failed: self.failed,
            unanswered: self.unanswered,
            per_second: self.answered as f64 / self.window.seconds(),
            p50_ms: millis(0.5),
            p90_ms: millis(0.9),
            p99_ms: millis(0.99),
            p999_ms: millis(0.999),
            max_ms: self.latencies.max() as f64 / 1e3,
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
        assert_eq!((summary.calls, summary.failed), (3, 1));
        assert!(summary.max_ms < 50_000.0);
        Ok(())
    }
}
