//! The two checks that every text argument goes through: length, then syntax.

use crate::{RuleError, check_limit};

/// How many digits a SHA-256 digest has in text.
pub const SHA256_DIGITS: usize = 64;

/// One text argument and what it must satisfy.
#[derive(Clone, Copy, Debug)]
pub struct TextRule {
    /// The argument's name in the request.
    pub field: &'static str,
    /// The measured thing with its unit, for the limit's message: "The length of `title` in bytes".
    pub length: &'static str,
    /// The most bytes it may have.
    pub length_max: usize,
    /// What it must look like, for the message.
    pub rule: &'static str,
    /// Whether a text that is not empty looks like that.
    pub accepts: fn(&str) -> bool,
}

impl TextRule {
    /// Text for people: anything printable, with line breaks, that is more than blanks.
    pub const fn prose(field: &'static str, length: &'static str, length_max: usize) -> Self {
        let rule = "use text that is more than blanks, without control characters other than line breaks and tabs";
        TextRule { field, length, length_max, rule, accepts: is_prose }
    }

    /// A key within its owner's namespace, such as `old-mill` or `chapter_2`.
    pub const fn key(field: &'static str, length: &'static str, length_max: usize) -> Self {
        let rule = "use lower-case letters, digits and ._-, and begin with a letter or a digit";
        TextRule { field, length, length_max, rule, accepts: is_key }
    }

    /// A SHA-256 digest as the module writes it.
    pub const fn sha256(field: &'static str, length: &'static str) -> Self {
        let rule = "use the 64 lower-case hexadecimal digits of the SHA-256 digest";
        TextRule { field, length, length_max: SHA256_DIGITS, rule, accepts: is_sha256 }
    }

    /// Errors: `AboveLimit` if `text` is too long (checked first, so that syntax is never
    /// searched in oversized text), `Malformed` if it is empty or breaks the syntax.
    pub fn check(&self, text: &str) -> Result<(), RuleError> {
        self.check_length(text)?;
        if text.is_empty() || !(self.accepts)(text) {
            return Err(RuleError::Malformed { field: self.field, rule: self.rule });
        }
        Ok(())
    }

    /// As [`TextRule::check`], for a text that may be empty.
    pub fn check_optional(&self, text: &str) -> Result<(), RuleError> {
        if text.is_empty() { Ok(()) } else { self.check(text) }
    }

    fn check_length(&self, text: &str) -> Result<(), RuleError> {
        check_limit(self.length, self.length_max as u64, text.len() as u64)
    }
}

/// Whether every byte of `text` is a lower-case letter, a digit or in `extra`.
pub fn is_lower_alphanumeric_or(text: &str, extra: &[u8]) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || extra.contains(&byte))
}

fn is_key(text: &str) -> bool {
    !text.starts_with(['-', '_', '.']) && is_lower_alphanumeric_or(text, b"-_.")
}

fn is_sha256(text: &str) -> bool {
    text.len() == SHA256_DIGITS && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_prose(text: &str) -> bool {
    text.chars().all(|letter| matches!(letter, '\n' | '\t') || !letter.is_control())
        && text.chars().any(|letter| !letter.is_whitespace())
}

#[cfg(test)]
mod tests {
    //! Each kind of text, and the order in which its rules are applied.

    use super::*;

    const TITLE: TextRule = TextRule::prose("title", "The length of `title` in bytes", 9);
    const KEY: TextRule = TextRule::key("key", "The length of `key` in bytes", 8);

    #[test]
    fn prose_has_letters_and_no_control_characters() {
        for good in ["Old mill", "a\nb", "森の家"] {
            assert_eq!(TITLE.check(good), Ok(()), "{good}");
        }
        for bad in ["", "  \n", "a\0", "a\u{7f}", "a\u{85}"] {
            assert!(matches!(TITLE.check(bad), Err(RuleError::Malformed { field: "title", .. })), "{bad:?}");
        }
    }

    #[test]
    fn keys_are_plain() {
        for good in ["a", "0", "old-mill", "ch.2_b"] {
            assert_eq!(KEY.check(good), Ok(()), "{good}");
        }
        for bad in ["", "-a", "_", ".", "A", "a b", "ä"] {
            assert!(matches!(KEY.check(bad), Err(RuleError::Malformed { field: "key", .. })), "{bad:?}");
        }
    }

    #[test]
    fn digests_have_all_their_digits() {
        const HASH: TextRule = TextRule::sha256("hash", "The length of `hash` in bytes");
        assert_eq!(HASH.check(&"09af".repeat(16)), Ok(()));
        let bad = |digit: &str, count| HASH.check(&digit.repeat(count));
        for refused in [bad("", 0), bad("0", 63), bad("A", 64), bad("g", 64), bad("é", 32)] {
            assert!(matches!(refused, Err(RuleError::Malformed { field: "hash", .. })), "{refused:?}");
        }
        assert!(matches!(bad("0", 65), Err(RuleError::AboveLimit { limit: 64, actual: 65, .. })));
    }

    #[test]
    fn length_is_measured_before_syntax() {
        let too_long = RuleError::AboveLimit { what: "The length of `key` in bytes", limit: 8, actual: 9 };
        assert_eq!(KEY.check("A A A A A"), Err(too_long));
    }

    #[test]
    fn optional_text_may_be_empty_and_nothing_else_less() {
        assert_eq!(TITLE.check_optional(""), Ok(()));
        assert!(TITLE.check_optional(" ").is_err());
    }
}
