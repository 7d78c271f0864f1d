//! Roles that a token claims, and which of them count.
//!
//! The engine has checked the token's signature when the connection was made. A connection may outlive its token,
//! so the token's end is looked at here, in each call.

use serde_json::Value;

use crate::{Role, RoleSet};

/// Clocks of issuer and node may differ by this much; the node grants the same.
const LEEWAY_S: i64 = 60;

/// What a token says about its holder's roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleClaims {
    /// Who signed the token.
    pub issuer: String,
    /// When, in seconds since 1970.
    pub issued_at_s: i64,
    /// When it ends, in seconds since 1970.
    pub expires_at_s: i64,
    /// The roles that it names and that exist here.
    pub roles: Vec<Role>,
}

impl RoleClaims {
    /// Reads a token's payload. `None` unless it names a known role, its issuer and both its times: a role without
    /// an end would outlive its revocation at the issuer.
    pub fn read(payload: &str) -> Option<RoleClaims> {
        let claims: Value = serde_json::from_str(payload).ok()?;
        let roles = claims["roles"].as_array()?;
        let roles: Vec<_> = roles.iter().filter_map(|role| Role::from_claim(role.as_str()?)).collect();
        let seconds = |claim: &str| claims[claim].as_f64().map(|seconds| seconds as i64);
        let (issued_at_s, expires_at_s) = (seconds("iat")?, seconds("exp")?);
        let issuer = claims["iss"].as_str()?.to_owned();
        (!roles.is_empty()).then_some(RoleClaims { issuer, issued_at_s, expires_at_s, roles })
    }

    /// The claimed roles that count: `allowed` to this issuer, not run out, and not revoked since the token was
    /// signed, or less than a minute before.
    ///
    /// `revoked_at_s` tells when a role was last revoked from the token's holder, if ever.
    pub fn counted(&self, allowed: RoleSet, now_s: i64, revoked_at_s: impl Fn(Role) -> Option<i64>) -> RoleSet {
        if now_s > self.expires_at_s.saturating_add(LEEWAY_S) {
            return RoleSet::NONE;
        }
        // With the issuer's clock ahead, a token from before the revocation says that it is from after it.
        let is_later = |revoked_at: i64| self.issued_at_s > revoked_at.saturating_add(LEEWAY_S);
        let stands = |role: &Role| revoked_at_s(*role).is_none_or(is_later);
        self.roles.iter().copied().filter(|role| allowed.has(*role)).filter(stands).collect()
    }
}
