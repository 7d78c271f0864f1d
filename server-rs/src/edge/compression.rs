//! Compression of answers that are text and worth it.

use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{And, Predicate, SizeAbove};

/// What is smaller fits into one packet anyway.
const BYTES_MIN: u64 = 1024;

/// Documents and pages. Media are compressed already, and events must not wait for a compressor to have enough.
const TYPES: [&str; 7] = [
    "application/json",
    "application/problem+json",
    "text/html",
    "text/css",
    "text/javascript",
    "application/javascript",
    "text/plain",
];

type Rule = fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool;

/// Compresses with gzip, for clients that take it, unless it is switched off.
pub fn layer(is_on: bool) -> CompressionLayer<And<SizeAbove, Rule>> {
    let rule: Rule = if is_on { is_worth_it } else { |_, _, _, _| false };
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(SizeAbove::new(BYTES_MIN).and(rule))
}

/// Leaves of a client's wishes what there is a choice about. What it wants beside gzip does not exist here, and a wish
/// that cannot be met is no reason to refuse a request, as the layer would after it was done.
pub fn reduce_wishes(mut request: Request) -> Request {
    let takes_gzip = request.headers().get_all(ACCEPT_ENCODING).iter().any(takes_gzip);
    match takes_gzip {
        true => request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
        false => request.headers_mut().remove(ACCEPT_ENCODING),
    };
    request
}

fn takes_gzip(wishes: &HeaderValue) -> bool {
    text(Some(wishes)).split(',').any(|wish| {
        let (coding, weight) = wish.split_once(';').unwrap_or((wish, ""));
        let is_forbidden = weight.trim().strip_prefix("q=").and_then(|q| q.parse().ok()).is_some_and(|q: f32| q <= 0.0);
        matches!(coding.trim(), "gzip" | "x-gzip" | "*") && !is_forbidden
    })
}

/// An answer that no cache may keep holds secrets, whose length compression would tell (BREACH); and an entity tag is
/// of the bytes as they are.
fn is_worth_it(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let holds_secrets = text(headers.get(CACHE_CONTROL)).contains("no-store");
    let media_type = text(headers.get(CONTENT_TYPE)).split(';').next().unwrap_or_default().trim();
    !holds_secrets && !headers.contains_key(ETAG) && TYPES.contains(&media_type)
}

fn text(header: Option<&HeaderValue>) -> &str {
    header.and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &'static str)], expected: bool) {
        let map =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect();
        let extensions = Extensions::new();
        assert_eq!(is_worth_it(StatusCode::OK, Version::HTTP_11, &map, &extensions), expected, "{headers:?}");
    }

    #[test]
    fn wishes_that_cannot_be_met_are_no_wishes() {
        for (wishes, expected) in [
            ("gzip", true),
            ("br;q=1, gzip;q=0.5", true),
            ("*", true),
            ("br, zstd", false),
            ("gzip;q=0, identity", false),
            ("identity;q=0", false),
            ("rubbish;;;,", false),
        ] {
            assert_eq!(takes_gzip(&HeaderValue::from_static(wishes)), expected, "{wishes}");
        }
    }

    #[test]
    fn only_text_without_secrets_is_compressed() {
        check(&[("content-type", "application/json")], true);
        check(&[("content-type", "text/plain; charset=utf-8")], true);
        check(&[("content-type", "text/event-stream")], false);
        check(&[("content-type", "image/png")], false);
        check(&[("content-type", "application/json"), ("cache-control", "no-store")], false);
        check(&[("content-type", "application/json"), ("etag", "\"abc\"")], false);
        check(&[], false);
    }
}
