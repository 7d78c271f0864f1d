//! Every error as a problem document (RFC 9457), and the one place that knows HTTP statuses.
//!
//! Handlers return a [`Problem`]; the middleware [`documents`] adds the request id and writes the body. It also turns
//! bare error answers of the framework into problems, so that no error leaves without a code.

use std::borrow::Cow;

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Extension, Request};
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use worldloom_client::{DomainError, DomainErrorCode};

use crate::node_client::CallError;
use crate::objects::{StoreError, UploadError};
use crate::request_context::RequestId;
use crate::routes::form::FormHeadTooLarge;

/// Content type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Stable machine code of a problem. Its text is part of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// The request cannot be understood.
    MalformedRequest,
    /// The caller is not known, or its token is not valid.
    Unauthenticated,
    /// Nobody vouches for whoever tries to log in.
    LoginRefused,
    /// The caller may not do this.
    Forbidden,
    /// A URL that the facade has not signed for this request.
    LinkInvalid,
    /// A signed URL whose time is over.
    LinkExpired,
    /// There is nothing here that the caller may see.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The request did not arrive or was not answered in time.
    RequestTimeout,
    /// The state does not fit, or the idempotency key was used for something else.
    Conflict,
    /// The record is in a state that does not allow this step.
    IllegalTransition,
    /// The body is larger than allowed.
    PayloadTooLarge,
    /// The content is of a type that is not taken.
    UnsupportedMediaType,
    /// The range lies outside the object.
    RangeNotSatisfiable,
    /// The path and its query are too long.
    UriTooLong,
    /// The header fields are too large, or too many.
    HeaderTooLarge,
    /// A value is not acceptable.
    InvalidArgument,
    /// A limit of the game is reached.
    LimitExceeded,
    /// The player has less than the request takes.
    Insufficient,
    /// The acting player's account is closed.
    AccountClosed,
    /// Something was asked for too often.
    TooManyRequests,
    /// The login provider does not answer.
    ProviderUnavailable,
    /// A login could not be finished, and its proof is used up.
    LoginInterrupted,
    /// A fault of the service.
    Internal,
    /// The node is away; nothing was done.
    NodeUnavailable,
    /// The node was lost during the call; the call may or may not have had its effect.
    OutcomeUnknown,
    /// The object store cannot be used now.
    StoreUnavailable,
    /// The object store is full.
    StoreFull,
    /// A privileged call cannot be written down.
    AuditUnavailable,
    /// Any other refusal by status alone.
    Refused,
}

