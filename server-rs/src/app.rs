//! The HTTP application: what handlers share, every route, and what is wrapped around them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::http::StatusCode;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::timeout::TimeoutLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

use crate::ai::feed::Feeds;
use crate::audit::Audit;
use crate::auth::TokenVerifier;
use crate::config::HttpConfig;
use crate::edge::limits::Limits;
use crate::edge::wrapped;
use crate::identity::IdentityService;
use crate::metrics::Metrics;
use crate::node_client::NodeClient;
use crate::objects::ObjectStore;
use crate::objects::config::ObjectsConfig;
use crate::pictures::PictureMaker;
use crate::routes::health::Readiness;
use crate::routes::{ai, assets, auth, health, objects, operations};

/// What a form may hold besides the file: heads, boundaries and the small fields.
const FORM_OVERHEAD_BYTES: u64 = 64 * 1024;

/// What handlers share. Clones share it too.
#[derive(Clone, FromRef)]
pub struct App {
    /// The connection to the game module.
    pub node: NodeClient,
    /// Where bytes lie.
    pub store: ObjectStore,
    /// Who callers are.
    pub verifier: TokenVerifier,
    /// How they log in.
    pub identity: Arc<IdentityService>,
    /// How often they may ask.
    pub limits: Limits,
    /// The facade's figures.
    pub metrics: Metrics,
    /// Where privileged calls are written down.
    pub audit: Audit,
    /// What may be uploaded.
    pub uploads: Arc<ObjectsConfig>,
    /// Makes smaller pictures, few at a time.
    pub pictures: PictureMaker,
    /// Whether the facade can do its work.
    pub readiness: Readiness,
    /// Work that goes on when its client has gone; a stop waits for it.
    pub tasks: TaskTracker,
    /// Wakes the sweeper.
    pub deleted: Arc<Notify>,
    /// News of generation tasks.
    pub feeds: Feeds,
    /// Ends the streams that would not end by themselves.
    pub stopping: CancellationToken,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Worldloom facade",
        description = "Side effects of the game: logins, files in, files out, text by models. Everything else \
                       goes to the node by SDK."
    ),
    components(schemas(crate::problem::ProblemDocument)),
    modifiers(&PlayerToken)
)]
struct Document;

struct PlayerToken;

impl utoipa::Modify for PlayerToken {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("An access token of POST /auth/login, or a token that the node issued."))
            .build();
        openapi
            .components
            .get_or_insert_with(Default::default)
            .add_security_scheme("player", SecurityScheme::Http(token));
    }
}

/// The whole application, ready to serve.
pub fn router(app: App, http: &HttpConfig) -> Router {
    let upload_bytes_max = app.uploads.upload_limit_bytes + FORM_OVERHEAD_BYTES;
    let uploads = bounded(
        OpenApiRouter::new()
            .routes(routes!(assets::upload::upload))
            .routes(routes!(assets::direct::confirm))
            .routes(routes!(objects::put, objects::get))
            .routes(routes!(operations::sweep_objects)),
        http.upload_timeout_s,
        usize::try_from(upload_bytes_max).unwrap_or(usize::MAX),
    );
    let others = bounded(
        OpenApiRouter::new()
            .routes(routes!(assets::read::metadata))
            .routes(routes!(assets::content::content))
            .routes(routes!(assets::direct::announce))
            .routes(routes!(assets::direct::resume))
            .routes(routes!(assets::direct::parts))
            .routes(routes!(assets::link::link))
            .routes(routes!(assets::variant::picture))
            .routes(routes!(assets::bindings::bind, assets::bindings::unbind))
            .routes(routes!(assets::delete::delete))
            .merge(auth::router(app.limits.clone()))
            .routes(routes!(ai::create::create))
            .routes(routes!(ai::task::read, ai::task::cancel))
            .routes(routes!(ai::events::events))
            .routes(routes!(health::live))
            .routes(routes!(health::ready))
            .routes(routes!(health::metrics)),
        http.request_timeout_s,
        http.body_limit_bytes,
    );
    let (routes, document) =
        OpenApiRouter::with_openapi(Document::openapi()).merge(uploads).merge(others).split_for_parts();
    let (metrics, limits, identity) = (app.metrics.clone(), app.limits.clone(), app.identity.clone());
    let routes = routes.merge(SwaggerUi::new("/docs").url("/openapi.json", document)).with_state(app);
    wrapped(routes, http, identity.cookies.other_origins(), metrics, limits)
}

fn bounded(routes: OpenApiRouter<App>, timeout_s: u64, body_bytes_max: usize) -> OpenApiRouter<App> {
    let timeout = TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_secs(timeout_s));
    routes.layer(timeout).layer(DefaultBodyLimit::max(body_bytes_max))
}
