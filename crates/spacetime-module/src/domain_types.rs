//! Types that several domains share: the error, what an asset looks like from outside, and what
//! a world consists of.

mod world_entry;

pub use world_entry::*;

use std::fmt;

use module_access::AccessError;
use module_rules::RuleError;

use crate::*;

/// What a caller can act on: a stable code and its facts.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub enum DomainErrorCode {
    /// Nobody stands behind the call.
    Unauthenticated,
    /// There is no such row, or the caller may not know of it.
    NotFound,
    /// The caller may not do this.
    Forbidden,
    /// An argument breaks the syntax of its field.
    InvalidArgument(InvalidArgument),
    /// A fact differs from the one on record.
    Conflict(Conflict),
    /// A length, size or count is above its limit.
    LimitExceeded(LimitExceeded),
    /// The state machine has no such step.
    IllegalTransition(IllegalTransition),
    /// The module could not do its part; the same call may succeed later.
    Internal,
    /// The player has less than the call takes.
    Insufficient(Insufficient),
    /// The acting player's account is closed.
    AccountClosed,
}

/// Facts of [`DomainErrorCode::InvalidArgument`].
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct InvalidArgument {
    /// Name of the argument.
    pub field: String,
}

/// Facts of [`DomainErrorCode::Conflict`].
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The value on record.
    pub expected: String,
    /// The value in the request.
    pub actual: String,
}

/// Facts of [`DomainErrorCode::LimitExceeded`].
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct LimitExceeded {
    /// The largest allowed value; the message names its unit.
    pub limit: u64,
}

/// Facts of [`DomainErrorCode::IllegalTransition`].
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct IllegalTransition {
    /// The present state.
    pub from: String,
    /// The refused state.
    pub to: String,
}

/// Facts of [`DomainErrorCode::Insufficient`].
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct Insufficient {
    /// How much the call takes; the message names what.
    pub needed: u64,
    /// How much there is.
    pub available: u64,
}

/// A refusal: nothing has changed. Reducers send its text, procedures send it as it is.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct DomainError {
    /// For programs.
    pub code: DomainErrorCode,
    /// For people: what is wrong and what to do.
    pub message: String,
}

/// Who may read an asset's bytes.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssetAccessPolicy {
    /// The owner, the Service, Moderators and Admins.
    Private,
    /// As private; the facade also serves it to holders of a link that it has signed.
    Signed,
    /// Everybody, once confirmed.
    Public,
}

/// How far an asset object has come.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssetStatus {
    /// Announced; its bytes may still be on their way.
    Pending,
    /// The Service has seen the bytes and they are what was announced.
    Confirmed,
    /// Gone for players; its bytes wait to be removed from the object store.
    Deleted,
}

impl DomainErrorCode {
    /// The code's stable name in text, such as `not_found`.
    pub const fn name(&self) -> &'static str {
        match self {
            DomainErrorCode::Unauthenticated => "unauthenticated",
            DomainErrorCode::NotFound => "not_found",
            DomainErrorCode::Forbidden => "forbidden",
            DomainErrorCode::InvalidArgument(_) => "invalid_argument",
            DomainErrorCode::Conflict(_) => "conflict",
            DomainErrorCode::LimitExceeded(_) => "limit_exceeded",
            DomainErrorCode::IllegalTransition(_) => "illegal_transition",
            DomainErrorCode::Internal => "internal",
            DomainErrorCode::Insufficient(_) => "insufficient",
            DomainErrorCode::AccountClosed => "account_closed",
        }
    }
}

/// `<code>: <message>`, the only thing that a caller of a reducer receives.
impl fmt::Display for DomainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.message)
    }
}

impl std::error::Error for DomainError {}

impl DomainError {
    pub(crate) fn new(code: DomainErrorCode, message: impl Into<String>) -> Self {
        DomainError { code, message: message.into() }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(DomainErrorCode::NotFound, message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(DomainErrorCode::Forbidden, message)
    }

    pub(crate) fn conflict(expected: &str, actual: &str, message: impl Into<String>) -> Self {
        let facts = Conflict { expected: expected.to_owned(), actual: actual.to_owned() };
        Self::new(DomainErrorCode::Conflict(facts), message)
    }

    pub(crate) fn no_fresh_id() -> Self {
        Self::new(DomainErrorCode::Internal, "No unused id was found. Repeat the call.")
    }
}

impl From<AccessError> for DomainError {
    fn from(refusal: AccessError) -> Self {
        let message = refusal.to_string();
        match refusal {
            AccessError::Unauthenticated => DomainError::new(DomainErrorCode::Unauthenticated, message),
            AccessError::RoleMissing(_)
            | AccessError::EngineOnly
            | AccessError::PlayersOnly
            | AccessError::ActingForOther => DomainError::forbidden(message),
            AccessError::AccountClosed => DomainError::new(DomainErrorCode::AccountClosed, message),
            AccessError::LastAdmin => DomainError::conflict("another Admin", "the last Admin", message),
            AccessError::LoginTaken => DomainError::conflict("a login of this account", "another account's", message),
            AccessError::LastLogin => DomainError::conflict("another login", "the last login", message),
            AccessError::TooManyLogins => {
                let facts = LimitExceeded { limit: module_access::LOGINS_MAX as u64 };
                DomainError::new(DomainErrorCode::LimitExceeded(facts), message)
            }
        }
    }
}

impl From<RuleError> for DomainError {
    fn from(refusal: RuleError) -> Self {
        let message = refusal.to_string();
        let code = match refusal {
            RuleError::Malformed { field, .. } => {
                DomainErrorCode::InvalidArgument(InvalidArgument { field: field.to_owned() })
            }
            RuleError::AboveLimit { limit, .. } => DomainErrorCode::LimitExceeded(LimitExceeded { limit }),
            RuleError::Differs { expected, actual, .. } => DomainErrorCode::Conflict(Conflict { expected, actual }),
            RuleError::IllegalTransition { from, to, .. } => {
                DomainErrorCode::IllegalTransition(IllegalTransition { from: from.to_owned(), to: to.to_owned() })
            }
            RuleError::Insufficient { needed, available, .. } => {
                DomainErrorCode::Insufficient(Insufficient { needed, available })
            }
            RuleError::Hidden { .. } => DomainErrorCode::NotFound,
            RuleError::NotOwner { .. } => DomainErrorCode::Forbidden,
        };
        DomainError::new(code, message)
    }
}

impl From<AssetAccessPolicy> for module_assets::Policy {
    fn from(policy: AssetAccessPolicy) -> Self {
        match policy {
            AssetAccessPolicy::Private => module_assets::Policy::Private,
            AssetAccessPolicy::Signed => module_assets::Policy::Signed,
            AssetAccessPolicy::Public => module_assets::Policy::Public,
        }
    }
}

impl From<AssetStatus> for module_assets::Status {
    fn from(status: AssetStatus) -> Self {
        match status {
            AssetStatus::Pending => module_assets::Status::Pending,
            AssetStatus::Confirmed => module_assets::Status::Confirmed,
            AssetStatus::Deleted => module_assets::Status::Deleted,
        }
    }
}