impl ProblemCode {
    /// Status, code and title of each code.
    const fn facts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::MalformedRequest => (StatusCode::BAD_REQUEST, "malformed_request", "Malformed request"),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated", "Not authenticated"),
            Self::LoginRefused => (StatusCode::UNAUTHORIZED, "login_refused", "Login refused"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "Not allowed"),
            Self::LinkInvalid => (StatusCode::FORBIDDEN, "link_invalid", "URL not signed"),
            Self::LinkExpired => (StatusCode::FORBIDDEN, "link_expired", "URL expired"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "Not found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed"),
            Self::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "request_timeout", "Request timed out"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "Conflict"),
            Self::IllegalTransition => (StatusCode::CONFLICT, "illegal_transition", "Illegal transition"),
            Self::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "Payload too large"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Unsupported media type")
            }
            Self::RangeNotSatisfiable => {
                (StatusCode::RANGE_NOT_SATISFIABLE, "range_not_satisfiable", "Range not satisfiable")
            }
            Self::UriTooLong => (StatusCode::URI_TOO_LONG, "uri_too_long", "Path too long"),
            Self::HeaderTooLarge => {
                (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "header_too_large", "Header too large")
            }
            Self::InvalidArgument => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_argument", "Invalid argument"),
            Self::LimitExceeded => (StatusCode::UNPROCESSABLE_ENTITY, "limit_exceeded", "Limit exceeded"),
            Self::Insufficient => (StatusCode::CONFLICT, "insufficient", "Not enough"),
            Self::AccountClosed => (StatusCode::FORBIDDEN, "account_closed", "Account closed"),
            Self::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Too many requests"),
            Self::ProviderUnavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "provider_unavailable", "Login provider unavailable")
            }
            Self::LoginInterrupted => (StatusCode::SERVICE_UNAVAILABLE, "login_interrupted", "Login interrupted"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
            Self::NodeUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "node_unavailable", "Node unavailable"),
            Self::OutcomeUnknown => (StatusCode::SERVICE_UNAVAILABLE, "outcome_unknown", "Outcome unknown"),
            Self::StoreUnavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", "Object store unavailable")
            }
            Self::StoreFull => (StatusCode::INSUFFICIENT_STORAGE, "store_full", "Object store full"),
            Self::AuditUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "audit_unavailable", "Audit trail unavailable"),
            Self::Refused => (StatusCode::BAD_REQUEST, "refused", "Refused"),
        }
    }

    /// Its HTTP status.
    pub fn status(self) -> StatusCode {
        self.facts().0
    }

    /// The code as it stands in documents.
    pub fn name(self) -> &'static str {
        self.facts().1
    }

    /// The kind in words.
    pub fn title(self) -> &'static str {
        self.facts().2
    }

    /// The code for an answer of the framework that has a status and nothing else.
    fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::BAD_REQUEST => Self::MalformedRequest,
            StatusCode::UNAUTHORIZED => Self::Unauthenticated,
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::REQUEST_TIMEOUT => Self::RequestTimeout,
            StatusCode::PAYLOAD_TOO_LARGE => Self::PayloadTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            status if status.is_server_error() => Self::Internal,
            _ => Self::Refused,
        }
    }
}

/// One error answer.
#[derive(Debug, Clone)]
pub struct Problem {
    code: ProblemCode,
    detail: Cow<'static, str>,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The document that a client reads.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProblemDocument<'a> {
    /// URI of the kind of problem: `urn:worldloom:problem:` and the code.
    #[schema(example = "urn:worldloom:problem:conflict")]
    r#type: String,
    /// The kind in words.
    #[schema(example = "Conflict")]
    title: &'static str,
    /// The HTTP status once more.
    #[schema(example = 409)]
    status: u16,
    /// Stable code to branch on.
    #[schema(value_type = ProblemCode)]
    code: &'static str,
    /// What happened and what to do, for a person.
    #[schema(example = "The asset is bound. Unbind it first.")]
    detail: &'a str,
    /// Id of the request, also in the header `x-request-id` and in the log.
    #[schema(example = "01a1fbec-d009-7088-9cf8-cf81b2a9bad0")]
    request_id: &'a str,
    /// Facts of the code, such as `field`, `limit`, `expected`, `actual`.
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

impl Problem {
    /// A problem with a sentence that says what to do.
    pub fn new(code: ProblemCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), members: Map::new(), headers: Vec::new() }
    }

