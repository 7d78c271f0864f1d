//! What a caller of the HTTP API is told when a request fails.
//!
//! The body is one plain sentence, as official clients print it as it stands. The stable code
//! travels in the header `spacetime-error-code`.

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// Header with the stable machine code of an error.
pub const ERROR_CODE: HeaderName = HeaderName::from_static("spacetime-error-code");

/// An error as it leaves the HTTP API.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// HTTP status, by the official API's table.
    pub status: StatusCode,
    /// Stable machine code, in snake case.
    pub code: &'static str,
    /// One sentence for a person, saying what to do where something can be done.
    pub message: String,
    /// A JSON body in place of the sentence, where official clients look for one.
    pub body: Option<Box<serde_json::Value>>,
}

/// Status 530, by which the official API marks an error returned by a reducer.
pub const REDUCER_ERROR: u16 = 530;

impl ApiError {
    /// An error with all its parts.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), body: None }
    }

    /// The same error with a JSON body that official clients understand.
    pub fn with_body(mut self, body: &impl serde::Serialize) -> Self {
        self.body = serde_json::to_value(body).ok().map(Box::new);
        self
    }

    /// 400: the request cannot be understood or breaks a rule that the caller can look up.
    pub fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 404 for a database that is not on this node.
    pub fn no_such_database(name_or_identity: &str) -> Self {
        let shown: String = name_or_identity.chars().take(64).collect();
        Self::new(
            StatusCode::NOT_FOUND,
            "no_such_database",
            format!("There is no database `{shown}` on this node; publish it first or check the name."),
        )
    }

    /// 403 for an action that only a database's owner may take.
    pub fn not_owner(action: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "not_owner",
            format!("Only the owner of a database may {action}; use the token that published it."),
        )
    }

    /// 402: the call used up its execution budget.
    pub fn out_of_energy() -> Self {
        let sentence = "The call used up its execution budget and was undone; make it do less at once.";
        Self::new(StatusCode::PAYMENT_REQUIRED, "out_of_energy", sentence)
    }

    /// 500 with the cause logged and not told, since it may hold paths or data of others.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!("Request failed inside the node: {cause:#}");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The node could not complete the request; its log has the cause.",
        )
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let code = [(ERROR_CODE, HeaderValue::from_static(self.code))];
        match self.body {
            Some(body) => (self.status, code, axum::Json(*body)).into_response(),
            None => (self.status, code, self.message).into_response(),
        }
    }
}
