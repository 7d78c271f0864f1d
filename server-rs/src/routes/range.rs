//! Conditional and partial reads of one object (RFC 9110, sections 13 and 14).

use std::ops::Range;

use axum::http::header::{IF_NONE_MATCH, IF_RANGE, RANGE};
use axum::http::{HeaderMap, Method};

/// What part of an object a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The client has it already.
    NotModified,
    /// All of it.
    Whole,
    /// These bytes; never empty.
    Part(Range<u64>),
    /// Bytes beyond its end.
    Unsatisfiable,
}

/// Reads the conditions and the range of a GET or HEAD request for an object of `size` bytes.
///
/// `etag` is the strong entity tag, quotes included. A range that is malformed, in another unit or in several
/// pieces is ignored, as the standard allows, and the whole object is sent. So is a range with any method but GET,
/// as the standard prescribes.
pub fn wanted(method: &Method, headers: &HeaderMap, etag: &str, size: u64) -> Wanted {
    if is_known(headers, etag) {
        return Wanted::NotModified;
    }
    if method != Method::GET {
        return Wanted::Whole;
    }
    let Some(range) = headers.get(RANGE).and_then(|value| value.to_str().ok()) else {
        return Wanted::Whole;
    };
    // Only a strong comparison with the tag itself will do; a date never matches, because none is sent.
    if headers.get(IF_RANGE).is_some_and(|condition| condition.as_bytes() != etag.as_bytes()) {
        return Wanted::Whole;
    }
    match parse_range(range, size) {
        None => Wanted::Whole,
        Some(range) if range.is_empty() => Wanted::Unsatisfiable,
        Some(range) => Wanted::Part(range),
    }
}

/// Whether the client says that it has what the tag stands for.
pub fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let conditions = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    conditions
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// The bytes that `text` asks for; an empty range when there are none, `None` when it is to be ignored.
fn parse_range(text: &str, size: u64) -> Option<Range<u64>> {
    let (unit, spec) = text.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = spec.trim().split_once('-')?;
    match (first.trim(), last.trim()) {
        ("", "") => None,
        ("", length) => Some(size.saturating_sub(number(length)?)..size),
        (first, "") => Some(number(first)?..size),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| first..last.saturating_add(1).min(size))
        }
    }
}

/// Digits alone: a sign or a space between them is malformed. A number too large for 64 bits lies beyond every
/// object, like the largest one that fits.
fn number(text: &str) -> Option<u64> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    const ETAG: &str = "\"abc\"";

    #[track_caller]
    fn check(size: u64, headers: &[(HeaderName, &'static str)], expected: Wanted) {
        let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        assert_eq!(wanted(&Method::GET, &headers, ETAG, size), expected, "{headers:?}");
        // HEAD knows conditions, but no ranges.
        let of_head = if expected == Wanted::NotModified { expected } else { Wanted::Whole };
        assert_eq!(wanted(&Method::HEAD, &headers, ETAG, size), of_head, "{headers:?}");
    }

    #[track_caller]
    fn range(value: &'static str, expected: Wanted) {
        check(1000, &[(RANGE, value)], expected);
    }

    #[test]
    fn single_ranges_are_cut_to_the_object() {
        range("bytes=0-0", Wanted::Part(0..1));
        range("bytes=0-499", Wanted::Part(0..500));
        range("bytes=500-", Wanted::Part(500..1000));
        range("bytes=-1", Wanted::Part(999..1000));
        range("bytes=-5000", Wanted::Part(0..1000));
        range("BYTES = 990 - 2000", Wanted::Part(990..1000));
        range("bytes=0-99999999999999999999999", Wanted::Part(0..1000));
    }

    #[test]
    fn ranges_beyond_the_end_are_unsatisfiable() {
        range("bytes=1000-", Wanted::Unsatisfiable);
        range("bytes=1000-2000", Wanted::Unsatisfiable);
        range("bytes=99999999999999999999999-", Wanted::Unsatisfiable);
        range("bytes=-0", Wanted::Unsatisfiable);
        check(0, &[(RANGE, "bytes=0-")], Wanted::Unsatisfiable);
    }

    #[test]
    fn what_cannot_be_read_as_one_range_is_ignored() {
        for text in ["bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "bytes=+1-2", "bytes=0-1,5-6", "rows=0-1"]
        {
            range(text, Wanted::Whole);
        }
    }

    #[test]
    fn conditions_come_before_the_range() {
        check(10, &[(IF_NONE_MATCH, "\"x\", W/\"abc\""), (RANGE, "bytes=0-1")], Wanted::NotModified);
        check(10, &[(IF_NONE_MATCH, "*")], Wanted::NotModified);
        check(10, &[(IF_NONE_MATCH, "\"x\"")], Wanted::Whole);
        check(10, &[(IF_RANGE, "\"abc\""), (RANGE, "bytes=0-1")], Wanted::Part(0..2));
        check(10, &[(IF_RANGE, "W/\"abc\""), (RANGE, "bytes=0-1")], Wanted::Whole);
        check(10, &[(IF_RANGE, "\"old\""), (RANGE, "bytes=0-1")], Wanted::Whole);
    }
}