    /// The request cannot be understood.
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ProblemCode::MalformedRequest, detail)
    }

    /// The value of `field` is not acceptable.
    pub fn invalid(field: &str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ProblemCode::InvalidArgument, detail).with("field", field)
    }

    /// There is nothing here that the caller may see.
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ProblemCode::NotFound, detail)
    }

    /// A fault of the service. The caller logs the cause; the client learns only the request id.
    pub fn internal() -> Self {
        Self::new(ProblemCode::Internal, "The service failed. Try again later, and report the request id if it stays.")
    }

    /// No token where one is needed.
    pub fn token_missing() -> Self {
        Self::new(ProblemCode::Unauthenticated, "Send a player's token as Authorization: Bearer <token>.")
            .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"worldloom\""))
    }

    /// A token that is not valid. `reason` tells which rule it breaks, never what it holds.
    pub fn token_invalid(reason: impl Into<Cow<'static, str>>) -> Self {
        let challenge = HeaderValue::from_static("Bearer realm=\"worldloom\", error=\"invalid_token\"");
        Self::new(ProblemCode::Unauthenticated, reason).header(WWW_AUTHENTICATE, challenge)
    }

    /// The document that the client gets.
    pub fn document<'a>(&'a self, status: StatusCode, request_id: &'a str) -> ProblemDocument<'a> {
        let (_, code, title) = self.code.facts();
        ProblemDocument {
            r#type: format!("urn:worldloom:problem:{code}"),
            title,
            status: status.as_u16(),
            code,
            detail: &self.detail,
            request_id,
            members: &self.members,
        }
    }

    /// Adds a fact to the document.
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// Adds a sentence to the detail.
    pub fn and_says(mut self, sentence: &str) -> Self {
        self.detail = format!("{} {sentence}", self.detail).into();
        self
    }

    /// Adds a header to the answer.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The stable code.
    pub fn code(&self) -> ProblemCode {
        self.code
    }

    /// Tells the client when to try again.
    pub fn retry_after_s(self, seconds: u64) -> Self {
        self.header(RETRY_AFTER, HeaderValue::from(seconds))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.headers_mut().extend(self.headers.iter().cloned());
        response.extensions_mut().insert(self);
        response
    }
}

/// Around the routes: writes the document of each error answer.
pub async fn documents(Extension(RequestId(id)): Extension<RequestId>, request: Request, next: Next) -> Response {
    render(next.run(request).await, &id)
}

/// The code of an answer that is a problem, for the log.
#[derive(Debug, Clone, Copy)]
pub struct AnswerCode(pub &'static str);

/// Writes the problem document of an error answer; other answers pass unchanged.
fn render(response: Response, request_id: &str) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = response.extensions().get::<Problem>().cloned();
    let problem = problem.unwrap_or_else(|| Problem::new(ProblemCode::of_status(status), bare_detail(status)));
    let body = json!(problem.document(status, request_id)).to_string();
    let mut rendered = (status, [(CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
    rendered.headers_mut().extend(problem.headers);
    rendered.extensions_mut().insert(AnswerCode(problem.code.name()));
    if let Some(allow) = response.headers().get(ALLOW) {
        rendered.headers_mut().insert(ALLOW, allow.clone());
    }
    rendered
}

fn bare_detail(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "There is no such path. /openapi.json lists all of them.",
        StatusCode::METHOD_NOT_ALLOWED => "This path does not take that method. The Allow header lists those it takes.",
        StatusCode::REQUEST_TIMEOUT => "The request took too long. Try again.",
        StatusCode::PAYLOAD_TOO_LARGE => "The request body is larger than this path takes.",
        status if status.is_server_error() => "The service failed. Try again later.",
        _ => "The request was refused.",
    }
}

impl From<DomainError> for Problem {
    fn from(error: DomainError) -> Self {
        let DomainError { code, message } = error;
        match code {
            DomainErrorCode::Unauthenticated => Self::new(ProblemCode::Unauthenticated, message),
            DomainErrorCode::NotFound => Self::new(ProblemCode::NotFound, message),
            DomainErrorCode::Forbidden => Self::new(ProblemCode::Forbidden, message),
            DomainErrorCode::InvalidArgument(facts) => {
                Self::new(ProblemCode::InvalidArgument, message).with("field", facts.field)
            }
            DomainErrorCode::Conflict(facts) => {
                Self::new(ProblemCode::Conflict, message).with("expected", facts.expected).with("actual", facts.actual)
            }
            DomainErrorCode::LimitExceeded(facts) => {
                Self::new(ProblemCode::LimitExceeded, message).with("limit", facts.limit)
            }
            DomainErrorCode::IllegalTransition(facts) => {
                Self::new(ProblemCode::IllegalTransition, message).with("from", facts.from).with("to", facts.to)
            }
            DomainErrorCode::Internal => Self::new(ProblemCode::Internal, message),
            DomainErrorCode::Insufficient(facts) => Self::new(ProblemCode::Insufficient, message)
                .with("needed", facts.needed)
                .with("available", facts.available),
            DomainErrorCode::AccountClosed => Self::new(ProblemCode::AccountClosed, message),
        }
    }
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(error) => error.into(),
            CallError::Unavailable => Self::new(
                ProblemCode::NodeUnavailable,
                "The game's node cannot be reached; nothing was done. Try again in a moment.",
            )
            .retry_after_s(2),
            CallError::OutcomeUnknown { .. } => Self::new(
                ProblemCode::OutcomeUnknown,
                "The game's node was lost during the call. Repeat the request unchanged, with the same \
                 Idempotency-Key if it has one, to learn the outcome.",
            )
            .retry_after_s(2),
            CallError::Failed { procedure, cause } => {
                tracing::error!(procedure, cause, "A procedure of the module failed");
                Self::internal()
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "The object store refused an operation");
        match error {
            StoreError::Full => Self::new(
                ProblemCode::StoreFull,
                "The object store has no room left; nothing was kept. Try again when its operator made room.",
            ),
            // A confirmed row promises an object, so its absence is the service's fault.
            StoreError::Missing => Self::internal(),
            StoreError::InUse | StoreError::Failed(_) => Self::new(
                ProblemCode::StoreUnavailable,
                "The object store cannot be used now; nothing was kept. Try again in a moment.",
            )
            .retry_after_s(2),
        }
    }
}

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::TooLarge { limit_bytes } => {
                Self::new(ProblemCode::PayloadTooLarge, sentence(&error)).with("limit", limit_bytes)
            }
            UploadError::Empty => Self::invalid("file", "The file is empty. Send at least one byte."),
            UploadError::TypeNotAllowed { .. } | UploadError::TypeMismatch { .. } => {
                Self::new(ProblemCode::UnsupportedMediaType, sentence(&error))
            }
            UploadError::Store(error) => error.into(),
        }
    }
}

