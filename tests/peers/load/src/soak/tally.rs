//! What became of arrivals, by kind, for a few seconds each and for the whole run.

use std::time::Instant;

use serde::Serialize;
use serde_json::{Map, Value};

use super::mix::Kind;
use crate::latencies::Latencies;

/// The arrivals of all kinds since the last report, and of the whole run.
pub struct Tally {
    begin: Instant,
    recent: Vec<Count>,
    total: Vec<Count>,
}

struct Count {
    latencies: Latencies,
    answered: u64,
    failed: u64,
}

/// Some seconds, or all.
#[derive(Serialize)]
pub struct Report {
    /// Whether this is about all.
    is_total: bool,
    /// Seconds from the beginning to the end of what this is about.
    seconds: f64,
    /// Arrivals that nobody was free for in the end.
    missed: u64,
    /// By the name of each kind.
    kinds: Map<String, Value>,
}

#[derive(Serialize)]
struct KindReport {
    answered: u64,
    failed: u64,
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    /// Latencies in microseconds and how often each was seen, for whoever judges several reports as one.
    micros: Vec<(u64, u64)>,
}

impl Tally {
    /// Nothing yet.
    pub fn beginning(begin: Instant) -> anyhow::Result<Self> {
        Ok(Self { begin, recent: Count::of_all()?, total: Count::of_all()? })
    }

    /// Something that was due then is done. What failed has no latency: it would be that of the time limit.
    pub fn done(&mut self, kind: Kind, due: Instant, is_success: bool) {
        let latency = due.elapsed();
        for counts in [&mut self.recent, &mut self.total] {
            let count = &mut counts[kind as usize];
            if is_success {
                count.answered += 1;
                count.latencies.keep(latency);
            } else {
                count.failed += 1;
            }
        }
    }

    /// What happened since the last report.
    pub fn recent(&mut self) -> anyhow::Result<Report> {
        let recent = std::mem::replace(&mut self.recent, Count::of_all()?);
        self.report(&recent, None)
    }

    /// What happened in all, and how many arrivals were left over.
    pub fn total(&self, missed: u64) -> anyhow::Result<Report> {
        self.report(&self.total, Some(missed))
    }

    /// `missed` is known at the end alone.
    fn report(&self, counts: &[Count], missed: Option<u64>) -> anyhow::Result<Report> {
        let mut kinds = Map::new();
        for (kind, count) in Kind::ALL.iter().zip(counts) {
            let name = serde_json::to_value(kind)?;
            kinds.insert(name.as_str().unwrap_or_default().to_owned(), serde_json::to_value(count.report())?);
        }
        let (is_total, missed) = (missed.is_some(), missed.unwrap_or_default());
        Ok(Report { is_total, seconds: self.begin.elapsed().as_secs_f64(), missed, kinds })
    }
}

impl Count {
    fn of_all() -> anyhow::Result<Vec<Self>> {
        Kind::ALL.iter().map(|_| Ok(Self { latencies: Latencies::new()?, answered: 0, failed: 0 })).collect()
    }

    fn report(&self) -> KindReport {
        KindReport {
            answered: self.answered,
            failed: self.failed,
            p50_ms: self.latencies.millis(0.5),
            p99_ms: self.latencies.millis(0.99),
            max_ms: self.latencies.millis(1.0),
            micros: self.latencies.counted(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_of_several_reports_add_up_to_those_of_all() -> anyhow::Result<()> {
        let mut tally = Tally::beginning(Instant::now())?;
        let seen = |report: Report| -> anyhow::Result<Vec<(u64, u64)>> {
            Ok(serde_json::from_value(serde_json::to_value(report)?["kinds"]["load"]["micros"].take())?)
        };
        let mut each = std::collections::BTreeMap::new();
        for millis in [5, 80, 5] {
            // Far enough ago that the same latency is written twice.
            let due = Instant::now() - std::time::Duration::from_millis(100 * millis);
            tally.done(Kind::Load, due, true);
            tally.done(Kind::Load, due, false);
            for (latency, count) in seen(tally.recent()?)? {
                *each.entry(latency).or_insert(0) += count;
            }
        }
        let all = seen(tally.total(0)?)?;
        assert_eq!(each.into_iter().collect::<Vec<_>>(), all);
        assert_eq!(all.iter().map(|(_, count)| count).sum::<u64>(), 3);
        assert!((500_000..600_000).contains(&all[0].0), "{all:?}");
        Ok(())
    }

    #[test]
    fn a_report_is_about_what_came_since_the_last_one_and_the_total_about_all() -> anyhow::Result<()> {
        let mut tally = Tally::beginning(Instant::now())?;
        tally.done(Kind::Save, Instant::now(), true);
        assert_eq!(serde_json::to_value(tally.recent()?)?["kinds"]["save"]["answered"], 1);
        tally.done(Kind::BrokenSession, Instant::now(), false);
        let recent = serde_json::to_value(tally.recent()?)?;
        assert_eq!(recent["kinds"]["save"]["answered"], 0);
        assert_eq!(recent["kinds"]["broken_session"]["failed"], 1);
        let total = serde_json::to_value(tally.total(3)?)?;
        assert_eq!((&total["kinds"]["save"]["answered"], &total["missed"]), (&1.into(), &3.into()));
        Ok(())
    }
}
