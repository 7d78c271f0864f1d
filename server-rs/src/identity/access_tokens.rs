//! The facade as an issuer: access tokens that open the facade and the node alike.

use std::sync::Arc;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use spacetimedb_sdk::Identity;
use uuid::Uuid;
use worldloom_client::AccessRole;

use super::keys::KeyRing;
use crate::auth::{LEEWAY_S, TokenError, Verified};

/// Life of an access token: 15 minutes.
pub const ACCESS_TOKEN_LIFE_S: u64 = 15 * 60;
/// Of the media type of RFC 9068, so that no other token of this issuer passes as an access token.
const TYPE: &str = "at+jwt";

/// Signs and checks players' access tokens. Clones share the keys.
#[derive(Clone)]
pub struct AccessTokens {
    issuer: Arc<str>,
    audience: Arc<str>,
    keys: KeyRing,
}

/// Who a token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Id of the account.
    pub account_id: Uuid,
    /// The login that the token came from.
    pub session_id: Uuid,
    /// Roles that the token claims.
    pub roles: Vec<AccessRole>,
}

/// What a token says.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    iat: u64,
    exp: u64,
    jti: Uuid,
    sid: Uuid,
    roles: Vec<String>,
}

/// Why no token was signed. A fault of the service.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The key folder has been emptied under the facade.
    #[error("there is no key to sign with")]
    NoKey,
    /// The library refused.
    #[error("a token cannot be signed: {0}")]
    Refused(#[from] jsonwebtoken::errors::Error),
}

impl AccessTokens {
    /// Issues under this name, for this audience, with these keys.
    pub fn new(issuer: &str, audience: &str, keys: KeyRing) -> Self {
        Self { issuer: issuer.into(), audience: audience.into(), keys }
    }

    /// The name as an issuer: the `iss` of the tokens, and a part of every player's identity.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The keys.
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// The identity that the node gives to the holder of a token for this account.
    pub fn identity(&self, account_id: Uuid) -> Identity {
        Identity::from_claims(&self.issuer, &account_id.to_string())
    }

    /// A token that is good from `now_s` on.
    pub fn sign(&self, holder: &Holder, now_s: u64) -> Result<String, SigningError> {
        let claims = Claims {
            iss: self.issuer.to_string(),
            sub: holder.account_id.to_string(),
            aud: self.audience.to_string(),
            iat: now_s,
            exp: now_s + ACCESS_TOKEN_LIFE_S,
            jti: Uuid::new_v4(),
            sid: holder.session_id,
            roles: holder.roles.iter().map(|role| role_name(*role).to_owned()).collect(),
        };
        let sign = |key: &super::keys::Key| {
            let header =
                Header { typ: Some(TYPE.to_owned()), kid: Some(key.id.clone()), ..Header::new(Algorithm::ES256) };
            jsonwebtoken::encode(&header, &claims, &key.private)
        };
        Ok(self.keys.with_signing(now_s, sign).ok_or(SigningError::NoKey)??)
    }

    /// Checks a token that names this issuer.
    pub fn verify(&self, token: &str) -> Result<Verified, TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
        if header.alg != Algorithm::ES256 || header.typ.as_deref() != Some(TYPE) {
            return Err(TokenError::Malformed);
        }
        let id = header.kid.ok_or(TokenError::Malformed)?;
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.leeway = LEEWAY_S;
        let decoded = self.keys.with_key(&id, |key| jsonwebtoken::decode::<Claims>(token, &key.public, &validation));
        let claims = decoded.ok_or(TokenError::Forged)?.map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => TokenError::Forged,
            ErrorKind::ExpiredSignature => TokenError::Expired,
            ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience => TokenError::Foreign,
            _ => TokenError::Malformed,
        })?;
        let account_id = claims.claims.sub.parse().map_err(|_| TokenError::Malformed)?;
        Ok(Verified { identity: self.identity(account_id), expires_at_s: Some(claims.claims.exp) })
    }
}

/// A role as tokens name it.
pub fn role_name(role: AccessRole) -> &'static str {
    match role {
        AccessRole::Service => "service",
        AccessRole::Moderator => "moderator",
        AccessRole::Operator => "operator",
        AccessRole::Admin => "admin",
    }
}
