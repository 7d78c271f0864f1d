//! What counts as a sign that the product is back.

use worldloom_tests::chaos::fleet::progress::{Gate, Progress, Work};

const EAR: (&str, &str) = ("somebody", "ledger");

/// Every work acknowledges something that was begun then.
fn all_work(progress: &Progress, begun: u64) {
    Work::ALL.iter().for_each(|work| progress.acknowledged(*work, begun));
}

#[test]
fn what_was_begun_before_is_no_sign_that_anything_gets_on() {
    let progress = Progress::default();
    let mut gate = Gate::open(100);
    all_work(&progress, 99);
    assert_eq!(gate.waiting(&progress, 200), ["Wallets", "Saves", "Stories", "Uploads", "Texts"]);
    all_work(&progress, 101);
    // An older text that comes to its end later takes nothing back.
    progress.acknowledged(Work::Texts, 90);
    assert_eq!(gate.waiting(&progress, 201), [""; 0]);
}

#[test]
fn a_product_without_one_kind_of_work_does_not_get_on() {
    for missing in Work::ALL {
        let progress = Progress::default();
        Work::ALL.iter().filter(|work| **work != missing).for_each(|work| progress.acknowledged(*work, 101));
        assert_eq!(Gate::open(100).waiting(&progress, 200), [format!("{missing:?}")]);
    }
}

#[test]
fn a_product_that_tells_watchers_of_no_changes_does_not_get_on() {
    let progress = Progress::default();
    progress.listens(EAR);
    all_work(&progress, 101);
    // News that were held up by the fault.
    progress.hears(EAR, 150);
    let mut gate = Gate::open(100);
    assert_eq!(gate.waiting(&progress, 200), ["somebody of ledger"]);
    assert_eq!(gate.waiting(&progress, 300), ["somebody of ledger"]);
    progress.hears(EAR, 301);
    assert_eq!(gate.waiting(&progress, 302), [""; 0]);
}
