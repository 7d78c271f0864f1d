//! Why a login did not come about.

use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use module_rules::RuleError;

use super::access_tokens::SigningError;
use crate::node_client::CallError;
use crate::problem::{Problem, ProblemCode};

const BEGIN_AGAIN: &str = "The proof of this login is used up: for another attempt, begin it again.";

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
    /// A value breaks a rule of the game module.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The player has never logged in at the facade.
    #[error("This player has no account: log in at the facade first.")]
    NoAccount,
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
    /// Any of these, once the proof was used up: the same request would be refused for that.
    #[error(transparent)]
    ProofSpent(Box<LoginError>),
}

impl LoginError {
    /// The same, of a login whose proof is used up.
    pub fn with_spent_proof(self) -> Self {
        match self {
            // It says by itself to begin again.
            Self::Refused(_) | Self::ProofSpent(_) => self,
            other => Self::ProofSpent(Box::new(other)),
        }
    }
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        let text = error.to_string();
        match error {
            LoginError::UnknownProvider => Self::not_found(text),
            LoginError::MalformedProof(_) => Self::invalid("proof", text),
            LoginError::Invalid { field, .. } => Self::invalid(field, text),
            LoginError::Rule(error) => broken_rule(&error),
            LoginError::NoAccount => Self::not_found(text),
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
            LoginError::ProofSpent(error) => begin_again(Self::from(*error)),
        }
    }
}

/// As the module would say it.
fn broken_rule(error: &RuleError) -> Problem {
    match error {
        RuleError::Malformed { field, .. } => Problem::invalid(field, error.to_string()),
        RuleError::AboveLimit { limit, .. } => {
            Problem::new(ProblemCode::LimitExceeded, error.to_string()).with("limit", *limit)
        }
        // None of them is about a text by itself, which is all that is checked here.
        RuleError::Differs { .. }
        | RuleError::IllegalTransition { .. }
        | RuleError::Insufficient { .. }
        | RuleError::Hidden { .. }
        | RuleError::NotOwner { .. } => Problem::internal(),
    }
}

/// Nobody is to repeat the request, which a problem with 503 would be an invitation to.
fn begin_again(problem: Problem) -> Problem {
    let problem = if problem.code().status() == StatusCode::SERVICE_UNAVAILABLE {
        Problem::new(ProblemCode::LoginInterrupted, "The login could not be finished.")
    } else {
        problem
    };
    problem.and_says(BEGIN_AGAIN).with("proof_spent", true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: LoginError, expected: ProblemCode) -> serde_json::Value {
        let problem = Problem::from(error);
        assert_eq!(problem.code(), expected);
        serde_json::json!(problem.document(expected.status(), "request"))
    }

    #[test]
    fn nobody_is_told_to_repeat_a_login_whose_proof_is_used_up() {
        type Failure = fn() -> LoginError;
        let cases: [(Failure, ProblemCode, ProblemCode); 4] = [
            (
                || CallError::OutcomeUnknown { procedure: "log_in_and_return" }.into(),
                ProblemCode::OutcomeUnknown,
                ProblemCode::LoginInterrupted,
            ),
            (|| CallError::Unavailable.into(), ProblemCode::NodeUnavailable, ProblemCode::LoginInterrupted),
            (|| LoginError::ProviderFailed, ProblemCode::ProviderUnavailable, ProblemCode::LoginInterrupted),
            (|| LoginError::Throttled { retry_after_s: 7 }, ProblemCode::TooManyRequests, ProblemCode::TooManyRequests),
        ];
        for (error, bare, spent) in cases {
            assert_eq!(check(error(), bare).get("proof_spent"), None);
            let document = check(error().with_spent_proof().with_spent_proof(), spent);
            assert_eq!(document["proof_spent"], true);
            let detail = document["detail"].as_str().unwrap();
            assert!(detail.ends_with(BEGIN_AGAIN), "{detail}");
            assert!(!detail.contains("nothing was done") && !detail.contains("Repeat"), "{detail}");
        }
    }

    #[test]
    fn a_refusal_says_by_itself_what_to_do() {
        let refused = LoginError::Refused("This is not the code. Look again.").with_spent_proof();
        assert_eq!(check(refused, ProblemCode::LoginRefused).get("proof_spent"), None);
    }
}
