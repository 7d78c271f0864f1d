//! Players who log in at the facade: accounts, logins, devices, refresh tokens and tickets.

mod accounts;
mod refreshing;
mod tickets;

use spacetime_module::*;
use spacetimedb::{Identity, ScheduleAt, Timestamp};

use crate::world::{Actor, World};

pub const ISSUER: &str = "https://play.example";
const MINUTE: i64 = 60 * 1_000_000;

/// 64 digits that stand for a hash, told apart by `name`.
pub fn hash(name: &str) -> String {
    let digits: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{digits:0>64}")
}

pub fn proof(subject: &str) -> LoginProof {
    LoginProof { provider: "device".to_owned(), subject: subject.to_owned() }
}

pub fn log_in_request(subject: &str, token: &str) -> LogInRequest {
    LogInRequest {
        issuer: ISSUER.to_owned(),
        proof: proof(subject),
        device_name: "Phone".to_owned(),
        token_hash: hash(token),
        throttles: Vec::new(),
    }
}

pub fn refresh_request(token: &str, successor: &str) -> RefreshRequest {
    RefreshRequest { token_hash: hash(token), successor_hash: hash(successor), salt: hash("salt") }
}

pub fn ticket_request(name: &str, secret: &str) -> LoginTicketRequest {
    LoginTicketRequest {
        ticket_hash: hash(name),
        secret_hash: hash(secret),
        content: LoginTicketContent::Proof(proof("somebody")),
        attempts: 2,
        life_s: 60,
        throttles: Vec::new(),
    }
}

pub fn throttle(key: &str, uses_max: u32) -> LoginThrottleRule {
    LoginThrottleRule { key: key.to_owned(), uses_max, window_s: 60 }
}

/// A sweep that is due now, after one that has removed what ended before `swept_until`.
pub fn sweep_due(world: &World, swept_until: Timestamp) -> LoginSweep {
    LoginSweep { scheduled_id: 1, scheduled_at: ScheduleAt::Time(world.now()), swept_until }
}

/// The identity that a grant gives its player.
pub fn player_of(grant: &LoginGrant) -> Identity {
    Identity::from_claims(ISSUER, &grant.account_id.to_string())
}

impl World {
    /// Logs in through the Service; `token` names the first refresh token.
    pub fn log_in(&self, subject: &str, token: &str) -> LoginGrant {
        match self.call(Actor::Service, |ctx| log_in_and_return(ctx, log_in_request(subject, token))).unwrap() {
            LoginOutcome::Granted(grant) => grant,
            LoginOutcome::Throttled(throttled) => panic!("{throttled:?}"),
        }
    }

    pub fn refresh(&self, token: &str, successor: &str) -> RefreshOutcome {
        self.call(Actor::Service, |ctx| rotate_refresh_token_and_return(ctx, refresh_request(token, successor)))
            .unwrap()
    }

    pub fn sessions_of(&self, player: Identity) -> Vec<LoginSession> {
        self.call(Actor::Service, |ctx| list_login_sessions_and_return(ctx, Some(player))).unwrap()
    }

    pub fn logins_of(&self, player: Identity) -> Vec<PlayerLogin> {
        self.call(Actor::Service, |ctx| list_logins_and_return(ctx, Some(player))).unwrap()
    }
}
