//! The buckets of a limiter, in a cache of a fixed size.
//!
//! The limiter's own stores grow with every client that they see until somebody clears them, and a flood of addresses
//! does not wait for that. Here the bucket of whoever asked least gives way. Its owner begins with a full one, so a
//! client that commands more addresses than are remembered is not limited; it would not be by a larger store either.

use std::convert::Infallible;
use std::hash::Hash;
use std::sync::Arc;

use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use quick_cache::sync::Cache;

/// One bucket for each of the last clients.
pub struct BoundedStates<K>(Cache<K, Arc<InMemoryState>>);

impl<K: Eq + Hash + Clone> BoundedStates<K> {
    /// Remembers up to `clients_max`.
    pub fn new(clients_max: usize) -> Self {
        Self(Cache::new(clients_max))
    }

    /// Clients that are remembered now.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl<K: Eq + Hash + Clone> StateStore for BoundedStates<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let Ok(state) = self.0.get_or_insert_with(key, || Ok::<_, Infallible>(Arc::default()));
        state.measure_and_replace(&NotKeyed::NonKey, decide)
    }
}
