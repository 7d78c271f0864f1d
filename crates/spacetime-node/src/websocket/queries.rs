//! What a connection may ask for in SQL.

use std::collections::HashMap;

use spacetimedb_lib::identity::AuthCtx;

use crate::stored_programs;

/// Sets of queries that one message may subscribe to. The engine holds the rows of all of them at the same time, and its
/// limit on rows is for each of them.
const SETS_MAX: usize = 32;

/// The number that a client has given to a set of queries. The oldest message of protocol 1 gives none: it replaces what
/// it has subscribed to before.
pub(super) type Set = Option<u32>;

/// The queries that a connection is subscribed to. The engine keeps every one, and looks at most of them in each
/// transaction that changes their table.
pub(super) struct Queries {
    auth: AuthCtx,
    max: usize,
    sets: HashMap<Set, usize>,
    subscribed: usize,
}

impl Queries {
    /// None yet, and so many at the most.
    pub(super) fn new(auth: AuthCtx, max: usize) -> Self {
        Self { auth, max, sets: HashMap::new(), subscribed: 0 }
    }

    /// Refuses a query that is not for this client.
    pub(super) fn check(&self, query: &str) -> Result<(), String> {
        stored_programs::check(&self.auth, query).map_err(|refused| refused.to_string())
    }

    /// Refuses a message with too many sets.
    pub(super) fn check_sets(&self, sets: usize) -> Result<(), String> {
        if sets > SETS_MAX {
            return Err(format!("a message may subscribe to {SETS_MAX} sets of queries, not to {sets}"));
        }
        Ok(())
    }

    /// Counts a set that is about to be subscribed to. What the engine makes of it comes to the client alone, so one that
    /// it refuses counts until the client leaves it.
    pub(super) fn subscribe<Q: AsRef<str>>(&mut self, set: Set, queries: &[Q]) -> Result<(), String> {
        queries.iter().try_for_each(|query| self.check(query.as_ref()))?;
        // A set without queries is work as well.
        let more = queries.len().max(1);
        if self.subscribed + more > self.max {
            return Err(format!("a connection may be subscribed to {} queries at the same time", self.max));
        }
        self.subscribed += more;
        *self.sets.entry(set).or_default() += more;
        Ok(())
    }

    /// Forgets a set that the client leaves.
    pub(super) fn unsubscribe(&mut self, set: Set) {
        self.subscribed -= self.sets.remove(&set).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use spacetimedb_lib::Identity;

    use super::*;

    fn queries(max: usize) -> Queries {
        Queries::new(AuthCtx::new(Identity::ONE, Identity::ZERO), max)
    }

    #[test]
    fn only_so_many_queries_are_subscribed_to_at_the_same_time() {
        let mut queries = queries(3);
        queries.subscribe(Some(1), &["a", "b"]).unwrap();
        queries.subscribe(Some(2), &[""; 0]).unwrap();
        let refusal = queries.subscribe(Some(3), &["c"]).unwrap_err();
        assert_eq!(refusal, "a connection may be subscribed to 3 queries at the same time");
        queries.unsubscribe(Some(1));
        queries.unsubscribe(Some(1));
        queries.subscribe(Some(3), &["c", "d"]).unwrap();
        assert!(queries.subscribe(Some(4), &["e"]).is_err());
    }

    #[test]
    fn a_number_that_is_used_twice_hides_nothing() {
        let mut queries = queries(3);
        queries.subscribe(Some(1), &["a", "b"]).unwrap();
        // The engine refuses this one, since the number is taken.
        queries.subscribe(Some(1), &["c"]).unwrap();
        assert!(queries.subscribe(Some(2), &["d"]).is_err());
    }
}
