//! Roles, the guard that stands at the top of every entry point, and how players log in.

mod accounts;
mod grants;
mod guard;
mod login_sessions;
mod login_sweeping;
mod login_throttles;
mod login_tickets;
mod logins;
mod refresh_tokens;
mod role_issuers;

pub use accounts::*;
pub use grants::*;
pub(crate) use guard::*;
pub use login_sessions::*;
pub use login_sweeping::*;
pub use login_throttles::*;
pub use login_tickets::*;
pub use logins::*;
pub use refresh_tokens::*;
pub use role_issuers::*;
