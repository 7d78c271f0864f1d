//! Why a login did not come about.

use axum::http::HeaderValue;
use axum::http::header::WWW_AUTHENTICATE;

use super::access_tokens::SigningError;
use crate::node_client::CallError;
use crate::problem::{Problem, ProblemCode};

/// Each refusal says what the client is to do.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No such provider is configured.
    #[error("There is no such login provider here. GET /auth/providers lists them.")]
    UnknownProvider,
    /// The proof lacks what the provider needs.
    #[error("The proof does not fit the provider: {0}.")]
    MalformedProof(String),
    /// A value cannot be used.
    #[error("{problem}")]
    Invalid {
        /// The value's name.
        field: &'static str,
        /// What it must be.
        problem: &'static str,
    },
    /// The provider, or this facade, does not vouch for the caller.
    #[error("{0}")]
    Refused(&'static str),
    /// The provider does not answer, or not as it should.
    #[error("The login provider cannot be used now; nothing was done. Try again in a moment.")]
    ProviderFailed,
    /// Too often.
    #[error("This was asked for too often. Try again later.")]
    Throttled {
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// A page that must not use the cookie.
    #[error("A request with the refresh cookie must come from a page of this game: send its Origin header.")]
    ForeignOrigin,
    /// The facade's name as an issuer is not the one that the account was made under.
    #[error("the account was made under another issuer")]
    IssuerChanged,
    /// The facade cannot sign.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// The game module's word.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        let text = error.to_string();
        match error {
            LoginError::UnknownProvider => Self::not_found(text),
            LoginError::MalformedProof(_) => Self::invalid("proof", text),
            LoginError::Invalid { field, .. } => Self::invalid(field, text),
            LoginError::Refused(_) => Self::new(ProblemCode::LoginRefused, text)
                .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"worldloom\"")),
            LoginError::ProviderFailed => Self::new(ProblemCode::ProviderUnavailable, text).retry_after_s(2),
            LoginError::Throttled { retry_after_s } => {
                Self::new(ProblemCode::TooManyRequests, text).retry_after_s(retry_after_s.into())
            }
            LoginError::ForeignOrigin => Self::new(ProblemCode::Forbidden, text),
            LoginError::IssuerChanged => Self::internal(),
            LoginError::Signing(error) => {
                tracing::error!(%error, "No token could be signed");
                Self::internal()
            }
            LoginError::Call(error) => error.into(),
        }
    }
}
