//! What a login needs to remember between two requests. It lies in the game module, so that the second request may
//! reach another facade.

use worldloom_client::{LoginThrottleRule, LoginThrottled, LoginTicketIssue, LoginTicketRequest, LoginTicketTaking};

use super::error::LoginError;
use super::secrets::digest;
use crate::node_client::NodeClient;

pub use worldloom_client::{LoginTicketContent as Content, LoginTicketTaking as Taking};

/// Remembers tickets and gives each out once. Clones share the connection.
#[derive(Clone)]
pub struct Tickets {
    node: NodeClient,
}

/// A ticket to remember.
pub struct NewTicket<'a> {
    /// What the ticket is known by: a secret, of which only the hash is kept.
    pub name: &'a str,
    /// SHA-256 of what it is taken with.
    pub secret_hash: String,
    /// What it is for.
    pub content: Content,
    /// How often its secret may be tried.
    pub attempts: u8,
    /// How long it lives, in seconds.
    pub life_s: u32,
    /// What issuing it counts against.
    pub throttles: Vec<LoginThrottleRule>,
}

impl Tickets {
    /// Tickets in the module behind this connection.
    pub fn new(node: NodeClient) -> Self {
        Self { node }
    }

    /// Remembers a ticket.
    pub async fn issue(&self, ticket: NewTicket<'_>) -> Result<(), LoginError> {
        let request = LoginTicketRequest {
            ticket_hash: digest(ticket.name),
            secret_hash: ticket.secret_hash,
            content: ticket.content,
            attempts: ticket.attempts,
            life_s: ticket.life_s,
            throttles: ticket.throttles,
        };
        match self.node.issue_login_ticket(request).await? {
            LoginTicketIssue::Issued(_) => Ok(()),
            LoginTicketIssue::Throttled(LoginThrottled { retry_after_s }) => {
                Err(LoginError::Throttled { retry_after_s })
            }
        }
    }

    /// Gives a ticket out and forgets it.
    pub async fn take(&self, name: &str, secret_hash: String) -> Result<LoginTicketTaking, LoginError> {
        self.node.take_login_ticket(digest(name), secret_hash).await.map_err(|error| {
            // It may have been given out, and is not given out twice.
            let may_be_taken = error.is_outcome_unknown();
            let error = LoginError::from(error);
            if may_be_taken { error.with_spent_proof() } else { error }
        })
    }
}
