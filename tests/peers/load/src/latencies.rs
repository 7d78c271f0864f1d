//! Latencies in a histogram of high dynamic range: microseconds, up to ten minutes, with three digits.

use std::time::Duration;

use hdrhistogram::Histogram;

const MAX_MICROS: u64 = 600_000_000;
const DIGITS: u8 = 3;

/// How long things took.
pub struct Latencies(Histogram<u64>);

impl Latencies {
    /// Nothing yet.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self(Histogram::new_with_bounds(1, MAX_MICROS, DIGITS)?))
    }

    /// Something took so long.
    pub fn keep(&mut self, latency: Duration) {
        self.keep_many(latency, 1);
    }

    /// So many things took so long each.
    pub fn keep_many(&mut self, latency: Duration, count: u64) {
        self.0.saturating_record_n(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).max(1), count);
    }

    /// Takes over what others have measured.
    pub fn add(&mut self, other: &Self) -> anyhow::Result<()> {
        Ok(self.0.add(&other.0)?)
    }

    /// Each latency in microseconds, as far as its digits are kept, and how often it was seen. Those of several
    /// histograms can be added up.
    pub fn counted(&self) -> Vec<(u64, u64)> {
        self.0.iter_recorded().map(|seen| (seen.value_iterated_to(), seen.count_at_value())).collect()
    }

    /// What this part of all took at most, in milliseconds.
    pub fn millis(&self, quantile: f64) -> f64 {
        self.0.value_at_quantile(quantile) as f64 / 1e3
    }
}
