//! `/v1/database/:db/route/*`: HTTP handlers that a module declares.
//!
//! These requests bypass the node's authentication on purpose: a module checks its own
//! credentials, as a webhook's sender brings a signature and not a token of this node.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, OriginalUri, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version, header, request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use spacetimedb_core::host::module_host::HttpHandlerCallError;
use spacetimedb_lib::db::raw_def::v10::MethodOrAny;
use spacetimedb_lib::http as module;

use super::browsers::{is_preflight, preflight};
use crate::error::ApiError;
use crate::node::Node;

/// `/route` without a trailing slash, which modules tell apart from `/route/`.
pub(super) async fn handle_root(
    state: State<Arc<Node>>,
    Path(db): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    dispatch(state, &db, request).await
}

pub(super) async fn handle(
    state: State<Arc<Node>>,
    Path(params): Path<Vec<(String, String)>>,
    request: Request,
) -> Result<Response, ApiError> {
    let db = params.into_iter().next().map(|(_, db)| db).unwrap_or_default();
    dispatch(state, &db, request).await
}

async fn dispatch(State(node): State<Arc<Node>>, db: &str, request: Request) -> Result<Response, ApiError> {
    let hosted = node.host(db).await;
    let (head, body) = request.into_parts();
    let method = module_method(&head.method);
    let uri = requested_uri(&head);
    let handler = hosted.as_ref().ok().and_then(|hosted| {
        let definition = &hosted.module.info().module_def;
        let (handler, _, route) = definition.match_http_route(&method, route_path(uri.path()))?;
        // A handler for any method is not written for what browsers ask beforehand.
        (!is_preflight(&head) || route.method != MethodOrAny::Any).then_some(handler)
    });
    if handler.is_none() && head.method == Method::OPTIONS {
        return Ok(preflight(Request::from_parts(head, body)).await);
    }
    let module = hosted?.module;
    let Some(handler) = handler else {
        let sentence = "The module has no handler for this method and path.";
        return Err(ApiError::new(StatusCode::NOT_FOUND, "no_such_handler", sentence));
    };
    let request = module_request(&head, uri, method);
    let body = Bytes::from_request(Request::from_parts(head, body), &())
        .await
        .map_err(|refused| ApiError::new(refused.status(), "invalid_body", refused.body_text()))?;
    let auth = node.tokens.mint().map_err(ApiError::internal)?.auth;
    let (reply, body) = module.call_http_handler(auth, handler, request, body).await.map_err(handler_failed)?;
    Ok(response(reply, body))
}

/// The address as it was asked for; nested routers see what is left of it below their prefix.
fn requested_uri(head: &request::Parts) -> &Uri {
    head.extensions.get::<OriginalUri>().map_or(&head.uri, |original| &original.0)
}

/// What follows `/route`, as it was written: modules see the path undecoded.
fn route_path(path: &str) -> &str {
    let after_database = path.strip_prefix("/v1/database/").and_then(|rest| rest.split_once('/'));
    after_database.and_then(|(_, rest)| rest.strip_prefix("route")).unwrap_or_default()
}

fn module_method(method: &Method) -> module::Method {
    match *method {
        Method::GET => module::Method::Get,
        Method::HEAD => module::Method::Head,
        Method::POST => module::Method::Post,
        Method::PUT => module::Method::Put,
        Method::DELETE => module::Method::Delete,
        Method::CONNECT => module::Method::Connect,
        Method::OPTIONS => module::Method::Options,
        Method::TRACE => module::Method::Trace,
        Method::PATCH => module::Method::Patch,
        ref other => module::Method::Extension(other.to_string()),
    }
}

fn module_request(head: &request::Parts, uri: &Uri, method: module::Method) -> module::Request {
    module::Request {
        method,
        headers: module_headers(&head.headers),
        timeout: None,
        uri: external_uri(head, uri),
        version: match head.version {
            Version::HTTP_09 => module::Version::Http09,
            Version::HTTP_10 => module::Version::Http10,
            Version::HTTP_2 => module::Version::Http2,
            Version::HTTP_3 => module::Version::Http3,
            _ => module::Version::Http11,
        },
    }
}

fn module_headers(headers: &HeaderMap) -> module::Headers {
    headers.iter().map(|(name, value)| (Some(name.as_str().into()), value.as_bytes().into())).collect()
}

