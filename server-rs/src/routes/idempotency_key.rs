//! The key that makes a creation repeatable.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::problem::Problem;

/// Header that carries it.
pub const HEADER: &str = "idempotency-key";
const BYTES_MAX: usize = 128;

/// The `Idempotency-Key` header, which every creation needs.
///
/// It is not made up when it is absent: a client that has not chosen a key before its first attempt cannot repeat
/// that attempt safely, and would learn so only when the first answer was lost.
#[derive(Debug)]
pub struct IdempotencyKey(pub String);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let key = parts.headers.get(HEADER).and_then(|value| value.to_str().ok());
        // The module's own rule, held here as well so that no file is sent in vain.
        match key {
            Some(key) if (1..=BYTES_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Ok(Self(key.to_owned()))
            }
            _ => Err(Problem::invalid(
                HEADER,
                "Send an Idempotency-Key header of 1 to 128 visible ASCII characters without spaces, such as a \
                 fresh UUID, and repeat it when you repeat the request.",
            )),
        }
    }
}
