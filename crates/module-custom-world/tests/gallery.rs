//! Pages, likes and ranks of the gallery.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use module_custom_world::*;
use module_rules::RuleError;
use proptest::prelude::*;

#[test]
fn pages_and_likes_are_bounded() {
    assert!(matches!(check_page_length(0), Err(RuleError::Malformed { field: "length", .. })));
    assert_eq!(check_page_length(1), Ok(()));
    assert_eq!(check_page_length(100), Ok(()));
    assert!(matches!(check_page_length(u32::MAX), Err(RuleError::AboveLimit { limit: 100, .. })));
    assert_eq!(check_like_count(999), Ok(()));
    assert!(matches!(check_like_count(1_000), Err(RuleError::AboveLimit { limit: 1_000, .. })));
    assert!(check_like_count(u64::MAX).is_err());
}

#[test]
fn ranges_cover_what_the_cursor_says() {
    let down = |cursor, last, length| ranges_down(cursor, last, length).collect::<Vec<_>>();
    assert_eq!(down(None, 25, 10), [(16, 25), (6, 15), (1, 5)]);
    assert_eq!(down(Some(6), 25, 10), [(1, 5)]);
    assert_eq!(down(Some(1), 25, 10), []);
    assert_eq!(down(Some(0), 25, 10), []);
    assert_eq!(down(None, 0, 10), []);
    assert_eq!(down(Some(u64::MAX), 3, 10), [(1, 3)]);
    assert_eq!(down(None, 1_000, 10).len(), PAGE_RANGES_MAX);
    let up = |cursor, last, length| ranges_up(cursor, last, length).collect::<Vec<_>>();
    assert_eq!(up(None, 25, 10), [(1, 10), (11, 20), (21, 25)]);
    assert_eq!(up(Some(20), 25, 10), [(21, 25)]);
    assert_eq!(up(Some(25), 25, 10), []);
    assert_eq!(up(Some(u64::MAX), 25, 10), []);
    assert_eq!(up(None, 0, 10), []);
    assert_eq!(up(None, u64::MAX, 10).len(), PAGE_RANGES_MAX);
}

proptest! {
    #[test]
    fn ranges_never_overlap_nor_leave_gaps(last in 0..300_u64, length in 1..=100_u32, cursor in prop::option::of(0..320_u64)) {
        let down: Vec<_> = ranges_down(cursor, last, length).flat_map(|(from, to)| (from..=to).rev()).collect();
        let top = cursor.map_or(last, |cursor| cursor.saturating_sub(1).min(last));
        let expected: Vec<_> = (1..=top).rev().take(down.len()).collect();
        prop_assert_eq!(&down, &expected);
        prop_assert_eq!(down.len() as u64, top.min(u64::from(length) * PAGE_RANGES_MAX as u64));

        let up: Vec<_> = ranges_up(cursor, last, length).flat_map(|(from, to)| from..=to).collect();
        let expected: Vec<_> = (cursor.unwrap_or(0) + 1..=last).take(up.len()).collect();
        prop_assert_eq!(&up, &expected);
        let open = last.saturating_sub(cursor.unwrap_or(0));
        prop_assert_eq!(up.len() as u64, open.min(u64::from(length) * PAGE_RANGES_MAX as u64));
    }

    /// Any sequence of new worlds and new players leaves the ranks dense and in order.
    #[test]
    fn ranks_stay_dense_and_ordered(steps in prop::collection::vec(prop::option::weighted(0.8, any::<prop::sample::Index>()), 1..200)) {
        let mut worlds: Vec<(u64, u64)> = Vec::new(); // rank and players
        let mut groups: BTreeMap<u64, RankGroup> = BTreeMap::new();
        for step in steps {
            match step {
                Some(index) if !worlds.is_empty() => {
                    let at = index.index(worlds.len());
                    let (rank, players) = worlds[at];
                    let promotion = promote(groups[&players], groups.get(&(players + 1)).copied()).unwrap();
                    let other = worlds.iter().position(|world| world.0 == promotion.rank).unwrap();
                    worlds[other].0 = rank;
                    worlds[at] = (promotion.rank, players + 1);
                    match promotion.left {
                        Some(left) => groups.insert(players, left),
                        None => groups.remove(&players),
                    };
                    groups.insert(promotion.joined.players, promotion.joined);
                }
                _ => {
                    let (rank, group) = rank_newcomer(worlds.len() as u64, groups.get(&0).copied()).unwrap();
                    worlds.push((rank, 0));
                    groups.insert(0, group);
                }
            }
            let mut ranked = worlds.clone();
            ranked.sort_unstable();
            for (at, (rank, _)) in ranked.iter().enumerate() {
                prop_assert_eq!(*rank, at as u64 + 1);
            }
            prop_assert!(ranked.is_sorted_by_key(|(_, players)| std::cmp::Reverse(*players)));
            for group in groups.values() {
                let members: Vec<_> = ranked.iter().filter(|world| world.1 == group.players).collect();
                prop_assert_eq!(members.len() as u64, group.worlds);
                prop_assert_eq!(members[0].0, group.first_rank);
            }
        }
    }
}
