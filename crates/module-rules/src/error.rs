//! The refusals of the rules. Each says what to do.

/// Why a rule refused a request; nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// An argument breaks the syntax of its field.
    #[error("`{field}` is not valid: {rule}.")]
    Malformed {
        /// The argument's name in the request.
        field: &'static str,
        /// What the argument must look like.
        rule: &'static str,
    },
    /// A length, size or count is above its limit.
    #[error("{what} may be at most {limit}, not {actual}.")]
    AboveLimit {
        /// The measured thing with its unit.
        what: &'static str,
        /// The largest allowed value.
        limit: u64,
        /// The value that was met.
        actual: u64,
    },
    /// A fact differs from the one on record.
    #[error("{what} must be {expected}, not {actual}.")]
    Differs {
        /// The compared fact.
        what: &'static str,
        /// The value on record.
        expected: String,
        /// The value in the request.
        actual: String,
    },
    /// The state machine has no such step.
    #[error("{what} that is {from} cannot become {to}.{advice}")]
    IllegalTransition {
        /// What has the state, with its article: `A quest`.
        what: &'static str,
        /// The present state.
        from: &'static str,
        /// The refused state.
        to: &'static str,
        /// A sentence that says what to do instead, with a space before it, or nothing.
        advice: &'static str,
    },
    /// The player has less than the request takes.
    #[error("This needs {needed} {what}, and there are {available}.")]
    Insufficient {
        /// What is short, in the plural: `coins`.
        what: &'static str,
        /// How much the request takes.
        needed: u64,
        /// How much there is.
        available: u64,
    },
    /// The player may not know that the thing exists, or it does not.
    #[error("There is no such {what}.")]
    Hidden {
        /// What was looked for, without an article.
        what: &'static str,
    },
    /// The player may see the thing but not change it.
    #[error("Only the {what}'s owner may do this.")]
    NotOwner {
        /// What was to be changed, without an article.
        what: &'static str,
    },
}

/// Errors: `AboveLimit` if `actual` is above `limit`.
pub fn check_limit(what: &'static str, limit: u64, actual: u64) -> Result<(), RuleError> {
    if actual > limit {
        return Err(RuleError::AboveLimit { what, limit, actual });
    }
    Ok(())
}

/// Errors: `Differs` unless both values are the same.
pub fn check_same(what: &'static str, expected: &str, actual: &str) -> Result<(), RuleError> {
    if expected == actual {
        return Ok(());
    }
    Err(RuleError::Differs { what, expected: expected.to_owned(), actual: actual.to_owned() })
}

/// The number after this one.
///
/// Errors: `AboveLimit` if there is none.
pub fn next_number(what: &'static str, number: u64) -> Result<u64, RuleError> {
    number.checked_add(1).ok_or(RuleError::AboveLimit { what, limit: u64::MAX, actual: u64::MAX })
}

#[cfg(test)]
mod tests {
    //! The end of all numbers.

    use super::*;

    #[test]
    fn after_the_highest_number_comes_a_limit_and_no_other_fault() {
        assert_eq!(next_number("A revision", 1), Ok(2));
        let refusal = RuleError::AboveLimit { what: "A revision", limit: u64::MAX, actual: u64::MAX };
        assert_eq!(next_number("A revision", u64::MAX), Err(refusal));
    }
}
