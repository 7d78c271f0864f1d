//! What was measured, round by round.

use super::clients::Calls;
use crate::bench::report::median;

/// The calls of each case in every round, in the order in which cases were first measured.
#[derive(Debug)]
pub struct Figures<C>(Vec<(C, Vec<Calls>)>);

impl<C> Default for Figures<C> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<C: PartialEq> Figures<C> {
    /// Adds what one more round came to.
    pub fn add(&mut self, case: C, calls: Calls) {
        match self.0.iter_mut().find(|(known, _)| *known == case) {
            Some((_, rounds)) => rounds.push(calls),
            None => self.0.push((case, vec![calls])),
        }
    }

    /// One value of each round of a case; nothing for a case that was not measured.
    pub fn values(&self, case: &C, value: impl Fn(&Calls) -> f64) -> Vec<f64> {
        self.0
            .iter()
            .find(|(known, _)| known == case)
            .map_or_else(Vec::new, |(_, rounds)| rounds.iter().map(value).collect())
    }

    /// What others had of the processors during each figure, as parts, where the system tells.
    pub fn stolen(&self) -> Vec<f64> {
        self.0.iter().flat_map(|(_, rounds)| rounds).filter_map(|calls| calls.stolen).collect()
    }

    /// Answers a second in each round.
    pub fn per_second(&self, case: &C) -> Vec<f64> {
        self.values(case, |calls| calls.per_second)
    }

    /// Answers a second of one case over those of another in the same round.
    pub fn ratios(&self, case: &C, other: &C) -> Vec<f64> {
        ratios(&self.per_second(case), &self.per_second(other))
    }
}

/// One over the other, round by round.
pub fn ratios(values: &[f64], others: &[f64]) -> Vec<f64> {
    values.iter().zip(others).map(|(value, other)| value / other).collect()
}

/// The larger of both, round by round; all of one if the other is empty.
pub fn larger(values: &[f64], others: &[f64]) -> Vec<f64> {
    match (values, others) {
        ([], all) | (all, []) => all.to_vec(),
        _ => values.iter().zip(others).map(|(value, other)| value.max(*other)).collect(),
    }
}

/// Median and spread for people; a dash where nothing was measured.
pub fn shown(values: &[f64], number: impl Fn(f64) -> String) -> String {
    let Ok(middle) = median(values) else { return "–".to_owned() };
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match values {
        [_] => number(middle),
        _ => format!("{} ({} to {})", number(middle), number(least), number(most)),
    }
}

/// A time for people.
pub fn millis(value: f64) -> String {
    match value {
        value if value < 10.0 => format!("{value:.2}"),
        value if value < 100.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

/// A part of a hundred for people.
pub fn percent(value: f64) -> String {
    format!("{value:.1}")
}

/// A ratio for people.
pub fn times(value: f64) -> String {
    if value < 10.0 { format!("{value:.2}") } else { format!("{value:.1}") }
}

#[cfg(test)]
mod tests {
    use super::{larger, ratios, shown, times};

    #[test]
    fn ratios_are_taken_round_by_round() {
        let best = larger(&[10.0, 30.0], &[20.0, 10.0]);
        assert_eq!(best, [20.0, 30.0]);
        assert_eq!(ratios(&[100.0, 300.0], &best), [5.0, 10.0]);
        assert_eq!(larger(&[], &[1.0]), [1.0]);
    }

    #[test]
    fn a_figure_shows_its_spread_when_there_are_several_rounds() {
        assert_eq!(shown(&[4.5, 12.0, 5.25], times), "5.25 (4.50 to 12.0)");
        assert_eq!(shown(&[4.5], times), "4.50");
        assert_eq!(shown(&[], times), "–");
    }
}
