//! Logins, as the facade makes them for players: the Service calls, and the guest is known at a provider.

use anyhow::bail;
use spacetimedb_lib::Identity;
use worldloom_client::{
    LogInRequest, LoginGrant, LoginOutcome, LoginProof, LoginSession, LoginTicketContent, LoginTicketIssue,
    LoginTicketRequest, LoginTicketTaking, PlayerLogin, RefreshOutcome, RefreshRequest,
};

use super::guest::{Arguments, Guest, plain};
use super::step::{Step, serves};
use crate::facade::sha256;

/// Several devices, one after the other, with a second provider for a while.
pub const STEPS: &[Step] = &[
    serves::<LoginTicketIssue>("issue_login_ticket_and_return", |guest| {
        plain(LoginTicketRequest {
            ticket_hash: digest(guest, "ticket"),
            secret_hash: digest(guest, "secret"),
            content: LoginTicketContent::Proof(proof(guest, "phone")),
            attempts: 3,
            life_s: 300,
            throttles: Vec::new(),
        })
    }),
    serves::<LoginTicketTaking>("take_login_ticket_and_return", |guest| {
        plain((digest(guest, "ticket"), digest(guest, "secret")))
    }),
    serves::<LoginOutcome>("log_in_and_return", |guest| log_in(guest, "first")),
    serves::<RefreshOutcome>("rotate_refresh_token_and_return", |guest| {
        plain(RefreshRequest {
            token_hash: digest(guest, "first"),
            successor_hash: digest(guest, "second"),
            salt: digest(guest, "salt"),
        })
    }),
    serves::<Vec<LoginSession>>("list_login_sessions_and_return", |guest| plain(Some(player(guest)?))),
    serves::<PlayerLogin>("link_login_and_return", |guest| plain((player(guest)?, proof(guest, "studio")))),
    serves::<Vec<PlayerLogin>>("list_logins_and_return", |guest| plain(Some(player(guest)?))),
    serves::<PlayerLogin>("unlink_login_and_return", |guest| {
        plain((Some(player(guest)?), guest.last::<PlayerLogin>()?.login_id))
    }),
    serves::<LoginSession>("end_login_session_and_return", |guest| {
        let session = &granted(guest)?.session;
        plain((Some(session.player), session.session_id))
    }),
    serves::<LoginOutcome>("log_in_and_return", |guest| log_in(guest, "third")).unmeasured(),
    serves::<LoginSession>("end_login_session_of_token_and_return", |guest| plain(digest(guest, "third"))),
    serves::<LoginOutcome>("log_in_and_return", |guest| log_in(guest, "fourth")).unmeasured(),
    serves::<Vec<LoginSession>>("end_login_sessions_and_return", |guest| plain(Some(player(guest)?))),
];

fn log_in(guest: &Guest, token: &str) -> Arguments {
    plain(LogInRequest {
        issuer: "https://play.example".to_owned(),
        proof: proof(guest, "phone"),
        device_name: "A phone".to_owned(),
        token_hash: digest(guest, token),
        throttles: Vec::new(),
    })
}

fn proof(guest: &Guest, provider: &str) -> LoginProof {
    LoginProof { provider: provider.to_owned(), subject: guest.identity.to_hex().to_string() }
}

/// A digest that no other guest has.
fn digest(guest: &Guest, name: &str) -> String {
    sha256(format!("{name} of {}", guest.identity.to_hex()).as_bytes())
}

fn granted(guest: &Guest) -> anyhow::Result<&LoginGrant> {
    match guest.last::<LoginOutcome>()? {
        LoginOutcome::Granted(grant) => Ok(grant),
        LoginOutcome::Throttled(_) => bail!("a login without a throttle was throttled"),
    }
}

/// Who the guest is after the login: the account's player, not the one of the guest's connection.
fn player(guest: &Guest) -> anyhow::Result<Identity> {
    Ok(granted(guest)?.session.player)
}
