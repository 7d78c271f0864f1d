//! An Operator finds and mends what is out of step.

use spacetime_module::*;

use super::{
    archive, archive_of, balance, coins, credit, dashboard, debit, differences, ledger, save, save_of, story_of,
};
use crate::world::{Actor, World};

/// A player with something of everything.
fn scene() -> World {
    let world = World::new();
    let story = story_of(&world, Actor::Alice, 1);
    save(&world, Actor::Alice, save_of(&story, "auto", b"12345", 0)).unwrap();
    archive(&world, Actor::Alice, archive_of(story.world_id, "k")).unwrap();
    credit(&world, Actor::Alice, coins("a", 100)).unwrap();
    debit(&world, Actor::Alice, coins("b", 40)).unwrap();
    world
}

fn repair(world: &World) -> Vec<ProfileProjectionDifference> {
    let alice = Actor::Alice.identity();
    world.call(Actor::Operator, |ctx| repair_profile_projections_and_return(ctx, alice)).unwrap()
}

fn projections(found: &[ProfileProjectionDifference]) -> Vec<(&str, &str, &str)> {
    found.iter().map(|one| (one.projection.as_str(), one.recorded.as_str(), one.recomputed.as_str())).collect()
}

#[test]
fn what_the_module_writes_is_in_step() {
    let world = scene();
    let before = world.rows();
    assert_eq!(differences(&world, Actor::Alice), []);
    assert_eq!(repair(&world), []);
    assert_eq!(differences(&world, Actor::Stranger), []);
    assert_eq!(world.rows(), before, "looking changes nothing");
}

#[test]
fn a_dashboard_out_of_step_is_found_and_mended() {
    let world = scene();
    let right = dashboard(&world, Actor::Alice);
    let wrong = ProfileDashboardState { snapshots: 7, saved_bytes: 0, last_revision: 0, ..right.clone() };
    world.test.db.profile_dashboard_state().player().update(wrong);
    let found = differences(&world, Actor::Alice);
    assert_eq!(
        projections(&found),
        [
            ("profile_dashboard_state.snapshots", "7", "1"),
            ("profile_dashboard_state.saved_bytes", "0", "10"),
            ("profile_dashboard_state.last_revision", "0", "1"),
        ]
    );
    assert_eq!(repair(&world), found);
    assert_eq!(dashboard(&world, Actor::Alice), right);
    assert_eq!(differences(&world, Actor::Alice), []);
}

#[test]
fn a_balance_out_of_step_is_found_and_follows_its_ledger() {
    let world = scene();
    let [right] = world.see(Actor::Alice, my_wallet).try_into().unwrap();
    let wrong = ProfileWalletBalance { balance: 1_000, ..right.clone() };
    world.test.db.profile_wallet_balance().id().update(wrong);
    assert_eq!(
        projections(&differences(&world, Actor::Alice)),
        [("profile_wallet_balance[Coins].balance", "1000", "60")]
    );
    repair(&world);
    assert_eq!(world.see(Actor::Alice, my_wallet), std::slice::from_ref(&right));

    world.test.db.profile_wallet_balance().id().delete(right.id);
    assert_eq!(differences(&world, Actor::Alice).len(), 2);
    repair(&world);
    assert_eq!((balance(&world, Actor::Alice), differences(&world, Actor::Alice)), (60, Vec::new()));
}

#[test]
fn a_broken_ledger_is_reported_and_left_alone() {
    let world = scene();
    let line = ledger(&world, Actor::Alice).pop().unwrap();
    world.test.db.profile_wallet_ledger().entry_id().update(ProfileWalletLedger { amount: 41, ..line });
    let before = world.rows();
    let found = repair(&world);
    let fault =
        ("profile_wallet_ledger[Coins, 2]", "a line that does not follow", "one that follows from those before it");
    assert_eq!(projections(&found), [fault]);
    assert_eq!(world.rows(), before);
}

#[test]
fn checks_are_for_operators() {
    let world = scene();
    let alice = Actor::Alice.identity();
    for actor in [Actor::Alice, Actor::Service, Actor::Admin, Actor::Engine] {
        let check = |world: &World| world.call(actor, |ctx| check_profile_projections_and_return(ctx, alice));
        assert_eq!(world.refused(check).code, DomainErrorCode::Forbidden, "{actor:?}");
        let mend = |world: &World| world.call(actor, |ctx| repair_profile_projections_and_return(ctx, alice));
        assert_eq!(world.refused(mend).code, DomainErrorCode::Forbidden, "{actor:?}");
    }
}
