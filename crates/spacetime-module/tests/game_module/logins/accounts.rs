//! Accounts come with the first login, have several logins, and never lose the last one.

use spacetime_module::*;

use super::{hash, log_in_request, player_of, proof, throttle};
use crate::world::{Actor, World, above, conflict, invalid};

#[test]
fn the_first_login_makes_an_account_and_the_next_finds_it() {
    let world = World::new();
    let first = world.log_in("ada", "t1");
    assert!(first.is_new_account);
    assert_eq!(first.session.player, player_of(&first), "the identity is that of the facade's tokens");
    let second = world.log_in("ada", "t2");
    assert!(!second.is_new_account);
    assert_eq!(second.account_id, first.account_id);
    assert_ne!(second.session.session_id, first.session.session_id);
    let other = world.log_in("bob", "t3");
    assert_ne!(other.account_id, first.account_id);
    assert_eq!(world.sessions_of(player_of(&first)).len(), 2);
}

#[test]
fn a_grant_carries_the_players_roles() {
    let world = World::new();
    let player = player_of(&world.log_in("ada", "t1"));
    world.reduce(Actor::Owner, |ctx| grant_role(ctx, player, AccessRole::Moderator)).unwrap();
    assert_eq!(world.log_in("ada", "t2").roles, [AccessRole::Moderator]);
}

#[test]
fn a_login_leads_to_one_account() {
    let world = World::new();
    let (ada, bob) = (player_of(&world.log_in("ada", "t1")), player_of(&world.log_in("bob", "t2")));
    let link = |world: &World, player, subject: &str| {
        world.call(Actor::Service, |ctx| link_login_and_return(ctx, player, proof(subject)))
    };
    let linked = link(&world, ada, "ada-at-work").unwrap();
    assert_eq!(link(&world, ada, "ada-at-work"), Ok(linked.clone()), "the same again changes nothing");
    assert_eq!(player_of(&world.log_in("ada-at-work", "t3")), ada);
    let refusal = world.refused(|world| link(world, bob, "ada-at-work"));
    assert_eq!(refusal.code, conflict("a login of this account", "another account's"));
    let stranger = world.refused(|world| link(world, Actor::Alice.identity(), "alice"));
    assert_eq!(stranger.code, DomainErrorCode::NotFound);
}

#[test]
fn the_last_login_stays_and_unlinking_logs_its_devices_out() {
    let world = World::new();
    let ada = player_of(&world.log_in("ada", "t1"));
    let bob = player_of(&world.log_in("bob", "t2"));
    let first = world.logins_of(ada)[0].login_id;
    let unlink = |world: &World, player, login_id| {
        world.call(Actor::Service, |ctx| unlink_login_and_return(ctx, Some(player), login_id))
    };
    let refusal = world.refused(|world| unlink(world, ada, first));
    assert_eq!(refusal.code, conflict("another login", "the last login"));
    world.call(Actor::Service, |ctx| link_login_and_return(ctx, ada, proof("ada-at-work"))).unwrap();
    let at_work = world.log_in("ada-at-work", "t3").session;
    let theft = world.refused(|world| unlink(world, bob, first));
    assert_eq!(theft.code, DomainErrorCode::NotFound, "another player's login is not known to exist");
    unlink(&world, ada, first).unwrap();
    assert_eq!(world.sessions_of(ada), [at_work]);
    assert!(world.log_in("ada", "t4").is_new_account, "the login is free again");
}

#[test]
fn logins_of_an_account_have_a_limit() {
    let world = World::new();
    let ada = player_of(&world.log_in("login-1", "t1"));
    for number in 2..=16 {
        let proof = proof(&format!("login-{number}"));
        world.call(Actor::Service, |ctx| link_login_and_return(ctx, ada, proof)).unwrap();
    }
    let refusal =
        world.refused(|world| world.call(Actor::Service, |ctx| link_login_and_return(ctx, ada, proof("one-more"))));
    assert_eq!(refusal.code, above(16));
}

#[test]
fn a_closed_account_is_logged_out_and_cannot_log_in() {
    let world = World::new();
    let ada = player_of(&world.log_in("ada", "t1"));
    world.call(Actor::Service, |ctx| close_account_and_return(ctx, Some(ada))).unwrap();
    assert_eq!(world.refresh("t1", "t2"), RefreshOutcome::Unknown);
    let refusal =
        world.refused(|world| world.call(Actor::Service, |ctx| log_in_and_return(ctx, log_in_request("ada", "t3"))));
    assert_eq!(refusal.code, DomainErrorCode::AccountClosed);
    world.reduce(Actor::Admin, |ctx| reopen_account(ctx, ada)).unwrap();
    assert_eq!(player_of(&world.log_in("ada", "t4")), ada);
}

#[test]
fn new_accounts_are_throttled_and_known_ones_are_not() {
    let world = World::new();
    let log_in = |subject: &str, token: &str| {
        let request = LogInRequest { throttles: vec![throttle("address", 1)], ..log_in_request(subject, token) };
        world.call(Actor::Service, |ctx| log_in_and_return(ctx, request)).unwrap()
    };
    assert!(matches!(log_in("ada", "t1"), LoginOutcome::Granted(_)));
    let before = world.rows();
    assert!(matches!(log_in("bob", "t2"), LoginOutcome::Throttled(LoginThrottled { retry_after_s: 1..=61 })));
    assert_eq!(world.rows(), before);
    assert!(matches!(log_in("ada", "t3"), LoginOutcome::Granted(_)));
    world.advance(61 * 1_000_000);
    assert!(matches!(log_in("bob", "t4"), LoginOutcome::Granted(_)));
}

#[test]
fn what_the_service_sends_is_checked() {
    let world = World::new();
    let refused = |request: LogInRequest| {
        world.refused(|world| world.call(Actor::Service, |ctx| log_in_and_return(ctx, request))).code
    };
    let good = || log_in_request("ada", "t1");
    assert_eq!(refused(LogInRequest { token_hash: "short".to_owned(), ..good() }), invalid("hash"));
    assert_eq!(refused(LogInRequest { device_name: "a\nb".to_owned(), ..good() }), invalid("device_name"));
    assert_eq!(refused(LogInRequest { device_name: "x".repeat(129), ..good() }), above(128));
    assert_eq!(refused(LogInRequest { issuer: String::new(), ..good() }), invalid("issuer"));
    assert_eq!(refused(LogInRequest { proof: proof("a b"), ..good() }), invalid("subject"));
    assert_eq!(refused(LogInRequest { proof: proof(&"x".repeat(256)), ..good() }), above(255));
    assert_eq!(refused(LogInRequest { throttles: vec![throttle("k", 1); 9], ..good() }), above(8));
    world.log_in("bob", "taken");
    let refusal = refused(LogInRequest { token_hash: hash("taken"), ..good() });
    assert_eq!(refusal, conflict("a fresh token", "one that is in use"));
}
