//! The procedures of the module by which players log in, stay logged in and log out.

use spacetimedb_sdk::Identity;
use worldloom_client::{
    LogInRequest, LoginOutcome, LoginProof, LoginSession, LoginTicketIssue, LoginTicketRequest, LoginTicketTaking,
    PlayerAccount, PlayerLogin, RefreshOutcome, RefreshRequest, close_account_and_return, end_login_session_and_return,
    end_login_session_of_token_and_return, end_login_sessions_and_return, issue_login_ticket_and_return,
    link_login_and_return, list_login_sessions_and_return, list_logins_and_return, log_in_and_return,
    rotate_refresh_token_and_return, take_login_ticket_and_return, unlink_login_and_return,
};

use super::procedures::call;
use super::{CallError, NodeClient, sdk_uuid};

impl NodeClient {
    /// Logs somebody in whom a provider has vouched for.
    pub async fn log_in(&self, request: LogInRequest) -> Result<LoginOutcome, CallError> {
        call!(self, log_in_and_return, log_in_and_return_then, request)
    }

    /// Spends a refresh token.
    pub async fn rotate_refresh_token(&self, request: RefreshRequest) -> Result<RefreshOutcome, CallError> {
        call!(self, rotate_refresh_token_and_return, rotate_refresh_token_and_return_then, request)
    }

    /// Ends the login that a refresh token belongs to, if it has not ended.
    pub async fn end_login_session_of_token(&self, token_hash: String) -> Result<(), CallError> {
        let ended: Result<LoginSession, _> =
            call!(self, end_login_session_of_token_and_return, end_login_session_of_token_and_return_then, token_hash);
        match ended {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }

    /// Logs `player` out on one device.
    pub async fn end_login_session(&self, player: Identity, session_id: uuid::Uuid) -> Result<LoginSession, CallError> {
        let session_id = sdk_uuid(session_id);
        call!(self, end_login_session_and_return, end_login_session_and_return_then, Some(player), session_id)
    }

    /// Logs `player` out everywhere.
    pub async fn end_login_sessions(&self, player: Identity) -> Result<Vec<LoginSession>, CallError> {
        call!(self, end_login_sessions_and_return, end_login_sessions_and_return_then, Some(player))
    }

    /// The devices on which `player` is logged in.
    pub async fn list_login_sessions(&self, player: Identity) -> Result<Vec<LoginSession>, CallError> {
        call!(self, list_login_sessions_and_return, list_login_sessions_and_return_then, Some(player))
    }

    /// The logins that lead to the account of `player`.
    pub async fn list_logins(&self, player: Identity) -> Result<Vec<PlayerLogin>, CallError> {
        call!(self, list_logins_and_return, list_logins_and_return_then, Some(player))
    }

    /// Links a login to the account of `player`.
    pub async fn link_login(&self, player: Identity, proof: LoginProof) -> Result<PlayerLogin, CallError> {
        call!(self, link_login_and_return, link_login_and_return_then, player, proof)
    }

    /// Takes a login away from the account of `player`.
    pub async fn unlink_login(&self, player: Identity, login_id: u64) -> Result<PlayerLogin, CallError> {
        call!(self, unlink_login_and_return, unlink_login_and_return_then, Some(player), login_id)
    }

    /// Closes the account of `player`.
    pub async fn close_account(&self, player: Identity) -> Result<PlayerAccount, CallError> {
        call!(self, close_account_and_return, close_account_and_return_then, Some(player))
    }

    /// Remembers a ticket.
    pub async fn issue_login_ticket(&self, request: LoginTicketRequest) -> Result<LoginTicketIssue, CallError> {
        call!(self, issue_login_ticket_and_return, issue_login_ticket_and_return_then, request)
    }

    /// Gives a ticket out and forgets it.
    pub async fn take_login_ticket(
        &self,
        ticket_hash: String,
        secret_hash: String,
    ) -> Result<LoginTicketTaking, CallError> {
        call!(self, take_login_ticket_and_return, take_login_ticket_and_return_then, ticket_hash, secret_hash)
    }
}
