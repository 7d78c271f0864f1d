//! Numbers of tests by outcome.

use std::fmt;

/// Tests by outcome.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl Tally {
    /// Adds the tests of another suite.
    pub fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)?;
        match self.skipped {
            0 => Ok(()),
            skipped => write!(formatter, ", {skipped} skipped"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn skipped_tests_are_named_only_when_there_are_any() {
        let mut total = Tally { passed: 3, failed: 0, skipped: 0 };
        assert_eq!(total.to_string(), "3 passed, 0 failed");
        total.add(Tally { passed: 1, failed: 2, skipped: 4 });
        assert_eq!(total.to_string(), "4 passed, 2 failed, 4 skipped");
    }
}
