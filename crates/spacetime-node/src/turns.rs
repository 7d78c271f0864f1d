//! One thing at a time for each database or owner, while others go on.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use spacetimedb_lib::Identity;
use tokio::sync::Mutex as Turn;

/// A lock for each of those who may do one thing at a time, as long as anybody holds it or waits for it. What one of
/// them leaves in it is for those who wait already.
#[derive(Default)]
pub struct Turns<T = ()>(Mutex<BTreeMap<Identity, Weak<Turn<T>>>>);

impl<T: Default> Turns<T> {
    /// The lock of one of them. Those who wait for it get it in the order of coming.
    pub fn of(&self, identity: Identity) -> Arc<Turn<T>> {
        let mut turns = self.0.lock();
        turns.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = turns.get(&identity).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        turns.insert(identity, Arc::downgrade(&turn));
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_the_same_for_as_long_as_somebody_has_it() {
        let (one, other) = (Identity::from_byte_array([1; 32]), Identity::from_byte_array([2; 32]));
        let turns = Turns::<u8>::default();
        let mut first = turns.of(one).try_lock_owned().unwrap();
        let second = turns.of(one);
        assert!(second.try_lock().is_err());
        assert!(turns.of(other).try_lock().is_ok());
        *first = 1;
        drop(first);
        assert_eq!(*second.try_lock().unwrap(), 1, "for who waits already");
        drop(second);
        assert_eq!(*turns.of(one).try_lock().unwrap(), 0);
        assert_eq!(turns.0.lock().len(), 1, "what nobody has is forgotten");
    }
}
