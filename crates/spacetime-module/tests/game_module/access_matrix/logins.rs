//! Logging in. Alice has one more login than she needs, and is logged in on a device.

use spacetime_module::*;
use spacetimedb::{Identity, ScheduleAt, Table, Uuid};

use super::{said, seen};
use crate::logins::{hash, log_in_request, proof, refresh_request, ticket_request};
use crate::world::{Actor, World};

const MINE: [&str; 15] = [
    "log_in_and_return",
    "link_login_and_return",
    "unlink_login_and_return",
    "list_logins_and_return",
    "my_logins",
    "list_login_sessions_and_return",
    "end_login_session_and_return",
    "end_login_sessions_and_return",
    "end_login_session_of_token_and_return",
    "my_login_sessions",
    "rotate_refresh_token_and_return",
    "issue_login_ticket_and_return",
    "take_login_ticket_and_return",
    "sweep_logins",
    "name_role_issuer",
];

pub fn outcome(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    if name == "forget_role_issuer" {
        return Some(forget_issuer(world, caller));
    }
    if !MINE.contains(&name) {
        return None;
    }
    let (login_id, session_id) = alice_logs_in(world);
    let other = ticket_request("other", "secret");
    world.call(Actor::Service, |ctx| issue_login_ticket_and_return(ctx, other)).unwrap();
    let timer = LoginSweep { scheduled_id: 0, scheduled_at: ScheduleAt::Time(world.now()), swept_until: world.now() };
    let alice = Actor::Alice.identity();
    Some(match name {
        "log_in_and_return" => said(world.call(caller, |ctx| log_in_and_return(ctx, log_in_request("new", "new")))),
        "link_login_and_return" => said(world.call(caller, |ctx| link_login_and_return(ctx, alice, proof("more")))),
        "unlink_login_and_return" => said(world.call(caller, |ctx| unlink_login_and_return(ctx, named, login_id))),
        "list_logins_and_return" => said(world.call(caller, |ctx| list_logins_and_return(ctx, named))),
        "my_logins" => seen(world.see(caller, my_logins)),
        "list_login_sessions_and_return" => said(world.call(caller, |ctx| list_login_sessions_and_return(ctx, named))),
        "end_login_session_and_return" => {
            said(world.call(caller, |ctx| end_login_session_and_return(ctx, named, session_id)))
        }
        "end_login_sessions_and_return" => said(world.call(caller, |ctx| end_login_sessions_and_return(ctx, named))),
        "end_login_session_of_token_and_return" => {
            said(world.call(caller, |ctx| end_login_session_of_token_and_return(ctx, hash("alices"))))
        }
        "my_login_sessions" => seen(world.see(caller, my_login_sessions)),
        "rotate_refresh_token_and_return" => {
            said(world.call(caller, |ctx| rotate_refresh_token_and_return(ctx, refresh_request("alices", "next"))))
        }
        "issue_login_ticket_and_return" => {
            said(world.call(caller, |ctx| issue_login_ticket_and_return(ctx, ticket_request("new", "secret"))))
        }
        "take_login_ticket_and_return" => {
            said(world.call(caller, |ctx| take_login_ticket_and_return(ctx, hash("other"), hash("secret"))))
        }
        "sweep_logins" => said(world.reduce(caller, |ctx| sweep_logins(ctx, timer))),
        "name_role_issuer" => {
            said(world.reduce(caller, |ctx| name_role_issuer(ctx, "https://a".to_owned(), vec![AccessRole::Operator])))
        }
        _ => panic!("{name} is new: add a call here"),
    })
}

fn forget_issuer(world: &World, caller: Actor) -> String {
    world.reduce(Actor::Owner, |ctx| name_role_issuer(ctx, "https://a".to_owned(), Vec::new())).unwrap();
    said(world.reduce(caller, |ctx| forget_role_issuer(ctx, "https://a".to_owned())))
}

/// Writes the rows that a login of Alice would leave. Her identity is none that the facade gives out, as those follow
/// from ids that nobody knows beforehand.
fn alice_logs_in(world: &World) -> (u64, Uuid) {
    let player = Actor::Alice.identity();
    let id = Uuid::from_u128(1);
    let auth = spacetimedb::test_utils::TestAuth::internal();
    let written = world.test.with_reducer_tx(auth, |ctx| {
        let now = ctx.timestamp;
        ctx.db.player_registration().insert(PlayerRegistration { account_id: id, player, registered_at: now });
        let login = |subject: &str| PlayerLogin {
            login_id: 0,
            player,
            provider: "device".to_owned(),
            subject: subject.to_owned(),
            linked_at: now,
            last_used_at: now,
        };
        ctx.db.player_login().insert(login("spare"));
        let login_id = ctx.db.player_login().insert(login("alice")).login_id;
        ctx.db.login_session().insert(LoginSession {
            session_id: id,
            player,
            login_id,
            provider: "device".to_owned(),
            device_name: String::new(),
            begun_at: now,
            last_used_at: now,
            ends_at: now.checked_add(spacetimedb::TimeDuration::from_micros(1_000_000)).unwrap(),
        });
        let token = RefreshToken { token_hash: hash("alices"), session_id: id, number: 1, spent: None };
        ctx.db.refresh_token().insert(token);
        Ok::<_, DomainError>((login_id, id))
    });
    written.unwrap()
}
