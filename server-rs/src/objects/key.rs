//! Where an object lies within its bucket.

use sha2::{Digest, Sha256};
use spacetimedb_sdk::Identity;

use crate::identity::secrets::hex;

/// Longest part of a client's file name that is kept, in bytes.
const FILE_NAME_MAX: usize = 80;

/// Prefix of every key made here. Clients that register objects themselves are held to another one.
const PREFIX: &str = "uploads";

/// Prefix of pictures that are made of others.
pub const VARIANTS: &str = "variants";

/// Digits of a digest in a key.
const DIGEST_LENGTH: usize = 32;

/// Key of an object within its bucket: `uploads/<owner>/<digest>-<file name>`.
///
/// It follows from the owner, the idempotency key, the file name and the bytes alone, so that a repeated upload names
/// the same object and no other one, and nothing of a client's text reaches the path but letters, digits, `.`, `-` and
/// `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// The key for an upload of `owner`, whatever its bytes are. An object lies at the key [for its
    /// bytes](Self::for_bytes).
    pub fn for_upload(owner: Identity, idempotency_key: &str, file_name: Option<&str>) -> Self {
        let folder = format!("{PREFIX}/{}", owner.to_hex());
        let name = file_name.map(portable_file_name).filter(|name| !name.is_empty());
        Self::digested(&folder, idempotency_key, name.as_deref())
    }

    /// The key for the bytes of this upload that have this SHA-256. Other bytes have another key, even when the asset
    /// of the first is deleted and the same upload is announced anew: what may still be put for the first asset, by a
    /// signed URL, must not become the second one's content.
    pub fn for_bytes(&self, sha256: &str) -> Self {
        let (folder, last) = self.as_str().rsplit_once('/').unwrap_or((PREFIX, self.as_str()));
        let name = last.split_once('-').map(|(_, name)| name);
        Self::digested(folder, &format!("{last}/{sha256}"), name)
    }

    fn digested(folder: &str, text: &str, name: Option<&str>) -> Self {
        let mut digest = hex(&Sha256::digest(text.as_bytes()));
        digest.truncate(DIGEST_LENGTH);
        match name {
            Some(name) => Self(format!("{folder}/{digest}-{name}")),
            None => Self(format!("{folder}/{digest}")),
        }
    }

    /// The key of a stored row, if it can lie within a bucket: relative, without a step upwards, and of the characters
    /// that the game module takes, none of which needs an escape in a URL.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = |segment: &str| {
            !matches!(segment, "" | "." | "..")
                && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        (text.len() <= 1024 && text.split('/').all(is_plain)).then(|| Self(text.to_owned()))
    }

    /// The key for a picture that is made of an asset's.
    pub fn for_variant(asset_id: uuid::Uuid, name: &str) -> Self {
        Self(format!("{VARIANTS}/{asset_id}/{name}"))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The client's file name, or a neutral one.
    pub fn file_name(&self) -> &str {
        let last = self.0.rsplit('/').next().unwrap_or_default();
        last.split_once('-').map_or("object", |(_, name)| name)
    }
}

/// Reduces a client's file name to its last segment and to characters that mean nothing to a path, a header or
/// a shell.
fn portable_file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String =
        last.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' }).collect();
    // The end is kept, because it carries the extension.
    let start = kept.len().saturating_sub(FILE_NAME_MAX);
    kept[start..].trim_start_matches(['.', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: Option<&str>) -> ObjectKey {
        ObjectKey::for_upload(Identity::ONE, "first-upload", name)
    }

    #[test]
    fn a_key_follows_from_owner_idempotency_key_and_name() {
        assert_eq!(key(Some("cat.png")), key(Some("cat.png")));
        assert_ne!(key(Some("cat.png")), key(Some("dog.png")));
        assert_ne!(key(None), ObjectKey::for_upload(Identity::ZERO, "first-upload", None));
        assert_ne!(key(None), ObjectKey::for_upload(Identity::ONE, "second-upload", None));
        assert_eq!(key(Some("cat.png")).file_name(), "cat.png");
        assert_eq!(key(None).file_name(), "object");
    }

    #[test]
    fn other_bytes_have_another_key() {
        for name in [Some("cat-1.png"), None] {
            let (first, second) = (key(name).for_bytes(&"0".repeat(64)), key(name).for_bytes(&"1".repeat(64)));
            assert_eq!(first, key(name).for_bytes(&"0".repeat(64)));
            assert_ne!(first, second);
            assert_ne!(first, key(name));
            assert_eq!(first.file_name(), key(name).file_name());
            assert_eq!(first.as_str().len(), key(name).as_str().len());
            assert_eq!(ObjectKey::parse(first.as_str()), Some(first));
        }
        let other_upload = ObjectKey::for_upload(Identity::ONE, "second-upload", None);
        assert_ne!(key(None).for_bytes(""), other_upload.for_bytes(""));
    }

    #[test]
    fn file_names_cannot_leave_the_bucket() {
        for hostile in ["../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "..", "a\0b", "é☃", "", "-rf"] {
            let key = key(Some(hostile));
            assert_eq!(key.as_str().matches('/').count(), 2, "{hostile:?} gave {key:?}");
            assert!(!key.as_str().contains(".."), "{hostile:?} gave {key:?}");
            assert!(ObjectKey::parse(key.as_str()).is_some());
        }
        assert_eq!(key(Some(&format!("{}.png", "x".repeat(500)))).file_name().len(), FILE_NAME_MAX);
    }

    #[test]
    fn stored_keys_that_step_upwards_are_refused() {
        for hostile in ["", "/a", "a//b", "a/../b", "..", "a/.", "a\\b", "a\0", "a%2fb", "a?b", "a b"] {
            assert_eq!(ObjectKey::parse(hostile), None, "{hostile:?}");
        }
        assert!(ObjectKey::parse("players/1/cat.png").is_some());
    }
}
