//! The checks of numbers, lists and keys within an entry; each error names the field.

use module_rules::{RuleError, check_limit};

/// A text for people, in a field of this name and of at most this many bytes.
macro_rules! text_prose {
    ($field:literal, $length_max:expr) => {
        module_rules::TextRule::prose($field, concat!("The length of `", $field, "` in bytes"), $length_max)
    };
}

/// A key, in a field of this name and of at most this many bytes.
macro_rules! text_key {
    ($field:literal, $length_max:expr) => {
        module_rules::TextRule::key($field, concat!("The length of `", $field, "` in bytes"), $length_max)
    };
}

/// A number in a field of this name, from 0 or 1 to this.
macro_rules! number {
    ($field:literal, 0..=$max:expr) => {
        $crate::entries::rule::NumberRule { field: $field, what: concat!("`", $field, "`"), positive: false, max: $max }
    };
    ($field:literal, 1..=$max:expr) => {
        $crate::entries::rule::NumberRule { field: $field, what: concat!("`", $field, "`"), positive: true, max: $max }
    };
}

/// A list in a field of this name, of at most this many.
macro_rules! list {
    ($field:literal, $max:expr) => {
        $crate::entries::rule::ListRule { field: $field, what: concat!("The number of `", $field, "`"), max: $max }
    };
}

pub(crate) use {list, number, text_key, text_prose};

/// What a number must be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NumberRule {
    pub field: &'static str,
    pub what: &'static str,
    /// Whether it must be above zero.
    pub positive: bool,
    pub max: u64,
}

impl NumberRule {
    pub fn check(&self, number: impl Into<u64>) -> Result<(), RuleError> {
        let number = number.into();
        if self.positive && number == 0 {
            return Err(RuleError::Malformed { field: self.field, rule: "use at least 1" });
        }
        check_limit(self.what, self.max, number)
    }
}

/// How long a list may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListRule {
    pub field: &'static str,
    pub what: &'static str,
    pub max: u64,
}

impl ListRule {
    pub fn check<T>(&self, list: &[T]) -> Result<(), RuleError> {
        check_limit(self.what, self.max, list.len() as u64)
    }

    /// As [`ListRule::check`], for a list that must not be empty.
    pub fn check_filled<T>(&self, list: &[T]) -> Result<(), RuleError> {
        if list.is_empty() {
            return Err(RuleError::Malformed { field: self.field, rule: "list at least one" });
        }
        self.check(list)
    }

    /// Errors: `Malformed` if something is in the list twice. For short lists.
    pub fn check_distinct<T: PartialEq>(&self, list: &[T]) -> Result<(), RuleError> {
        let twice = list.iter().enumerate().any(|(at, one)| list[..at].contains(one));
        if twice {
            return Err(RuleError::Malformed { field: self.field, rule: "list each one only once" });
        }
        Ok(())
    }
}

/// The least and the most affinity of one to another.
const AFFINITY_RANGE: std::ops::RangeInclusive<i32> = -100..=100;

pub(crate) fn check_affinity(field: &'static str, affinity: i32) -> Result<(), RuleError> {
    if AFFINITY_RANGE.contains(&affinity) {
        return Ok(());
    }
    Err(RuleError::Malformed { field, rule: "use -100 to 100" })
}
