//! Lists that are read page by page.

use std::ops::Range;

use module_rules::{RuleError, check_limit};

/// Most rows of one page.
pub const PAGE_LENGTH_MAX: u32 = 200;

/// Errors: `Malformed` or `AboveLimit` unless 1 ≤ `limit` ≤ [`PAGE_LENGTH_MAX`].
pub fn check_page_length(limit: u32) -> Result<(), RuleError> {
    if limit == 0 {
        return Err(RuleError::Malformed { field: "limit", rule: "ask for at least one row" });
    }
    check_limit("The number of rows in one page", PAGE_LENGTH_MAX.into(), limit.into())
}

/// The numbers of the last `limit` rows before number `before`, of rows that are numbered from 1
/// to `length` without gaps. Nothing for `before` is the page of the newest.
pub fn page_before(length: u64, before: Option<u64>, limit: u32) -> Range<u64> {
    let after_newest = length.saturating_add(1);
    let end = before.unwrap_or(after_newest).clamp(1, after_newest);
    end.saturating_sub(limit.into()).max(1)..end
}
