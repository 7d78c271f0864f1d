//! The facts about an asset's bytes: announced at registration, verified at confirmation.

use module_rules::{RuleError, TextRule, check_limit, check_same, is_lower_alphanumeric_or};

/// Longest content type, in bytes (both names of a media type may have 63).
pub const CONTENT_TYPE_LENGTH_MAX: usize = 127;
/// Largest asset, in bytes: 5 GiB, what the common object stores take in one upload.
pub const BYTE_SIZE_MAX: u64 = 5 * 1024 * 1024 * 1024;

const CONTENT_TYPE: TextRule = TextRule {
    field: "content_type",
    length: "The length of `content_type` in bytes",
    length_max: CONTENT_TYPE_LENGTH_MAX,
    rule: "use a media type in lower case without parameters, such as image/png",
    accepts: is_media_type,
};
const SHA256: TextRule = TextRule::sha256("sha256", "The length of `sha256` in bytes");

/// Type, size in bytes and SHA-256 digest (64 lower-case hex digits) of an asset's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content<'a> {
    /// Media type without parameters.
    pub content_type: &'a str,
    /// Number of bytes, at least one.
    pub byte_size: u64,
    /// Digest of the bytes.
    pub sha256: &'a str,
}

impl Content<'_> {
    /// Checks each fact by itself.
    ///
    /// Errors: `AboveLimit` or `Malformed`, naming the fact.
    pub fn check(&self) -> Result<(), RuleError> {
        CONTENT_TYPE.check(self.content_type)?;
        check_limit("`byte_size`", BYTE_SIZE_MAX, self.byte_size)?;
        if self.byte_size == 0 {
            return Err(RuleError::Malformed { field: "byte_size", rule: "an asset has at least one byte" });
        }
        SHA256.check(self.sha256)
    }

    /// Holds these facts against the ones `on_record`.
    ///
    /// Errors: `Differs` for the first fact that is not the same.
    pub fn check_same(&self, on_record: &Content<'_>) -> Result<(), RuleError> {
        check_same("`content_type`", on_record.content_type, self.content_type)?;
        check_same("`byte_size`", &on_record.byte_size.to_string(), &self.byte_size.to_string())?;
        check_same("`sha256`", on_record.sha256, self.sha256)
    }
}

fn is_media_type(text: &str) -> bool {
    let Some((kind, subkind)) = text.split_once('/') else {
        return false;
    };
    [kind, subkind].into_iter().all(|name| {
        name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric) && is_lower_alphanumeric_or(name, b"!#$&-^_.+")
    })
}