fn sentence(error: &UploadError) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        by_status(rejection.status(), rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        // A path whose parameters cannot be read names nothing.
        Self::not_found("There is nothing at this path. Ids are UUIDs.")
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        by_status(rejection.status(), rejection.body_text())
    }
}

impl From<multer::Error> for Problem {
    fn from(error: multer::Error) -> Self {
        match &error {
            multer::Error::StreamReadFailed(cause) => body_failure(cause.as_ref()),
            multer::Error::FieldSizeExceeded { limit, field_name } => {
                Self::new(ProblemCode::PayloadTooLarge, "A field of the form is larger than it may be.")
                    .with("limit", *limit)
                    .with("field", field_name.clone())
            }
            multer::Error::UnknownField { field_name } => Self::invalid(
                field_name.as_deref().unwrap_or("(unnamed)"),
                "The form has a field that is not known here. /openapi.json lists the fields.",
            ),
            other => Self::malformed(format!("The body is no multipart form: {other}.")),
        }
    }
}

/// A body that ended before its end, by a limit, by silence, or because the client went away.
pub fn body_failure(error: &(dyn std::error::Error + 'static)) -> Problem {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() || error.is::<FormHeadTooLarge>() {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            return Problem::new(ProblemCode::of_status(status), bare_detail(status));
        }
        if error.is::<tower_http::timeout::TimeoutError>() {
            return Problem::new(
                ProblemCode::RequestTimeout,
                "The request body stopped arriving. Send it without long pauses.",
            );
        }
        cause = error.source();
    }
    Problem::malformed("The request body ended early. Send it again in full.")
}

fn by_status(status: StatusCode, text: String) -> Problem {
    let code = match status {
        // The framework tells syntax from content; the second is a matter of values.
        StatusCode::UNPROCESSABLE_ENTITY => ProblemCode::InvalidArgument,
        status => ProblemCode::of_status(status),
    };
    Problem::new(code, text)
}
