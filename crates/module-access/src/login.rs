//! Logins: how a provider's account is named, and when one may be linked to a player or taken away.

use module_rules::{RuleError, TextRule, check_limit};

use crate::AccessError;

/// The most logins that lead to one account.
pub const LOGINS_MAX: usize = 16;
/// The longest life of a ticket in seconds.
pub const TICKET_LIFE_S_MAX: u32 = 60 * 60;
/// The most attempts at a ticket's secret.
pub const TICKET_ATTEMPTS_MAX: u8 = 10;

const PROVIDER: TextRule = TextRule::key("provider", "The length of `provider` in bytes", 32);
const SUBJECT: TextRule = TextRule {
    field: "subject",
    length: "The length of `subject` in bytes",
    // What OpenID Connect allows.
    length_max: 255,
    rule: "use visible characters",
    accepts: |subject| !subject.chars().any(|letter| letter.is_control() || letter.is_whitespace()),
};
const DEVICE_NAME: TextRule = TextRule {
    field: "device_name",
    length: "The length of `device_name` in bytes",
    length_max: 128,
    rule: "use printable characters",
    accepts: |name| !name.chars().any(char::is_control),
};
const DIGEST: TextRule = TextRule::sha256("hash", "The length of a hash in bytes");
const ISSUER: TextRule = TextRule {
    field: "issuer",
    length: "The length of `issuer` in bytes",
    // The node's limit on the claim.
    length_max: 128,
    rule: "use the issuer exactly as its tokens name it",
    accepts: |issuer| issuer.bytes().all(|byte| byte.is_ascii_graphic()),
};
const TEXT: TextRule = TextRule {
    field: "text",
    length: "The length of a ticket's text in bytes",
    length_max: 2_048,
    rule: "use visible ASCII characters",
    accepts: |text| text.bytes().all(|byte| byte.is_ascii_graphic()),
};

/// Errors: `AboveLimit`, `Malformed`.
pub fn check_provider(provider: &str) -> Result<(), RuleError> {
    PROVIDER.check(provider)
}

/// Errors: `AboveLimit`, `Malformed`.
pub fn check_subject(subject: &str) -> Result<(), RuleError> {
    SUBJECT.check(subject)
}

/// Errors: `AboveLimit`, `Malformed`. A device may have no name.
pub fn check_device_name(name: &str) -> Result<(), RuleError> {
    DEVICE_NAME.check_optional(name)
}

/// Errors: `AboveLimit`, `Malformed` unless it is a SHA-256 as this module stores it.
pub fn check_digest(digest: &str) -> Result<(), RuleError> {
    DIGEST.check(digest)
}

/// Errors: `AboveLimit`, `Malformed`.
pub fn check_issuer(issuer: &str) -> Result<(), RuleError> {
    ISSUER.check(issuer)
}

/// Checks a text that a ticket carries for the facade; it may be empty.
///
/// Errors: `AboveLimit`, `Malformed`.
pub fn check_text(text: &str) -> Result<(), RuleError> {
    TEXT.check_optional(text)
}

/// Errors: `AboveLimit` if a ticket would live too long or may be tried too often.
pub fn check_ticket(life_s: u32, attempts: u8) -> Result<(), RuleError> {
    check_limit("The life of a ticket in seconds", TICKET_LIFE_S_MAX.into(), life_s.into())?;
    check_limit("The attempts at a ticket", TICKET_ATTEMPTS_MAX.into(), attempts.into())
}

/// Decides whether `player`, who has `logins`, may add one that leads to `held_by` at present.
///
/// Errors: [`AccessError::LoginTaken`], [`AccessError::TooManyLogins`].
pub fn check_link<P: PartialEq>(player: P, held_by: Option<P>, logins: usize) -> Result<(), AccessError> {
    match held_by {
        Some(holder) if holder != player => Err(AccessError::LoginTaken),
        Some(_) => Ok(()),
        None if logins >= LOGINS_MAX => Err(AccessError::TooManyLogins),
        None => Ok(()),
    }
}

/// Decides whether one of an account's `logins` may be taken away.
///
/// Errors: [`AccessError::LastLogin`].
pub fn check_unlink(logins: usize) -> Result<(), AccessError> {
    if logins <= 1 { Err(AccessError::LastLogin) } else { Ok(()) }
}