/// The address that the client used, rebuilt from what a proxy in front says.
fn external_uri(head: &request::Parts, uri: &Uri) -> String {
    let text = |name: HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = text(HeaderName::from_static("x-forwarded-proto")).unwrap_or("http");
    let host = text(HeaderName::from_static("x-forwarded-host")).or_else(|| text(header::HOST));
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let rebuilt = host.map(|host| format!("{scheme}://{host}{path}"));
    // The engine takes valid URIs only; what a proxy or client made up may not be one.
    rebuilt.filter(|uri| uri.parse::<Uri>().is_ok()).unwrap_or_else(|| path.to_owned())
}

fn handler_failed(cause: HttpHandlerCallError) -> ApiError {
    match cause {
        HttpHandlerCallError::NoSuchModule(_) => super::call::module_gone(),
        // Anybody may call a handler, so the stack trace stays with the owner.
        other => {
            tracing::debug!("A module's HTTP handler failed: {other}");
            let sentence = "The module's handler failed; the database's log has the reason.";
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "function_failed", sentence)
        }
    }
}

fn response(reply: module::Response, body: Bytes) -> Response {
    let Some(status) = StatusCode::from_u16(reply.code).ok().filter(|status| !status.is_informational()) else {
        return ApiError::internal("a module's handler answered with an impossible status").into_response();
    };
    let body = if has_content(status) { Body::from(body) } else { Body::empty() };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    for (name, value) in reply.headers.into_iter() {
        let name = HeaderName::try_from(&*name).ok().filter(|name| !is_of_the_connection(name));
        let value = HeaderValue::from_bytes(&value);
        if let (Some(name), Ok(value)) = (name, value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// Whether an answer with this status may have a body. Clients read none after the others, so that they would take it
/// for the answer to their next request.
fn has_content(status: StatusCode) -> bool {
    !matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED)
}

/// Whether a field is about the connection and not about the answer, so that it is the node's to set. The HTTP library
/// passes a length on as it is told, and clients take what is beyond it for the answer to their next request.
fn is_of_the_connection(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "content-length"
            | "keep-alive"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

#[cfg(test)]
mod tests {
    use axum::body::HttpBody;

    use super::*;

    #[test]
    fn a_modules_path_keeps_its_slashes_and_escapes() {
        assert_eq!(route_path("/v1/database/game/route"), "");
        assert_eq!(route_path("/v1/database/game/route/"), "/");
        assert_eq!(route_path("/v1/database/game/route/a%20b/"), "/a%20b/");
        assert_eq!(route_path("/v1/database/route/route/route"), "/route");
    }

    fn answer(code: u16, headers: &[(&str, &str)]) -> Response {
        let field = |(name, value): &(&str, &str)| (Some(Box::<str>::from(*name)), Box::<[u8]>::from(value.as_bytes()));
        let headers = headers.iter().map(field);
        let reply = module::Response { headers: headers.collect(), version: module::Version::Http11, code };
        response(reply, Bytes::from_static(b"what the module says"))
    }

    #[test]
    fn a_module_does_not_say_where_its_answer_ends() {
        let answer = answer(
            200,
            &[
                ("Content-Length", "4"),
                ("transfer-encoding", "chunked"),
                ("Connection", "close"),
                ("keep-alive", "timeout=1"),
                ("proxy-connection", "close"),
                ("te", "trailers"),
                ("trailer", "x-late"),
                ("upgrade", "h2c"),
                ("content-type", "text/plain"),
                ("set-cookie", "a=1"),
                ("set-cookie", "b=2"),
            ],
        );
        assert_eq!(answer.status(), 200);
        let text = |(name, value): (&HeaderName, &HeaderValue)| format!("{name}: {}", value.to_str().unwrap());
        let told: Vec<_> = answer.headers().iter().map(text).collect();
        assert_eq!(told, ["content-type: text/plain", "set-cookie: a=1", "set-cookie: b=2"]);
        assert_eq!(answer.body().size_hint().exact(), Some(20));
    }

    #[test]
    fn an_answer_without_content_has_no_body() {
        for code in [204, 205, 304] {
            let answer = answer(code, &[]);
            assert_eq!((answer.status().as_u16(), answer.body().size_hint().exact()), (code, Some(0)));
        }
    }

    #[test]
    fn a_status_that_announces_another_answer_is_a_failure() {
        for code in [0, 99, 100, 101, 103, 199, 1000] {
            assert_eq!(answer(code, &[("upgrade", "websocket")]).status(), 500, "{code}");
        }
    }
}
