//! What a save holds: a slot's name, a format, bytes, and their digest.

use std::fmt::Write;

use module_rules::{RuleError, TextRule, check_limit, check_same};
use sha2::{Digest, Sha256};

/// Longest name of a slot, in bytes.
pub const SLOT_LENGTH_MAX: usize = 32;
/// Most bytes of a save: 1 MiB.
pub const PAYLOAD_BYTES_MAX: u64 = 1024 * 1024;
/// Longest name of an archive, in bytes.
pub const ARCHIVE_NAME_LENGTH_MAX: usize = 100;

const SLOT: TextRule = TextRule::key("slot", "The length of `slot` in bytes", SLOT_LENGTH_MAX);
const NAME: TextRule = TextRule::prose("name", "The length of `name` in bytes", ARCHIVE_NAME_LENGTH_MAX);
const CHECKSUM: TextRule = TextRule::sha256("checksum", "The length of `checksum` in bytes");

/// What a device wants to save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaveContent<'a> {
    /// The slot, such as `auto`.
    pub slot: &'a str,
    /// Version of the client's format, from 1.
    pub format_version: u32,
    /// SHA-256 of the payload, 64 lower-case hexadecimal digits.
    pub checksum: &'a str,
    /// The bytes; only the client knows what they mean.
    pub payload: &'a [u8],
}

impl SaveContent<'_> {
    /// Checks everything that can be checked without looking at other saves; the digest last,
    /// because it costs the most.
    ///
    /// Errors: `AboveLimit` or `Malformed`, naming the fact; `Differs` if the bytes do not have
    /// the digest that they came with.
    pub fn check(&self) -> Result<(), RuleError> {
        check_slot(self.slot)?;
        if self.format_version == 0 {
            return Err(RuleError::Malformed { field: "format_version", rule: "count versions from 1" });
        }
        check_limit("The bytes of a save", PAYLOAD_BYTES_MAX, self.payload.len() as u64)?;
        if self.payload.is_empty() {
            return Err(RuleError::Malformed { field: "payload", rule: "a save has at least one byte" });
        }
        CHECKSUM.check(self.checksum)?;
        check_same("`checksum`", &digest_of(self.payload), self.checksum)
    }
}

/// Errors: `AboveLimit`, `Malformed`.
pub fn check_slot(slot: &str) -> Result<(), RuleError> {
    SLOT.check(slot)
}

/// Errors: `AboveLimit`, `Malformed`.
pub fn check_archive_name(name: &str) -> Result<(), RuleError> {
    NAME.check(name)
}

/// SHA-256 of `payload`, 64 lower-case hexadecimal digits.
pub fn digest_of(payload: &[u8]) -> String {
    Sha256::digest(payload).into_iter().fold(String::with_capacity(module_rules::SHA256_DIGITS), |mut digits, byte| {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
