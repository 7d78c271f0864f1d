//! Logging in, staying logged in, and logging out: the game module's word, made into tokens.

use secrecy::{ExposeSecret, SecretString};
use spacetimedb_sdk::Identity;
use uuid::Uuid;
use worldloom_client::{
    AccessRole, LogInRequest, LoginOutcome, LoginProof, LoginSession, LoginThrottleRule, LoginThrottled, PlayerLogin,
    RefreshOutcome, RefreshRequest,
};

use super::access_tokens::{AccessTokens, Holder};
use super::error::LoginError;
use super::secrets::{derived, digest, fresh, is_strong};
use crate::node_client::NodeClient;

/// New accounts from one address in an hour; a school or a carrier has one address for many.
const ACCOUNTS_PER_ADDRESS_HOUR: u32 = 120;
const HOUR_S: u32 = 60 * 60;

const REFUSED: LoginError = LoginError::Refused("This refresh token is not valid. Log in again.");

/// Turns logins into tokens. Clones share the connection and the keys.
#[derive(Clone)]
pub struct Sessions {
    node: NodeClient,
    tokens: AccessTokens,
}

/// What a client gets for a login or a refresh.
pub struct Tokens {
    /// Opens the facade and the node.
    pub access_token: String,
    /// Gets the next access token.
    pub refresh_token: SecretString,
    /// The player.
    pub player: Identity,
    /// Id of the account: the subject of the access token.
    pub account_id: Uuid,
    /// The login on this device.
    pub session_id: Uuid,
    /// Roles that are granted to the player.
    pub roles: Vec<AccessRole>,
}

impl Sessions {
    /// Sessions in the module behind this connection.
    pub fn new(node: NodeClient, tokens: AccessTokens) -> Self {
        Self { node, tokens }
    }

    /// Logs somebody in whom a provider has vouched for. Tells as well whether this made the account.
    pub async fn log_in(
        &self,
        proof: LoginProof,
        device_name: &str,
        address_key: &str,
    ) -> Result<(Tokens, bool), LoginError> {
        let refresh_token = fresh();
        let accounts = LoginThrottleRule {
            key: format!("account-address:{address_key}"),
            uses_max: ACCOUNTS_PER_ADDRESS_HOUR,
            window_s: HOUR_S,
        };
        let request = LogInRequest {
            issuer: self.tokens.issuer().to_owned(),
            proof,
            device_name: device_name.to_owned(),
            token_hash: digest(refresh_token.expose_secret()),
            throttles: vec![accounts],
        };
        let grant = match self.node.log_in(request).await? {
            LoginOutcome::Granted(grant) => grant,
            LoginOutcome::Throttled(LoginThrottled { retry_after_s }) => {
                return Err(LoginError::Throttled { retry_after_s });
            }
        };
        let account_id = grant.account_id.to_uuid();
        let tokens = self.tokens_for(account_id, &grant.session, grant.roles, refresh_token)?;
        Ok((tokens, grant.is_new_account))
    }

    /// Spends a refresh token for its successor.
    ///
    /// The successor is made from the token and a salt that the module keeps. So a client that never got the answer
    /// gets the very same successor when it asks again, and what the module keeps gives nobody a token.
    pub async fn refresh(&self, token: &SecretString) -> Result<Tokens, LoginError> {
        if !is_strong(token.expose_secret()) {
            return Err(REFUSED);
        }
        let salt = digest(fresh().expose_secret());
        let request = RefreshRequest {
            token_hash: digest(token.expose_secret()),
            successor_hash: digest(&derived(token.expose_secret(), &salt)),
            salt,
        };
        match self.node.rotate_refresh_token(request).await? {
            RefreshOutcome::Refreshed(grant) => {
                let successor = SecretString::from(derived(token.expose_secret(), &grant.salt));
                self.tokens_for(grant.account_id.to_uuid(), &grant.session, grant.roles, successor)
            }
            RefreshOutcome::Replayed(session) => {
                tracing::warn!(session = %session.session_id, "A spent refresh token was presented; its login is ended");
                Err(REFUSED)
            }
            RefreshOutcome::Unknown => Err(REFUSED),
        }
    }

    /// Logs out on the device that holds this token. It is no error that it is logged out already.
    pub async fn log_out(&self, token: &SecretString) -> Result<(), LoginError> {
        Ok(self.node.end_login_session_of_token(digest(token.expose_secret())).await?)
    }

    /// Errors: [`LoginError::NoAccount`]; `account_closed` of the module.
    pub async fn check_account(&self, player: Identity) -> Result<(), LoginError> {
        // An account always has a login: the last one cannot be taken away.
        if self.node.list_logins(player).await?.is_empty() { Err(LoginError::NoAccount) } else { Ok(()) }
    }

    /// Links a login to a player's account.
    pub async fn link(&self, player: Identity, proof: LoginProof) -> Result<PlayerLogin, LoginError> {
        Ok(self.node.link_login(player, proof).await?)
    }

    fn tokens_for(
        &self,
        account_id: Uuid,
        session: &LoginSession,
        roles: Vec<AccessRole>,
        refresh_token: SecretString,
    ) -> Result<Tokens, LoginError> {
        let (player, session_id) = (session.player, session.session_id.to_uuid());
        if self.tokens.identity(account_id) != player {
            // A token would make its holder somebody else.
            tracing::error!("identity.public_url is not what it was when this account was made: set it back");
            return Err(LoginError::IssuerChanged);
        }
        let holder = Holder { account_id, session_id, roles: roles.clone() };
        let access_token = self.tokens.sign(&holder, jsonwebtoken::get_current_timestamp())?;
        Ok(Tokens { access_token, refresh_token, player, account_id, session_id, roles })
    }
}
