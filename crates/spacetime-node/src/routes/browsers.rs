//! What pages of other origins may do in a browser (CORS).

use std::convert::Infallible;
use std::future::ready;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::{Any, CorsLayer};

/// Browsers may call from any page: tokens travel in a header that a page must set itself, so
/// there is no ambient authority for another page to abuse.
pub(super) fn cors() -> CorsLayer {
    let exposed = ["spacetime-identity", "spacetime-identity-token", "spacetime-error-code"];
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::HEAD, Method::PATCH])
        .allow_headers([header::AUTHORIZATION, header::ACCEPT, header::CONTENT_TYPE])
        .expose_headers(exposed.map(HeaderName::from_static))
}

/// The same for a module's own routes, as far as the module says nothing else: it answers `OPTIONS` if it has a handler
/// for that, and what it says of origins stands.
pub(super) async fn open_unless_told(request: Request, next: Next) -> Response {
    let mut asked = Request::new(Body::empty());
    *asked.method_mut() = request.method().clone();
    *asked.headers_mut() = request.headers().clone();
    let mut answer = next.run(request).await;
    if asked.method() == Method::OPTIONS && answer.status() == StatusCode::NOT_FOUND {
        let nothing = service_fn(|_: Request| ready(Ok::<_, Infallible>(Response::new(Body::empty()))));
        let Ok(preflight) = cors().layer(nothing).oneshot(asked).await;
        return preflight;
    }
    if asked.method() != Method::OPTIONS {
        answer.headers_mut().entry(header::ACCESS_CONTROL_ALLOW_ORIGIN).or_insert(HeaderValue::from_static("*"));
    }
    answer
}
