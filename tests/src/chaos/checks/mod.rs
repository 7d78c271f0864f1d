//! Proofs from histories and the final state. None of them talks to anything, so that each can be shown a history
//! that is wrong.

pub mod ledger;
pub mod order;
pub mod prefix;
pub mod refusals;
pub mod saves;
pub mod stories;
pub mod streams;
pub mod texts;
pub mod uploads;
pub mod wallets;

use std::fmt::{self, Display};

use super::history::Disturbance;

/// A promise that was broken, with the shortest part of the history that shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The promise.
    pub rule: &'static str,
    /// How it was broken.
    pub what: String,
    /// What shows it, in the order of time.
    pub history: Vec<String>,
}

impl Violation {
    /// A broken promise that one sentence explains.
    pub fn new(rule: &'static str, what: impl Into<String>) -> Self {
        Self { rule, what: what.into(), history: Vec::new() }
    }

    /// With what shows it.
    pub fn shown_by(mut self, history: impl IntoIterator<Item = impl Display>) -> Self {
        self.history.extend(history.into_iter().map(|line| line.to_string()));
        self
    }
}

impl Display for Violation {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(text, "{}: {}", self.rule, self.what)?;
        self.history.iter().try_for_each(|line| write!(text, "\n    {line}"))
    }
}

const PEACE: &str = "where nothing is wrong, everything is answered and no connection is lost";

/// What failed in peace; a few tell as much as all.
pub fn disturbed(disturbances: &[Disturbance]) -> Option<Violation> {
    let what = || format!("{} times it was not so", disturbances.len());
    (!disturbances.is_empty()).then(|| Violation::new(PEACE, what()).shown_by(disturbances.iter().take(5)))
}
