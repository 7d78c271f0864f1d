//! Refresh tokens are used once; who comes with a spent one ends the login.

use spacetime_module::*;
use spacetimedb::{Table, TimeDuration, Uuid};

use super::{MINUTE, hash, player_of, sweep_due};
use crate::world::{Actor, World};

fn salt(outcome: RefreshOutcome) -> String {
    match outcome {
        RefreshOutcome::Refreshed(grant) => grant.salt,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn is_replay(outcome: RefreshOutcome) {
    assert!(matches!(outcome, RefreshOutcome::Replayed(_)), "{outcome:?}");
}

#[test]
fn each_use_gives_the_next_token() {
    let world = World::new();
    let grant = world.log_in("ada", "t1");
    world.advance(15 * MINUTE);
    let RefreshOutcome::Refreshed(refreshed) = world.refresh("t1", "t2") else { panic!("t1 is in order") };
    assert_eq!((refreshed.account_id, refreshed.session.session_id), (grant.account_id, grant.session.session_id));
    assert!(refreshed.session.ends_at > grant.session.ends_at);
    assert_eq!(salt(world.refresh("t2", "t3")), hash("salt"));
    assert_eq!(world.refresh("never-issued", "t4"), RefreshOutcome::Unknown);
}

#[test]
fn a_lost_answer_can_be_asked_for_again_for_a_minute() {
    let world = World::new();
    world.log_in("ada", "t1");
    let first = salt(world.refresh("t1", "t2"));
    world.advance(MINUTE);
    let request = RefreshRequest { salt: hash("other"), ..super::refresh_request("t1", "other") };
    let again = world.call(Actor::Service, |ctx| rotate_refresh_token_and_return(ctx, request)).unwrap();
    assert_eq!(salt(again), first, "the first salt counts, and so the first successor");
    salt(world.refresh("t2", "t3"));
}

#[test]
fn a_token_that_comes_back_too_late_ends_the_login() {
    let world = World::new();
    let player = player_of(&world.log_in("ada", "t1"));
    let other_device = world.log_in("ada", "u1").session;
    salt(world.refresh("t1", "t2"));
    world.advance(MINUTE + 1);
    is_replay(world.refresh("t1", "x"));
    assert_eq!(world.refresh("t2", "t3"), RefreshOutcome::Unknown, "the whole family is gone");
    assert_eq!(world.sessions_of(player), [other_device], "other devices stay");
}

#[test]
fn a_token_whose_successor_was_used_ends_the_login_at_once() {
    let world = World::new();
    world.log_in("ada", "t1");
    salt(world.refresh("t1", "t2"));
    salt(world.refresh("t2", "t3"));
    is_replay(world.refresh("t1", "x"));
    assert_eq!(world.refresh("t3", "t4"), RefreshOutcome::Unknown);
}

#[test]
fn a_login_that_is_not_used_ends_and_is_removed() {
    let world = World::new();
    let begun_at = world.now();
    let player = player_of(&world.log_in("ada", "t1"));
    world.advance(30 * 24 * 60 * MINUTE);
    assert_eq!(world.refresh("t1", "t2"), RefreshOutcome::Unknown);
    assert_eq!(world.sessions_of(player), []);
    let timer = sweep_due(&world, begun_at);
    world.advance(1);
    world.reduce(Actor::Engine, |ctx| sweep_logins(ctx, timer)).unwrap();
    let rows = world.rows();
    assert!(rows["login_session"].is_empty() && rows["refresh_token"].is_empty());
    assert_eq!(rows["login_sweep"].len(), 1, "the next sweep is due");
}

#[test]
fn logins_that_ended_during_a_standstill_are_removed_batch_by_batch() {
    let world = World::new();
    let session = world.log_in("ada", "t1").session;
    let swept_until = world.now();
    let rows = world.test.db.login_session();
    for number in 0..700u32 {
        let ends_at = swept_until + TimeDuration::from_micros(i64::from(number) * MINUTE);
        rows.insert(LoginSession { session_id: Uuid::from_u128(number.into()), ends_at, ..session.clone() });
    }
    let sweep = |timer| world.reduce(Actor::Engine, |ctx| sweep_logins(ctx, timer)).unwrap();
    let next = || world.test.db.login_sweep().iter().max_by_key(|timer| timer.scheduled_id).unwrap();
    world.advance(700 * MINUTE);
    sweep(sweep_due(&world, swept_until));
    assert_eq!(rows.count(), 201, "the login that goes on, and what has not been removed yet");
    assert_eq!((next().scheduled_at, next().swept_until), (world.now().into(), swept_until), "at once, and as before");
    sweep(next());
    assert_eq!(rows.count(), 1);
    assert_eq!(next().swept_until, world.now(), "nothing that ended is left");
    sweep(next());
    assert_eq!(rows.count(), 1, "a login that goes on stays");
}

#[test]
fn no_login_lasts_longer_than_a_year() {
    let world = World::new();
    let begun_at = world.log_in("ada", "t0").session.begun_at;
    for number in 0..13 {
        world.advance(28 * 24 * 60 * MINUTE);
        let RefreshOutcome::Refreshed(grant) = world.refresh(&format!("t{number}"), &format!("t{}", number + 1)) else {
            panic!("it is used often enough")
        };
        let year = spacetimedb::TimeDuration::from_micros(365 * 24 * 60 * MINUTE);
        assert!(grant.session.ends_at <= begun_at.checked_add(year).unwrap());
    }
    world.advance(24 * 60 * MINUTE);
    assert_eq!(world.refresh("t13", "t14"), RefreshOutcome::Unknown);
}

#[test]
fn the_device_used_longest_ago_makes_room() {
    let world = World::new();
    let player = player_of(&world.log_in("ada", "t0"));
    for number in 1..32 {
        world.advance(MINUTE);
        world.log_in("ada", &format!("t{number}"));
    }
    assert_eq!(world.sessions_of(player).len(), 32);
    salt(world.refresh("t0", "s0"));
    world.log_in("ada", "one-more");
    assert_eq!(world.sessions_of(player).len(), 32);
    assert_eq!(world.refresh("t1", "s1"), RefreshOutcome::Unknown);
    salt(world.refresh("s0", "r0"));
}

#[test]
fn logging_out_here_leaves_the_others_and_everywhere_does_not() {
    let world = World::new();
    let ada = player_of(&world.log_in("ada", "t1"));
    let bob = player_of(&world.log_in("bob", "u1"));
    let second = world.log_in("ada", "t2").session;
    let end = |world: &World, player| {
        world.call(Actor::Service, |ctx| end_login_session_and_return(ctx, Some(player), second.session_id))
    };
    assert_eq!(world.refused(|world| end(world, bob)).code, DomainErrorCode::NotFound);
    end(&world, ada).unwrap();
    assert_eq!(world.refresh("t2", "x"), RefreshOutcome::Unknown);
    let by_token = |hash| world.call(Actor::Service, |ctx| end_login_session_of_token_and_return(ctx, hash));
    by_token(hash("t1")).unwrap();
    assert_eq!(by_token(hash("t1")).unwrap_err().code, DomainErrorCode::NotFound);
    world.log_in("ada", "t3");
    world.log_in("ada", "t4");
    let ended = world.call(Actor::Service, |ctx| end_login_sessions_and_return(ctx, Some(ada))).unwrap();
    assert_eq!((ended.len(), world.sessions_of(ada).len(), world.sessions_of(bob).len()), (2, 0, 1));
}

#[test]
fn old_spent_tokens_are_forgotten() {
    let world = World::new();
    world.log_in("ada", "t0");
    for number in 0..520 {
        salt(world.refresh(&format!("t{number}"), &format!("t{}", number + 1)));
    }
    assert_eq!(world.rows()["refresh_token"].len(), 513);
    assert_eq!(world.refresh("t0", "x"), RefreshOutcome::Unknown);
    is_replay(world.refresh("t100", "x"));
}
