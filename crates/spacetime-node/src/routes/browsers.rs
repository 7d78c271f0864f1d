//! What pages of other origins may do in a browser (CORS).

use std::convert::Infallible;
use std::future::ready;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, header, request};
use axum::middleware::Next;
use axum::response::Response;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::{Any, CorsLayer};

/// The header fields of an answer that pages may read, beside the few that they always may.
const EXPOSED: &str = "spacetime-identity,spacetime-identity-token,spacetime-error-code";

/// Browsers may call from any page: tokens travel in a header that a page must set itself, so
/// there is no ambient authority for another page to abuse.
pub(super) fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::HEAD, Method::PATCH])
        .allow_headers([header::AUTHORIZATION, header::ACCEPT, header::CONTENT_TYPE])
}

/// Whether a browser asks with this what a page may send.
pub(super) fn is_preflight(head: &request::Parts) -> bool {
    head.method == Method::OPTIONS
        && head.headers.contains_key(header::ORIGIN)
        && head.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// What is answered to that where no module answers.
pub(super) async fn preflight(request: Request) -> Response {
    let nothing = service_fn(|_: Request| ready(Ok::<_, Infallible>(Response::new(Body::empty()))));
    let Ok(answer) = cors().layer(nothing).oneshot(request).await;
    answer
}

/// Lets every page read every answer, those included that come from no route, unless a module says otherwise. What a
/// module answers to `OPTIONS` is left as it is.
pub(super) async fn readable_unless_told(request: Request, next: Next) -> Response {
    let is_left = request.method() == Method::OPTIONS;
    let mut answer = next.run(request).await;
    if !is_left {
        let headers = answer.headers_mut();
        headers.entry(header::ACCESS_CONTROL_ALLOW_ORIGIN).or_insert(HeaderValue::from_static("*"));
        headers.entry(header::ACCESS_CONTROL_EXPOSE_HEADERS).or_insert(HeaderValue::from_static(EXPOSED));
    }
    answer
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::HeaderName;
    use axum::middleware::from_fn;
    use axum::routing::any;

    use super::*;

    const TOLD: [&str; 2] = ["https://zoo.example", "x-zoo"];

    async fn telling() -> [(&'static str, &'static str); 2] {
        [("access-control-allow-origin", TOLD[0]), ("access-control-expose-headers", TOLD[1])]
    }

    async fn silent() {}

    /// Whose pages may read an answer, and which of its header fields.
    async fn readable(method: Method, path: &str) -> [String; 2] {
        let routes: Router = Router::new().route("/telling", any(telling)).route("/silent", any(silent));
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap();
        let answer = routes.layer(from_fn(readable_unless_told)).oneshot(request).await.unwrap();
        let told = |name: HeaderName| match answer.headers().get(name) {
            Some(value) => value.to_str().unwrap().to_owned(),
            None => String::new(),
        };
        [told(header::ACCESS_CONTROL_ALLOW_ORIGIN), told(header::ACCESS_CONTROL_EXPOSE_HEADERS)]
    }

    #[tokio::test]
    async fn what_a_module_says_of_pages_stands_and_nothing_is_said_for_it_beforehand() {
        assert_eq!(readable(Method::GET, "/telling").await, TOLD);
        assert_eq!(readable(Method::OPTIONS, "/telling").await, TOLD);
        assert_eq!(readable(Method::GET, "/silent").await, ["*", EXPOSED]);
        assert_eq!(readable(Method::OPTIONS, "/silent").await, ["", ""]);
        assert_eq!(readable(Method::GET, "/nowhere").await, ["*", EXPOSED]);
    }
}
