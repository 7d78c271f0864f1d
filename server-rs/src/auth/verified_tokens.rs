//! Tokens whose signature was checked a moment ago. The check costs more than all the rest of a small request, and a
//! client's next request has the same token.

use std::sync::Arc;

use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use spacetimedb_sdk::Identity;

use super::LEEWAY_S;

/// So long a check counts, and so long at most a key that is withdrawn may still be believed.
const CHECK_COUNTS_S: u64 = 60;
/// Tokens that are remembered; beyond them, those are forgotten that are used least.
const TOKENS_MAX: usize = 65_536;

/// What a token proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Who holds it.
    pub identity: Identity,
    /// When it ends, in seconds since 1970; tokens of the node may have no end.
    pub expires_at_s: Option<u64>,
}

impl Verified {
    /// Whether its time is over, by a clock that may differ from the issuer's.
    pub fn has_expired(&self, now_s: u64) -> bool {
        self.expires_at_s.is_some_and(|end| end.saturating_add(LEEWAY_S) < now_s)
    }
}

#[derive(Clone, Copy)]
struct Check {
    verified: Verified,
    checked_at_s: u64,
}

/// A bounded memory of checks. Clones share it.
#[derive(Clone)]
pub struct VerifiedTokens(Arc<Cache<[u8; 32], Check>>);

impl Default for VerifiedTokens {
    fn default() -> Self {
        Self(Arc::new(Cache::new(TOKENS_MAX)))
    }
}

impl VerifiedTokens {
    /// What this very token was found to prove within the last minute, if it still does.
    pub fn recall(&self, token: &str, now_s: u64) -> Option<Verified> {
        let Check { verified, checked_at_s } = self.0.get(&digest(token))?;
        let counts = now_s.saturating_sub(checked_at_s) < CHECK_COUNTS_S;
        (counts && !verified.has_expired(now_s)).then_some(verified)
    }

    /// Remembers what a token proves.
    pub fn remember(&self, token: &str, verified: Verified, now_s: u64) {
        self.0.insert(digest(token), Check { verified, checked_at_s: now_s });
    }

    /// Forgets all, because a key has changed.
    pub fn forget(&self) {
        self.0.clear();
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: u64 = 1_800_000_000;

    fn verified(expires_at_s: Option<u64>) -> Verified {
        Verified { identity: Identity::ONE, expires_at_s }
    }

    #[test]
    fn a_check_counts_for_a_minute_and_for_that_token() {
        let tokens = VerifiedTokens::default();
        tokens.remember("a.b.c", verified(None), NOW_S);
        assert_eq!(tokens.recall("a.b.c", NOW_S + 59), Some(verified(None)));
        assert_eq!(tokens.recall("a.b.c", NOW_S + 60), None);
        assert_eq!(tokens.recall("a.b.d", NOW_S), None);
        tokens.forget();
        assert_eq!(tokens.recall("a.b.c", NOW_S), None);
    }

    #[test]
    fn a_token_that_ends_meanwhile_has_ended() {
        let tokens = VerifiedTokens::default();
        let ends_soon = verified(Some(NOW_S - LEEWAY_S + 10));
        tokens.remember("a.b.c", ends_soon, NOW_S);
        assert_eq!(tokens.recall("a.b.c", NOW_S + 10), Some(ends_soon));
        assert_eq!(tokens.recall("a.b.c", NOW_S + 11), None);
    }
}
