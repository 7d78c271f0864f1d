//! How many streams each player has open here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use spacetimedb_sdk::Identity;

/// Most streams that one player may have open at one facade. A player has up to 8 open tasks, and a device or two to
/// read each of them on.
pub const STREAMS_PER_PLAYER: usize = 16;

/// Open streams by player. It holds no more players than there are streams. Clones share it.
#[derive(Clone, Default)]
pub struct Seats(Arc<Mutex<HashMap<Identity, usize>>>);

/// One stream's seat, which it leaves by being dropped.
pub struct Seat {
    seats: Seats,
    player: Identity,
}

impl Seats {
    /// A seat for one more stream of the player; none if it has as many as it may.
    pub fn take(&self, player: Identity) -> Option<Seat> {
        let mut open = self.open();
        let count = open.entry(player).or_default();
        if *count >= STREAMS_PER_PLAYER {
            return None;
        }
        *count += 1;
        Some(Seat { seats: self.clone(), player })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Identity, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.seats.open();
        if let Some(count) = open.get_mut(&self.player) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.player);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_counted_by_player_and_given_back() {
        let seats = Seats::default();
        let (one, other) = (Identity::from_byte_array([1; 32]), Identity::from_byte_array([2; 32]));
        let mut taken: Vec<_> = (0..STREAMS_PER_PLAYER).map_while(|_| seats.take(one)).collect();
        assert_eq!(taken.len(), STREAMS_PER_PLAYER);
        assert!(seats.take(one).is_none());
        assert!(seats.take(other).is_some(), "another player has seats of its own");
        taken.pop();
        let last = seats.take(one);
        assert!(last.is_some() && seats.take(one).is_none());
        drop((taken, last));
        assert!(seats.open().is_empty(), "whoever has no stream open takes no room");
    }
}
