//! What stands around every route, whoever answers it. From the outside in: what is opened to other sites' pages,
//! compression, problem documents, requests that are refused by their head alone, limits by address, and nets for
//! panics and for bodies that stop arriving. `connections` is the side of the sockets.

mod bounded_states;
mod compression;
pub mod config;
pub mod connections;
mod cors;
pub mod limits;
mod screening;

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower::ServiceBuilder;
use tower::util::option_layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::config::HttpConfig;
use crate::metrics::Metrics;
use crate::problem::{self, Problem};
use crate::request_context;
use limits::Limits;
use screening::HeadLimits;

/// Puts around the routes what every request gets. The pages of `cookie_origins` may use the cookies.
pub fn wrapped(
    routes: Router,
    http: &HttpConfig,
    cookie_origins: &[String],
    metrics: Metrics,
    limits: Limits,
) -> Router {
    let around = ServiceBuilder::new()
        .layer(from_fn_with_state(metrics, request_context::around))
        // Outside of the documents, or pages could not read what is wrong.
        .layer(option_layer(cors::layer(&http.cors.allowed_origins, cookie_origins)))
        .map_request(compression::reduce_wishes)
        .layer(compression::layer(http.compression))
        .layer(from_fn(problem::documents))
        .layer(from_fn_with_state(HeadLimits { bytes: http.header_limit_bytes }, screening::screen))
        .layer(from_fn_with_state(limits, limits::by_address))
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(RequestBodyTimeoutLayer::new(Duration::from_secs(http.body_idle_timeout_s)));
    routes.layer(around)
}

/// The message of a panic goes to the log, where it can be acted on, and never to the client.
fn answer_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&'static str>().copied())
        .unwrap_or("(no message)");
    tracing::error!(message, "A handler panicked");
    Problem::internal().into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::StatusCode;
    use axum::routing::get;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_bland_problem() -> anyhow::Result<()> {
        async fn breaks() -> &'static str {
            panic!("the secret of the house")
        }
        let routes = Router::new().route("/breaks", get(breaks));
        let (http, metrics) = (HttpConfig::default(), Metrics::new()?);
        let limits = Limits::new(&http.limits, 0, metrics.clone());
        let app = wrapped(routes, &http, &[], metrics, limits);
        let response = app.oneshot(Request::get("/breaks").body(Body::empty())?).await?;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()["content-type"], problem::MEDIA_TYPE);
        let body = response.into_body().collect().await?.to_bytes();
        let text = String::from_utf8(body.to_vec())?;
        assert!(text.contains("\"code\":\"internal\"") && !text.contains("secret"), "{text}");
        Ok(())
    }
}
