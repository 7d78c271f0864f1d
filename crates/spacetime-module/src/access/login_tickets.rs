//! One-time tickets: what a login needs to remember between two requests, in whichever facade they arrive.
//!
//! A ticket is known by the hash of something secret, and taken with the hash of a second secret: a browser's
//! cookie, an app's verifier, a code on a phone. Neither secret is stored.

use spacetimedb::TimeDuration;

use crate::*;

/// What a ticket is for.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub enum LoginTicketContent {
    /// A browser is on its way to a provider and back.
    Redirect(LoginRedirect),
    /// A provider has vouched for somebody, who has yet to prove that it is the one who asked.
    Proof(LoginProof),
}

/// Where a browser that comes back from a provider goes on to.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct LoginRedirect {
    /// The provider.
    pub provider: String,
    /// Address of the client, checked against the facade's list.
    pub redirect_uri: String,
    /// The client's own state, given back to it unread.
    pub client_state: String,
    /// SHA-256 of the verifier with which the client will ask for the login.
    pub code_challenge: String,
}

/// An account at a provider.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct LoginProof {
    /// The provider.
    pub provider: String,
    /// The account's name there.
    pub subject: String,
}

/// Something to remember for a while, and to give out once.
#[table(accessor = login_ticket)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginTicket {
    /// SHA-256 of what the ticket is known by.
    #[primary_key]
    pub ticket_hash: String,
    /// SHA-256 of what it is taken with.
    pub secret_hash: String,
    /// What it is for.
    pub content: LoginTicketContent,
    /// Wrong secrets that are still put up with.
    pub attempts_left: u8,
    /// When it lapses.
    #[index(btree)]
    pub expires_at: Timestamp,
}

/// A ticket to remember.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct LoginTicketRequest {
    /// SHA-256 of what it is known by, 64 lower-case hexadecimal digits.
    pub ticket_hash: String,
    /// SHA-256 of what it is taken with.
    pub secret_hash: String,
    /// What it is for.
    pub content: LoginTicketContent,
    /// How often its secret may be tried; up to 10.
    pub attempts: u8,
    /// How long it lives, in seconds; up to an hour.
    pub life_s: u32,
    /// What issuing it counts against.
    pub throttles: Vec<LoginThrottleRule>,
}

/// What came of the wish for a ticket.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub enum LoginTicketIssue {
    /// It is there.
    Issued(LoginTicket),
    /// Too many were asked for.
    Throttled(LoginThrottled),
}

/// What came of taking a ticket.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub enum LoginTicketTaking {
    /// Here it is, for the first and last time.
    Taken(LoginTicketContent),
    /// The secret is another one; the number of attempts that are left.
    Refused(u8),
    /// There is no such ticket, or no longer.
    Unknown,
}

/// Remembers a ticket. For the Service.
///
/// Errors: `unauthenticated`, `forbidden`, `invalid_argument`, `limit_exceeded`, `conflict` if there is one already.
#[procedure]
pub fn issue_login_ticket_and_return(
    ctx: &mut ProcedureContext,
    request: LoginTicketRequest,
) -> Result<LoginTicketIssue, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, SERVICE, None)?;
        issue_ticket(tx, &request)
    })
}

/// Gives a ticket out and forgets it, if the secret is right. A wrong secret uses up an attempt. For the Service.
///
/// Errors: `unauthenticated`, `forbidden`.
#[procedure]
pub fn take_login_ticket_and_return(
    ctx: &mut ProcedureContext,
    ticket_hash: String,
    secret_hash: String,
) -> Result<LoginTicketTaking, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, SERVICE, None)?;
        Ok(take_ticket(tx, &ticket_hash, &secret_hash))
    })
}

fn issue_ticket(ctx: &ReducerContext, request: &LoginTicketRequest) -> Result<LoginTicketIssue, DomainError> {
    module_access::check_digest(&request.ticket_hash)?;
    module_access::check_digest(&request.secret_hash)?;
    module_access::check_ticket(request.life_s, request.attempts)?;
    check_content(&request.content)?;
    if let Err(throttled) = spend_throttles(ctx, &request.throttles)? {
        return Ok(LoginTicketIssue::Throttled(throttled));
    }
    let life = TimeDuration::from_micros(i64::from(request.life_s) * 1_000_000);
    let ticket = LoginTicket {
        ticket_hash: request.ticket_hash.clone(),
        secret_hash: request.secret_hash.clone(),
        content: request.content.clone(),
        attempts_left: request.attempts,
        expires_at: ctx.timestamp.checked_add(life).unwrap_or(ctx.timestamp),
    };
    ensure_login_sweep(ctx)?;
    let taken = |_| DomainError::conflict("a fresh ticket", "one that is in use", "This ticket is in use already.");
    let ticket = ctx.db.login_ticket().try_insert(ticket).map_err(taken)?;
    Ok(LoginTicketIssue::Issued(ticket))
}

fn check_content(content: &LoginTicketContent) -> Result<(), DomainError> {
    match content {
        LoginTicketContent::Redirect(redirect) => {
            module_access::check_provider(&redirect.provider)?;
            module_access::check_text(&redirect.redirect_uri)?;
            module_access::check_text(&redirect.client_state)?;
            module_access::check_digest(&redirect.code_challenge)?;
        }
        LoginTicketContent::Proof(proof) => {
            module_access::check_provider(&proof.provider)?;
            module_access::check_subject(&proof.subject)?;
        }
    }
    Ok(())
}

fn take_ticket(ctx: &ReducerContext, ticket_hash: &str, secret_hash: &str) -> LoginTicketTaking {
    let tickets = ctx.db.login_ticket();
    let known = tickets.ticket_hash().find(ticket_hash.to_owned());
    let Some(ticket) = known.filter(|ticket| ctx.timestamp < ticket.expires_at) else {
        return LoginTicketTaking::Unknown;
    };
    // Both are hashes, so the time that the comparison takes tells nothing of the secret.
    if ticket.secret_hash == secret_hash {
        tickets.ticket_hash().delete(ticket.ticket_hash);
        return LoginTicketTaking::Taken(ticket.content);
    }
    let attempts_left = ticket.attempts_left.saturating_sub(1);
    if attempts_left == 0 {
        tickets.ticket_hash().delete(ticket.ticket_hash);
    } else {
        tickets.ticket_hash().update(LoginTicket { attempts_left, ..ticket });
    }
    LoginTicketTaking::Refused(attempts_left)
}
