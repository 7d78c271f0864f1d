//! Logging in and out over HTTP. `docs/identity.md` walks through each flow.

pub mod account;
pub mod authorize;
pub mod devices;
pub mod discovery;
pub mod login;
pub mod logins;
pub mod refresh;
pub mod sms;
pub mod tokens;

use axum::middleware::from_fn_with_state;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::edge::limits::{self, Limits};

/// The routes of this domain, with a limit of their own for attempts to log in.
pub fn router(limits: Limits) -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(discovery::configuration))
        .routes(routes!(discovery::keys))
        .routes(routes!(discovery::providers))
        .routes(routes!(login::login))
        .routes(routes!(authorize::authorize))
        .routes(routes!(authorize::callback))
        .routes(routes!(sms::send_code))
        .routes(routes!(refresh::refresh))
        .routes(routes!(refresh::logout))
        .routes(routes!(devices::list, devices::log_out_everywhere))
        .routes(routes!(devices::log_out))
        .routes(routes!(logins::list, logins::link))
        .routes(routes!(logins::unlink))
        .routes(routes!(account::close))
        .layer(from_fn_with_state(limits, limits::of_logins))
}
