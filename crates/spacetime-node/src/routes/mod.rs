//! The HTTP API, by the official server's table of routes.

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
mod schema;
mod service;
mod sql;
mod subscribe;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, Method, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::{any, get, post, put};
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any, CorsLayer};
use tower_http::trace::TraceLayer;

use crate::auth::identify;
use crate::error::ApiError;
use crate::node::Node;

/// The whole API over one node.
pub fn router(node: Arc<Node>) -> Router {
    let identified = Router::new()
        .nest("/database/{db}", database_routes(&node))
        .route("/database", post(publish::publish_unnamed).layer(program_limit(&node)))
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
        .route("/prometheus/sd_config", get(service::scrape_targets))
        // These two check other credentials than a caller's token, or none.
        .route("/database/{db}/route", any(module_http::handle_root))
        .route("/database/{db}/route/", any(module_http::handle))
        .route("/database/{db}/route/{*path}", any(module_http::handle))
        .route("/database/{db}/call-from-database/{reducer}", post(inter_database::deliver));
    Router::new()
        .nest("/v1", identified.merge(open))
        .fallback(no_such_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(node.config.http.max_body_bytes))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(cors())
        .layer(TraceLayer::new_for_http().make_span_with(span_without_query))
        .with_state(node)
}

fn database_routes(node: &Arc<Node>) -> Router<Arc<Node>> {
    Router::new()
        .route(
            "/",
            get(database::describe)
                .delete(database::delete)
                .merge(put(publish::publish_named).layer(program_limit(node))),
        )
        .route("/pre_publish", post(publish::pre_publish).layer(program_limit(node)))
        .route("/reset", put(publish::reset).layer(program_limit(node)))
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

/// Programs are larger than any other body.
fn program_limit(node: &Node) -> DefaultBodyLimit {
    DefaultBodyLimit::max(node.config.http.max_program_bytes)
}

/// Browsers may call from any page: tokens travel in a header that a page must set itself, so
/// there is no ambient authority for another page to abuse.
fn cors() -> CorsLayer {
    let exposed = ["spacetime-identity", "spacetime-identity-token", "spacetime-error-code"];
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::HEAD, Method::PATCH])
        .allow_headers([header::AUTHORIZATION, header::ACCEPT, header::CONTENT_TYPE])
        .expose_headers(exposed.map(HeaderName::from_static))
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

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    axum::response::IntoResponse::into_response(ApiError::internal("a handler panicked"))
}
