//! Access rules: which roles exist, whom an entry point admits, for whom a call acts, and how players log in.
//!
//! Pure: no engine, no clock, no storage. The module looks the roles up and asks here.

mod admission;
mod claims;
mod login;
mod role;
mod session;
mod throttle;

pub use admission::{AccessError, Admits, Origin, acting_player, admit, check_revocation};
pub use claims::RoleClaims;
pub use login::{
    LOGINS_MAX, TICKET_ATTEMPTS_MAX, TICKET_LIFE_S_MAX, check_device_name, check_digest, check_issuer, check_link,
    check_provider, check_subject, check_text, check_ticket, check_unlink,
};
pub use role::{Role, RoleSet};
pub use session::{
    SESSION_IDLE_MICROS, SESSION_LIFE_MICROS, SESSIONS_MAX, SPENT_TOKENS_MAX, TokenUse, judge_token, session_end,
};
pub use throttle::{THROTTLES_MAX, ThrottleRule, ThrottleState, check_throttle, spend};
