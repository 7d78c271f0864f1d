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

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// The routes of this domain.
pub fn routes() -> OpenApiRouter<App> {
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
}
