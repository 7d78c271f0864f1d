//! Tickets are given out once, to whoever has the second secret, and not for ever.

use spacetime_module::*;

use super::{MINUTE, hash, proof, sweep_due, throttle, ticket_request};
use crate::world::{Actor, World, above, conflict, invalid};

fn issue(world: &World, request: LoginTicketRequest) -> Result<LoginTicketIssue, DomainError> {
    world.call(Actor::Service, |ctx| issue_login_ticket_and_return(ctx, request))
}

fn take(world: &World, name: &str, secret: &str) -> LoginTicketTaking {
    let (name, secret) = (hash(name), hash(secret));
    world.call(Actor::Service, |ctx| take_login_ticket_and_return(ctx, name, secret)).unwrap()
}

#[test]
fn a_ticket_is_given_out_once() {
    let world = World::new();
    issue(&world, ticket_request("a", "secret")).unwrap();
    let content = LoginTicketContent::Proof(proof("somebody"));
    assert_eq!(take(&world, "a", "secret"), LoginTicketTaking::Taken(content));
    assert_eq!(take(&world, "a", "secret"), LoginTicketTaking::Unknown);
}

#[test]
fn wrong_secrets_use_the_attempts_up() {
    let world = World::new();
    issue(&world, ticket_request("a", "secret")).unwrap();
    assert_eq!(take(&world, "a", "guess"), LoginTicketTaking::Refused(1));
    assert_eq!(take(&world, "a", "guess"), LoginTicketTaking::Refused(0));
    assert_eq!(take(&world, "a", "secret"), LoginTicketTaking::Unknown);
}

#[test]
fn a_ticket_lapses_and_is_removed() {
    let world = World::new();
    let request = LoginTicketRequest { throttles: vec![throttle("k", 1)], ..ticket_request("a", "secret") };
    issue(&world, request).unwrap();
    world.advance(MINUTE);
    assert_eq!(take(&world, "a", "secret"), LoginTicketTaking::Unknown);
    let timer = sweep_due(&world, world.now());
    world.advance(1);
    world.reduce(Actor::Engine, |ctx| sweep_logins(ctx, timer)).unwrap();
    let rows = world.rows();
    assert!(rows["login_ticket"].is_empty() && rows["login_throttle"].is_empty());
}

#[test]
fn a_throttle_of_no_uses_lets_nothing_through() {
    let world = World::new();
    let request = LoginTicketRequest { throttles: vec![throttle("k", 0)], ..ticket_request("a", "secret") };
    for _ in 0..2 {
        let issued = issue(&world, request.clone()).unwrap();
        assert!(matches!(issued, LoginTicketIssue::Throttled(_)), "{issued:?}");
        assert!(world.rows()["login_ticket"].is_empty() && world.rows()["login_throttle"].is_empty());
        world.advance(2 * MINUTE);
    }
}

#[test]
fn throttles_count_all_or_none() {
    let world = World::new();
    let ask = |name: &str| {
        let throttles = vec![throttle("address", 3), throttle("number", 1)];
        issue(&world, LoginTicketRequest { throttles, ..ticket_request(name, "secret") }).unwrap()
    };
    assert!(matches!(ask("a"), LoginTicketIssue::Issued(_)));
    let before = world.rows();
    for _ in 0..5 {
        assert!(matches!(ask("b"), LoginTicketIssue::Throttled(_)));
    }
    assert_eq!(world.rows(), before, "a refusal by one counts under none");
    world.advance(MINUTE);
    assert!(matches!(ask("b"), LoginTicketIssue::Issued(_)));
}

#[test]
fn what_the_service_sends_is_checked() {
    let world = World::new();
    let refused = |request| world.refused(|world| issue(world, request)).code;
    let good = || ticket_request("a", "secret");
    assert_eq!(refused(LoginTicketRequest { ticket_hash: hash("A")[1..].to_owned(), ..good() }), invalid("hash"));
    assert_eq!(refused(LoginTicketRequest { life_s: 3_601, ..good() }), above(3_600));
    assert_eq!(refused(LoginTicketRequest { attempts: 11, ..good() }), above(10));
    let redirect = LoginRedirect {
        provider: "acme".to_owned(),
        redirect_uri: "x".repeat(2_049),
        client_state: String::new(),
        code_challenge: hash("c"),
    };
    let content = LoginTicketContent::Redirect(redirect);
    assert_eq!(refused(LoginTicketRequest { content, ..good() }), above(2_048));
    issue(&world, good()).unwrap();
    // At the very same time it would be the very same row.
    world.advance(1);
    assert_eq!(refused(good()), conflict("a fresh ticket", "one that is in use"));
}
