//! Announcing an upload: where its bytes will be, what they are, and who may read them.

use module_rules::{RuleError, TextRule, check_idempotency_key, check_same, is_lower_alphanumeric_or};

use crate::{Content, Policy};

/// Longest bucket name, in bytes.
pub const BUCKET_LENGTH_MAX: usize = 63;
/// Longest object key, in bytes.
pub const OBJECT_KEY_LENGTH_MAX: usize = 512;
const BUCKET_LENGTH_MIN: usize = 3;

const BUCKET: TextRule = TextRule {
    field: "bucket",
    length: "The length of `bucket` in bytes",
    length_max: BUCKET_LENGTH_MAX,
    rule: "use at least 3 lower-case letters, digits and hyphens, no hyphen first or last",
    accepts: is_bucket,
};
const OBJECT_KEY: TextRule = TextRule {
    field: "object_key",
    length: "The length of `object_key` in bytes",
    length_max: OBJECT_KEY_LENGTH_MAX,
    rule: "use segments of letters, digits and ._- between single slashes, none of them . or ..",
    accepts: is_object_key,
};

/// Which object keys a caller may claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySpace<'a> {
    /// The Service lays out the object store and may claim any key.
    Everything,
    /// A client claims keys below `players/<its identity>/` only. Otherwise it could claim the
    /// place of somebody else's object, and deleting the claim would remove that object's bytes.
    Player(&'a str),
}

/// A request to announce an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registration<'a> {
    /// Chosen by the caller, unique per owner: a repeated request is answered like the first.
    pub idempotency_key: &'a str,
    /// Bucket of the object store.
    pub bucket: &'a str,
    /// Key of the object within the bucket.
    pub object_key: &'a str,
    /// What the bytes will be.
    pub content: Content<'a>,
    /// Who may read them.
    pub policy: Policy,
}

impl Registration<'_> {
    /// Checks each argument by itself, and the object key against the caller's `keys`.
    ///
    /// Errors: `AboveLimit` or `Malformed`, naming the argument.
    pub fn check(&self, keys: KeySpace<'_>) -> Result<(), RuleError> {
        check_idempotency_key(self.idempotency_key)?;
        BUCKET.check(self.bucket)?;
        OBJECT_KEY.check(self.object_key)?;
        if !is_within(self.object_key, keys) {
            return Err(RuleError::Malformed {
                field: "object_key",
                rule: "a client's keys start with players/<its identity in hexadecimal>/",
            });
        }
        self.content.check()
    }

    /// Holds a repeated request against the `first` one under the same idempotency key.
    ///
    /// Errors: `Differs` for the first argument that is not the same.
    pub fn check_repeats(&self, first: &Registration<'_>) -> Result<(), RuleError> {
        check_same("`bucket` under this idempotency key", first.bucket, self.bucket)?;
        check_same("`object_key` under this idempotency key", first.object_key, self.object_key)?;
        self.content.check_same(&first.content)?;
        check_same("`access_policy` under this idempotency key", first.policy.name(), self.policy.name())
    }
}

fn is_within(object_key: &str, keys: KeySpace<'_>) -> bool {
    match keys {
        KeySpace::Everything => true,
        KeySpace::Player(identity) => object_key
            .strip_prefix("players/")
            .and_then(|key| key.strip_prefix(identity))
            .is_some_and(|key| key.starts_with('/')),
    }
}

fn is_bucket(text: &str) -> bool {
    text.len() >= BUCKET_LENGTH_MIN
        && !text.starts_with('-')
        && !text.ends_with('-')
        && is_lower_alphanumeric_or(text, b"-")
}

fn is_object_key(text: &str) -> bool {
    text.split('/').all(|segment| {
        !matches!(segment, "" | "." | "..")
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    })
}
