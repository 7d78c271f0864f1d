//! Likes and ranks of the gallery.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use module_custom_world::*;
use module_rules::RuleError;
use proptest::prelude::*;

#[test]
fn likes_are_bounded() {
    assert_eq!(check_like_count(999), Ok(()));
    assert!(matches!(check_like_count(1_000), Err(RuleError::AboveLimit { limit: 1_000, .. })));
    assert!(check_like_count(u64::MAX).is_err());
}

proptest! {
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
