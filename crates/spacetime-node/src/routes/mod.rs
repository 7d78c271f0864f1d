//! The HTTP API, by the official server's table of routes.

mod browsers;
mod call;
mod confirmation;
mod database;
mod environment;
mod identity;
mod inter_database;
mod logs;
mod module_http;
mod names;
mod publish;
mod request_body;
mod schema;
mod service;
mod sql;
mod subscribe;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post, put};
use headers::{ContentLength, HeaderMapExt};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;

use browsers::{cors, readable_unless_told};

use crate::auth::identify;
use crate::error::{ApiError, ERROR_CODE};
use crate::node::Node;

const BODY_TOO_LARGE: &str = "body_too_large";

/// The whole API over one node.
pub fn router(node: Arc<Node>) -> Router {
    let identified = Router::new()
        .nest("/database/{db}", database_routes(&node))
        .route("/database", program_limit(&node, post(publish::publish_unnamed)))
        .route("/identity/websocket-token", post(identity::websocket_token))
        .route("/identity/{identity}/verify", get(identity::verify))
        .route("/energy/{identity}", get(service::energy).post(service::refuse_energy).put(service::refuse_energy))
        .route_layer(middleware::from_fn_with_state(node.clone(), identify));
    let open = Router::new()
        .route("/identity", post(identity::create))
        .route("/identity/public-key", get(identity::public_key))
        .route("/identity/{identity}/databases", get(identity::databases))
        .route("/ping", get(service::ping))
        .route("/health", get(service::health))
        .route("/metrics", get(service::metrics))
        .route("/prometheus/sd_config", get(service::scrape_targets));
    // These two check other credentials than a caller's token, or none.
    let self_guarded = Router::new()
        .route("/database/{db}/route", any(module_http::handle_root))
        .route("/database/{db}/route/", any(module_http::handle))
        .route("/database/{db}/route/{*path}", any(module_http::handle))
        .route("/database/{db}/call-from-database/{reducer}", post(inter_database::deliver));
    let open_to_browsers = Router::new()
        .nest("/v1", identified.merge(open).route_layer(middleware::map_response(name_rejections)))
        .fallback(no_such_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(cors());
    Router::new()
        .nest("/v1", self_guarded)
        .method_not_allowed_fallback(wrong_method)
        .merge(open_to_browsers)
        .layer(DefaultBodyLimit::max(node.config.http.max_body_bytes))
        .layer(middleware::from_fn_with_state(node.config.http.body_idle_timeout, request_body::look_after))
        .layer(CatchPanicLayer::custom(panicked))
        // Also for what the layers within answer themselves.
        .layer(middleware::from_fn(readable_unless_told))
        // What fails is logged where it is handled, with its cause.
        .layer(TraceLayer::new_for_http().make_span_with(span_without_query).on_failure(()))
        .with_state(node)
}

fn database_routes(node: &Arc<Node>) -> Router<Arc<Node>> {
    Router::new()
        .route(
            "/",
            get(database::describe).delete(database::delete).merge(program_limit(node, put(publish::publish_named))),
        )
        .route("/pre_publish", program_limit(node, post(publish::pre_publish)))
        .route("/reset", program_limit(node, put(publish::reset)))
        .route("/lock", post(database::lock))
        .route("/unlock", post(database::unlock))
        .route("/names", get(names::list).post(names::add).put(names::replace))
        .route("/identity", get(database::identity))
        .route("/schema", get(schema::schema))
        .route("/call/{function}", post(call::call))
        .route("/sql", post(sql::sql))
        .route("/logs", get(logs::logs))
        .route("/subscribe", get(subscribe::subscribe))
        .route("/environment", get(environment::metadata).put(environment::update))
        .route("/unstable/timestamp", get(service::timestamp))
}

/// Programs are larger than any other body. One that says beforehand that it is too large is
/// refused before it is read.
fn program_limit(node: &Node, route: MethodRouter<Arc<Node>>) -> MethodRouter<Arc<Node>> {
    let limit = node.config.http.max_program_bytes;
    let refuse = middleware::from_fn(move |request: Request, next: Next| async move {
        let announced = request.headers().typed_get::<ContentLength>().map_or(0, |length| length.0);
        if announced <= limit as u64 {
            return next.run(request).await;
        }
        let sentence = format!("The module has {announced} bytes; this node takes at most {limit}.");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, BODY_TOO_LARGE, sentence).into_response()
    });
    route.layer(DefaultBodyLimit::max(limit)).layer(refuse)
}

/// Queries can hold tokens, so spans name the path alone.
fn span_without_query(request: &Request) -> tracing::Span {
    tracing::debug_span!("http", method = %request.method(), path = request.uri().path())
}

async fn no_such_route(uri: Uri) -> ApiError {
    let shown: String = uri.path().chars().take(100).collect();
    ApiError::new(StatusCode::NOT_FOUND, "no_such_route", format!("There is no route `{shown}` in this API."))
}

async fn wrong_method(method: Method) -> ApiError {
    let sentence = format!("This route does not take {method}.");
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", sentence)
}

/// Gives a stable code to the refusals of axum's extractors, which have a status and a sentence.
async fn name_rejections(mut response: Response) -> Response {
    let code = match response.status() {
        StatusCode::BAD_REQUEST => "malformed_request",
        StatusCode::PAYLOAD_TOO_LARGE => BODY_TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
        StatusCode::UNPROCESSABLE_ENTITY => "malformed_body",
        _ => return response,
    };
    response.headers_mut().entry(ERROR_CODE).or_insert(HeaderValue::from_static(code));
    response
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    ApiError::internal("a handler panicked").into_response()
}
