//! Latencies of several intervals as one.

use std::collections::BTreeMap;

/// How often each latency was seen, in microseconds. The load keeps three digits of each, the same ones in every
/// interval, so that counts of the same latency add up.
#[derive(Debug, Default)]
pub struct Latencies(BTreeMap<u64, u64>);

impl Latencies {
    /// Takes over what one interval has seen.
    pub fn add(&mut self, micros: &[(u64, u64)]) {
        for &(latency, count) in micros {
            *self.0.entry(latency).or_default() += count;
        }
    }

    /// What this part of all took at most, in milliseconds; nothing if there was nothing.
    pub fn millis(&self, quantile: f64) -> Option<f64> {
        let wanted = (self.0.values().sum::<u64>() as f64 * quantile).ceil() as u64;
        let mut seen = 0;
        let reached = self.0.iter().find(|(_, count)| {
            seen += **count;
            seen >= wanted
        });
        reached.map(|(&latency, _)| latency as f64 / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::Latencies;

    #[test]
    fn intervals_count_by_what_was_in_them() {
        let mut all = Latencies::default();
        assert_eq!(all.millis(0.99), None);
        all.add(&[(2_000, 98), (3_000, 1)]);
        assert_eq!(all.millis(0.99), Some(3.0));
        // Of an interval of its own, it would be the 99th percentile; of all it is the hundredth part of one.
        all.add(&[(900_000, 1)]);
        assert_eq!([0.5, 0.98, 0.99, 1.0].map(|part| all.millis(part)), [2.0, 2.0, 3.0, 900.0].map(Some));
        all.add(&[(900_000, 10)]);
        assert_eq!(all.millis(0.99), Some(900.0));
    }
}
