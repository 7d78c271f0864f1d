//! Checks a player's token, the node's or the facade's own, and gives the identity that the node gives for it.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use spacetimedb_sdk::Identity;
use std::sync::Arc;

use super::node_key::NodeKey;
use super::verified_tokens::{Verified, VerifiedTokens};
use crate::identity::access_tokens::AccessTokens;
use crate::problem::{Problem, ProblemCode};

/// The node's own limit on issuer and subject.
const CLAIM_BYTES_MAX: usize = 128;
/// Longer ones are refused before any work is done on them.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Why a token is not taken. None of these texts holds anything from the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is no ES256 JWT with the claims that the node writes.
    #[error("The token is not one that the node issues, nor this facade. Log in for a new one.")]
    Malformed,
    /// It is signed with another key.
    #[error("The token's signature does not fit its issuer's key. Log in for a new one.")]
    Forged,
    /// It names another issuer.
    #[error("The token comes from another issuer. Log in to this game for one.")]
    Foreign,
    /// Its time is over.
    #[error("The token has expired. Refresh it, or log in again.")]
    Expired,
    /// The node could not be asked for its key.
    #[error("The node cannot be asked for its key; nothing was done. Try again in a moment.")]
    KeyUnavailable,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    // Tokens without an end carry no `exp`, or, from older nodes, a null.
    exp: Option<u64>,
    hex_identity: Option<String>,
}

/// Verifies the tokens of the node and of the facade itself. Clones share the keys.
#[derive(Clone)]
pub struct TokenVerifier {
    issuer: Arc<str>,
    key: NodeKey,
    own: AccessTokens,
    verified: VerifiedTokens,
}

/// Good for choosing a key and for nothing else.
#[derive(Deserialize)]
struct UnverifiedIssuer {
    iss: String,
}

impl TokenVerifier {
    /// Takes tokens of this issuer, signed with this key, and the facade's own.
    pub fn new(issuer: &str, key: NodeKey, own: AccessTokens) -> Self {
        token_signatures::install();
        Self { issuer: issuer.into(), key, own, verified: VerifiedTokens::default() }
    }

    /// The identity that the token proves.
    pub async fn verify(&self, token: &str) -> Result<Identity, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Malformed);
        }
        let now_s = jsonwebtoken::get_current_timestamp();
        if let Some(verified) = self.verified.recall(token, now_s) {
            return Ok(verified.identity);
        }
        let verified = self.check(token).await?;
        self.verified.remember(token, verified, now_s);
        Ok(verified.identity)
    }

    async fn check(&self, token: &str) -> Result<Verified, TokenError> {
        // Before the key is asked for, so that rubbish never makes the facade call the node.
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
        if header.alg != Algorithm::ES256 {
            return Err(TokenError::Malformed);
        }
        let unverified = jsonwebtoken::dangerous::insecure_decode::<UnverifiedIssuer>(token);
        if unverified.is_ok_and(|token| token.claims.iss == self.own.issuer()) {
            return self.own.verify(token);
        }
        let key = self.key.known().await.ok_or(TokenError::KeyUnavailable)?;
        match self.verify_with(token, &key) {
            // The node may have been set up anew since its key was fetched.
            Err(TokenError::Forged) => match self.key.newer_than(&key).await {
                Some(key) => {
                    self.verified.forget();
                    self.verify_with(token, &key)
                }
                None => Err(TokenError::Forged),
            },
            outcome => outcome,
        }
    }

    fn verify_with(&self, token: &str, key: &DecodingKey) -> Result<Verified, TokenError> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.required_spec_claims.clear();
        // Checked below: the library refuses the null that older nodes write.
        validation.validate_exp = false;
        // The node writes the same audience into every token and checks none.
        validation.validate_aud = false;
        let claims = decode::<Claims>(token, key, &validation).map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => TokenError::Forged,
            _ => TokenError::Malformed,
        })?;
        self.verified_by(&claims.claims)
    }

    fn verified_by(&self, claims: &Claims) -> Result<Verified, TokenError> {
        if claims.iss != *self.issuer {
            return Err(TokenError::Foreign);
        }
        if claims.sub.is_empty() || claims.sub.len() > CLAIM_BYTES_MAX {
            return Err(TokenError::Malformed);
        }
        let identity = Identity::from_claims(&claims.iss, &claims.sub);
        let verified = Verified { identity, expires_at_s: claims.exp };
        if verified.has_expired(jsonwebtoken::get_current_timestamp()) {
            return Err(TokenError::Expired);
        }
        match &claims.hex_identity {
            Some(hex) if *hex != identity.to_hex().to_string() => Err(TokenError::Malformed),
            _ => Ok(verified),
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Malformed | TokenError::Forged | TokenError::Foreign | TokenError::Expired => {
                Self::token_invalid(error.to_string())
            }
            TokenError::KeyUnavailable => Self::new(ProblemCode::NodeUnavailable, error.to_string()).retry_after_s(2),
        }
    }
}
