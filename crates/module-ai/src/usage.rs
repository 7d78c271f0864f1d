//! How many tokens a task has used.

use module_rules::{RuleError, check_limit};

/// Most tokens of either kind in one report.
pub const TOKENS_PER_REPORT_MAX: u64 = 1_000_000_000;

/// Tokens read and written by models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenUsage {
    /// Tokens that models read.
    pub input_tokens: u64,
    /// Tokens that models wrote.
    pub output_tokens: u64,
}

impl TokenUsage {
    /// Both usages together.
    ///
    /// Errors: `AboveLimit` if the report is implausible or the sum does not fit.
    pub fn plus(self, report: TokenUsage) -> Result<TokenUsage, RuleError> {
        Ok(TokenUsage {
            input_tokens: sum("`input_tokens`", self.input_tokens, report.input_tokens)?,
            output_tokens: sum("`output_tokens`", self.output_tokens, report.output_tokens)?,
        })
    }
}

fn sum(what: &'static str, so_far: u64, reported: u64) -> Result<u64, RuleError> {
    check_limit(what, TOKENS_PER_REPORT_MAX, reported)?;
    so_far.checked_add(reported).ok_or(RuleError::AboveLimit { what, limit: u64::MAX - so_far, actual: reported })
}
