//! Requests that clients send to the store themselves: what is announced, and what is signed.

use serde::{Deserialize, Serialize};

use super::config::ObjectsConfig;

/// An object as its row announces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// Bucket that the row names. The configured one may be another since.
    pub bucket: String,
    /// Key within the bucket.
    pub object_key: String,
    /// Media type.
    pub content_type: String,
    /// Size in bytes.
    pub byte_size: u64,
    /// SHA-256 in 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// A request that a client may send as it stands, without a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// `PUT` or `GET`.
    pub method: &'static str,
    /// Address, signature included.
    pub url: String,
    /// Headers that belong to it; they are signed where the store can.
    pub headers: Vec<(String, String)>,
    /// When it ends, in seconds since the Unix epoch.
    pub expires_s: u64,
}

/// One part that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Which one, from 1.
    pub number: u32,
    /// Its size.
    pub byte_size: u64,
    /// The store's tag of its bytes; empty where there is none.
    pub etag: String,
}

/// What is found at a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Media type that the content shows; `None` if it shows none.
    pub content_type: Option<&'static str>,
    /// Size in bytes.
    pub byte_size: u64,
    /// SHA-256 in 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// How an object is cut into parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    byte_size: u64,
    part_bytes: u64,
}

impl Cut {
    /// `None` for an object that goes in one piece.
    pub fn of(byte_size: u64, config: &ObjectsConfig) -> Option<Self> {
        (byte_size > config.part_bytes).then_some(Self { byte_size, part_bytes: config.part_bytes })
    }

    /// Size of each part but the last.
    pub fn part_bytes(self) -> u64 {
        self.part_bytes
    }

    /// How many parts there are.
    pub fn count(self) -> u32 {
        u32::try_from(self.byte_size.div_ceil(self.part_bytes)).unwrap_or(u32::MAX)
    }

    /// Size of this part; `None` if there is none of this number.
    pub fn size_of(self, number: u32) -> Option<u64> {
        if !(1..=self.count()).contains(&number) {
            return None;
        }
        let start = u64::from(number - 1) * self.part_bytes;
        Some(self.part_bytes.min(self.byte_size - start))
    }

    /// Numbers of the parts that are not among `present` in their full size.
    pub fn missing(self, present: &[Part]) -> Vec<u32> {
        let is_there = |number: u32| {
            present.iter().any(|part| part.number == number && Some(part.byte_size) == self.size_of(number))
        };
        (1..=self.count()).filter(|number| !is_there(*number)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(byte_size: u64) -> Option<Cut> {
        Cut::of(byte_size, &ObjectsConfig { part_bytes: 10, ..ObjectsConfig::default() })
    }

    #[test]
    fn the_last_part_takes_the_rest() {
        assert_eq!(cut(10), None);
        let cut = cut(25).unwrap();
        assert_eq!(cut.count(), 3);
        assert_eq!([0, 1, 2, 3, 4].map(|number| cut.size_of(number)), [None, Some(10), Some(10), Some(5), None]);
    }

    #[test]
    fn a_part_of_another_size_is_missing() {
        let part = |number, byte_size| Part { number, byte_size, etag: String::new() };
        assert_eq!(cut(25).unwrap().missing(&[part(1, 10), part(3, 10)]), [2, 3]);
        assert!(cut(20).unwrap().missing(&[part(1, 10), part(2, 10)]).is_empty());
    }
}
