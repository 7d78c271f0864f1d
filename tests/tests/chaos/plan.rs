//! A seed is a plan.

use std::collections::BTreeSet;

use clap::ValueEnum;
use worldloom_tests::chaos::plan::{Trouble, Victim, cycles};

#[test]
fn a_seed_always_draws_the_same_cycles_and_more_of_them_begin_alike() {
    assert_eq!(cycles(7, 20, &[]), cycles(7, 60, &[])[..20]);
    assert_ne!(cycles(7, 20, &[]), cycles(8, 20, &[]));
}

#[test]
fn a_round_of_cycles_has_every_trouble_once() {
    let kinds = Trouble::value_variants().len();
    assert_eq!(kinds, 24);
    for seed in 0..50 {
        let names: BTreeSet<String> =
            cycles(seed, 24, &[]).iter().map(|cycle| format!("{:?}", cycle.trouble)).collect();
        assert_eq!(names.len(), kinds, "{names:?}");
    }
}

#[test]
fn troubles_can_be_chosen_and_logs_are_damaged_while_the_node_is_away() {
    let chosen = cycles(7, 20, &[Trouble::TruncatedLog]);
    assert!(chosen.iter().all(|cycle| cycle.trouble == Trouble::TruncatedLog && cycle.killed.has_node()));
}

#[test]
fn some_are_killed_again_while_they_come_back() {
    let cycles = cycles(7, 100, &[]);
    let again = cycles.iter().filter(|cycle| cycle.killed_again_ms.is_some()).count();
    assert!((10..50).contains(&again), "{again} of 100");
}

#[test]
fn a_power_cut_hits_node_and_facade_while_writes_can_still_be_lost() {
    let chosen = cycles(7, 20, &[Trouble::PowerCut]);
    assert!(chosen.iter().all(|cycle| cycle.killed == Victim::Both && cycle.is_killed_in_trouble));
}
