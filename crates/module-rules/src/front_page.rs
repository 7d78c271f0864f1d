//! The front page of a gallery: its newest entries, which everybody sees without asking.

/// Most entries on a front page.
pub const FRONT_PAGE_LENGTH: usize = 100;

/// What becomes of an entry that comes into a gallery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival<K> {
    /// The front page has room for it.
    Joins,
    /// It takes the place of the oldest one there, whose key this is.
    Displaces(K),
    /// It is older than all that are there.
    StaysBelow,
}

/// Where the entry with this number belongs; `present` has number and key of each on the front page.
pub fn arrival<K: Ord + Copy>(present: &[(u64, K)], number: u64) -> Arrival<K> {
    if present.len() < FRONT_PAGE_LENGTH {
        return Arrival::Joins;
    }
    match present.iter().min() {
        Some((oldest, key)) if *oldest < number => Arrival::Displaces(*key),
        _ => Arrival::StaysBelow,
    }
}

#[cfg(test)]
mod tests {
    //! Room, and who makes it.

    use super::*;

    #[test]
    fn the_newest_are_on_the_front_page() {
        assert_eq!(arrival::<char>(&[], 1), Arrival::Joins);
        let mut present: Vec<_> = (2..).map(|number| (number, number)).take(FRONT_PAGE_LENGTH).collect();
        present.reverse();
        assert_eq!(arrival(&present, 102), Arrival::Displaces(2), "the oldest makes room, wherever it stands");
        assert_eq!(arrival(&present, 1), Arrival::StaysBelow);
        present.pop();
        assert_eq!(arrival(&present, 1), Arrival::Joins, "there is room for an old one, too");
    }
}
