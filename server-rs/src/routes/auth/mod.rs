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

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderValue, Method};
use tower_http::cors::CorsLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::identity::IdentityService;

/// Opens the routes of this domain to the scripts of the pages that may use the cookie.
pub fn cors(identity: &IdentityService) -> CorsLayer {
    let origins: Vec<_> = identity.cookies.origins().filter_map(|origin| origin.parse::<HeaderValue>().ok()).collect();
    CorsLayer::new()
        .allow_origin(origins)
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE])
}

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
