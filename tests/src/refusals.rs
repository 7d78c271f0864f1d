//! The refusals that tests expect, in the shape in which a client gets them.

use worldloom_client::{Conflict, DomainErrorCode, IllegalTransition, Insufficient, InvalidArgument, LimitExceeded};

/// Something stands otherwise than the caller believed.
pub fn conflict(expected: &str, actual: &str) -> DomainErrorCode {
    DomainErrorCode::Conflict(Conflict { expected: expected.to_owned(), actual: actual.to_owned() })
}

/// Nothing leads from one state to the other.
pub fn illegal(from: &str, to: &str) -> DomainErrorCode {
    DomainErrorCode::IllegalTransition(IllegalTransition { from: from.to_owned(), to: to.to_owned() })
}

/// There is less than is needed.
pub const fn insufficient(needed: u64, available: u64) -> DomainErrorCode {
    DomainErrorCode::Insufficient(Insufficient { needed, available })
}

/// An argument is not what it should be.
pub fn invalid(field: &str) -> DomainErrorCode {
    DomainErrorCode::InvalidArgument(InvalidArgument { field: field.to_owned() })
}

/// Something is above its limit.
pub const fn above(limit: u64) -> DomainErrorCode {
    DomainErrorCode::LimitExceeded(LimitExceeded { limit })
}
