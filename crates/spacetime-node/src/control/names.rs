//! Names of databases.

use std::borrow::Borrow;
use std::fmt;

use spacetimedb_client_api_messages::name::{DatabaseNameError, parse_database_name};

/// Longest name, in bytes.
const NAME_MAX_BYTES: usize = 64;

/// A valid database name: lower-case letters, digits and single inner hyphens, and nothing
/// that reads as an identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// Why a text is no database name.
#[derive(Debug, thiserror::Error)]
pub enum NameError {
    /// It breaks the rule for names.
    #[error("`{shown}` is not a database name ({cause}); use lower-case letters, digits and single inner hyphens.")]
    Malformed {
        /// The start of what was given.
        shown: String,
        /// The rule that it breaks.
        cause: DatabaseNameError,
    },
    /// It is too long.
    #[error("A database name has at most {NAME_MAX_BYTES} characters; this one has {0}.")]
    TooLong(usize),
}

impl Name {
    /// Checks a text.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.len() > NAME_MAX_BYTES {
            return Err(NameError::TooLong(text.chars().count()));
        }
        match parse_database_name(text) {
            Ok(name) => Ok(Self(name.to_owned())),
            Err(cause) => Err(NameError::Malformed { shown: text.to_owned(), cause }),
        }
    }

    /// The part that its first publisher owns. Names of this node have one part only.
    pub fn first_part(&self) -> &str {
        &self.0
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_short() {
        for good in ["a", "worldloom", "game-2", "0", "a-b-c"] {
            assert_eq!(Name::parse(good).unwrap().as_str(), good);
        }
        let long = "x".repeat(10_000);
        let identity = "c2".repeat(32);
        for bad in ["", "-a", "a-", "a--b", "A", "a/b", "a b", "ä", "🎲", "../x", &long, &identity] {
            assert!(Name::parse(bad).is_err(), "{bad:.20}");
        }
    }

    #[test]
    fn an_error_shows_little_of_a_long_name() {
        assert!(Name::parse(&"x".repeat(10_000)).unwrap_err().to_string().len() < 200);
    }
}
