//! Requests that are refused by their head, before anything is done about them.

use axum::extract::{Request, State};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::problem::{Problem, ProblemCode};

/// More than any browser or proxy sends. The HTTP library ends connections with more than a hundred by itself.
const FIELDS_MAX: usize = 64;
/// More than any path of this API with its query.
const URI_BYTES_MAX: usize = 8 * 1024;
/// What a field takes beside name and value.
const FIELD_OVERHEAD_BYTES: usize = 4;

/// How large a head may be.
#[derive(Debug, Clone, Copy)]
pub struct HeadLimits {
    /// Names and values of all fields.
    pub bytes: usize,
}

/// Lets a request through if its head is in order.
pub async fn screen(State(limits): State<HeadLimits>, request: Request, next: Next) -> Result<Response, Problem> {
    check_size(&request, limits)?;
    check_coding(request.headers())?;
    Ok(next.run(request).await)
}

fn check_size(request: &Request, limits: HeadLimits) -> Result<(), Problem> {
    let uri = request.uri();
    let uri_bytes = uri.path().len() + uri.query().map_or(0, str::len);
    if uri_bytes > URI_BYTES_MAX {
        return Err(Problem::new(
            ProblemCode::UriTooLong,
            "The path and its query are longer than any that this API has.",
        )
        .with("limit", URI_BYTES_MAX));
    }
    let headers = request.headers();
    if headers.len() > FIELDS_MAX {
        return Err(Problem::new(ProblemCode::HeaderTooLarge, "The request has more header fields than are taken.")
            .with("limit", FIELDS_MAX));
    }
    let bytes: usize =
        headers.iter().map(|(name, value)| name.as_str().len() + value.len() + FIELD_OVERHEAD_BYTES).sum();
    if bytes > limits.bytes {
        return Err(Problem::new(ProblemCode::HeaderTooLarge, "The request's header fields are larger than is taken.")
            .with("limit", limits.bytes));
    }
    Ok(())
}

/// Nothing is unpacked here, so nothing can be packed that bursts.
fn check_coding(headers: &HeaderMap) -> Result<(), Problem> {
    let is_plain = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
        return Ok(());
    }
    Err(Problem::new(ProblemCode::UnsupportedMediaType, "Bodies are taken uncompressed. Leave Content-Encoding out.")
        .header(ACCEPT_ENCODING, HeaderValue::from_static("identity")))
}
