//! The HTTP application: what handlers share, every route, and what is wrapped around them.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
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
use crate::contract::{self, SecuritySchemes};
use crate::edge::limits::{self, Limits};
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

/// What handlers share. Each request clones it several times on its way, which must cost next to nothing.
#[derive(Clone)]
pub struct App(Arc<Shared>);

impl From<Shared> for App {
    fn from(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// All that a handler may need.
pub struct Shared {
    /// The connection to the game module.
    pub node: NodeClient,
    /// Where bytes lie.
    pub store: ObjectStore,
    /// Who callers are.
    pub verifier: TokenVerifier,
    /// How they log in.
    pub identity: IdentityService,
    /// How often they may ask.
    pub limits: Limits,
    /// The facade's figures.
    pub metrics: Metrics,
    /// Where privileged calls are written down.
    pub audit: Audit,
    /// What may be uploaded.
    pub uploads: ObjectsConfig,
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
    tags(
        (name = "identity", description = "Logging in and out, tokens, and the facade as an OpenID issuer"),
        (name = "assets", description = "Files of players"),
        (name = "objects", description = "The local store's side of signed requests"),
        (name = "ai", description = "Text by language models, as a stream"),
        (name = "operations", description = "For those who run the game"),
        (name = "service", description = "Health and figures"),
    ),
    components(schemas(
        crate::problem::ProblemDocument,
        crate::problem::ProblemCode,
        crate::assets::variants::Variant,
        ai::record::StageEvent,
        ai::record::TextEvent,
        ai::record::EndEvent
    )),
    modifiers(&SecuritySchemes)
)]
struct Document;

/// The API's description (OpenAPI 3.1).
pub fn document() -> serde_json::Value {
    let routes =
        OpenApiRouter::with_openapi(Document::openapi()).merge(uploads()).merge(others()).merge(auth::routes());
    contract::complete(routes.get_openapi())
}

/// Routes whose bodies may be large and take long.
fn uploads() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(assets::upload::upload))
        .routes(routes!(assets::direct::confirm))
        .routes(routes!(objects::put, objects::get))
        .routes(routes!(operations::sweep_objects))
}

fn others() -> OpenApiRouter<App> {
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
        .routes(routes!(ai::create::create))
        .routes(routes!(ai::task::read, ai::task::cancel))
        .routes(routes!(ai::events::events))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
}

/// The whole application, ready to serve.
pub fn router(app: App, http: &HttpConfig) -> Router {
    let upload_bytes_max = app.uploads.upload_limit_bytes + FORM_OVERHEAD_BYTES;
    let upload_bytes_max = usize::try_from(upload_bytes_max).unwrap_or(usize::MAX);
    let uploads = bounded(uploads(), http.upload_timeout_s, upload_bytes_max);
    let logins = auth::routes().layer(from_fn_with_state(app.limits.clone(), limits::of_logins));
    let others = bounded(others().merge(logins), http.request_timeout_s, http.body_limit_bytes);
    let routes = Router::from(uploads.merge(others)).merge(description()).with_state(app.clone());
    wrapped(routes, http, app.identity.cookies.other_origins(), app.metrics.clone(), app.limits.clone())
}

/// The description, and a page to browse it.
fn description() -> SwaggerUi {
    SwaggerUi::new("/docs").external_url_unchecked("/openapi.json", document())
}

fn bounded(routes: OpenApiRouter<App>, timeout_s: u64, body_bytes_max: usize) -> OpenApiRouter<App> {
    let timeout = TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_secs(timeout_s));
    routes.layer(timeout).layer(DefaultBodyLimit::max(body_bytes_max))
}
