//! The two checks that every text argument goes through: length, then syntax.

use crate::AssetError;

/// One text argument and what it must satisfy.
pub(crate) struct TextRule {
    pub field: &'static str,
    /// The measured thing with its unit, for the limit's message.
    pub length: &'static str,
    pub length_max: usize,
    pub rule: &'static str,
    pub accepts: fn(&str) -> bool,
}

impl TextRule {
    /// Errors: `AboveLimit` if `text` is too long (checked first, so that syntax is never
    /// searched in oversized text), `Malformed` if it is empty or breaks the syntax.
    pub fn check(&self, text: &str) -> Result<(), AssetError> {
        check_limit(self.length, self.length_max as u64, text.len() as u64)?;
        if text.is_empty() || !(self.accepts)(text) {
            return Err(AssetError::Malformed { field: self.field, rule: self.rule });
        }
        Ok(())
    }
}

/// Errors: `AboveLimit` if `actual` is above `limit`.
pub(crate) fn check_limit(what: &'static str, limit: u64, actual: u64) -> Result<(), AssetError> {
    if actual > limit {
        return Err(AssetError::AboveLimit { what, limit, actual });
    }
    Ok(())
}

/// Whether every byte of `text` is a lower-case letter, a digit or in `extra`.
pub(crate) fn is_lower_alphanumeric_or(text: &str, extra: &[u8]) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || extra.contains(&byte))
}
