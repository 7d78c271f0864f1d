//! Signing and checking tokens.
//!
//! A token is accepted when the node's own key signed it, or when an issuer that the
//! configuration lists did. Keys of outside issuers come by OIDC discovery and are cached by
//! the engine's validator; only listed addresses are ever fetched.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::HeaderValue;
use quick_cache::sync::Cache;
use spacetimedb_auth::identity::{ConnectionAuthCtx, IncomingClaims, SpacetimeIdentityClaims};
use spacetimedb_core::auth::JwtKeys;
use spacetimedb_core::auth::token_validation::{
    CachingOidcTokenValidator, OidcTokenValidator, TokenSigner, TokenValidationError, TokenValidator,
};
use spacetimedb_lib::Identity;
use uuid::Uuid;

use crate::config::{AuthConfig, TrustedIssuer};

/// Longest token that is looked at, in bytes.
const TOKEN_MAX_BYTES: usize = 16 * 1024;
/// Tokens whose verification is remembered.
const REMEMBERED_TOKENS: usize = 10_000;
/// How long a verification is remembered. A key withdrawn by its issuer lives on for that long after the engine, which
/// fetches keys every five minutes, has noticed.
const REMEMBERED_FOR: Duration = Duration::from_secs(60);
/// Clock difference allowed between the node and an issuer.
const LEEWAY: Duration = Duration::from_secs(60);
/// Life of the tokens that open a WebSocket.
const WEBSOCKET_TOKEN_LIFE: Duration = Duration::from_secs(60);
/// The claim of such a token that tells when the token ends that it was made from, in seconds since 1970; null if never.
const STANDS_UNTIL: &str = "stands_until";

/// A token whose signature and claims hold.
#[derive(Debug)]
pub struct VerifiedToken {
    /// Who the token speaks for.
    pub identity: Identity,
    /// The claims, as modules see them.
    pub auth: ConnectionAuthCtx,
    /// The claims, for signing them anew.
    pub claims: SpacetimeIdentityClaims,
    /// When the token ends for modules: one that only opens a WebSocket stands for another, which ends later.
    ends: Option<SystemTime>,
    /// The token itself; never log it.
    pub token: Arc<str>,
    /// The identity in hexadecimal and the token, as response headers.
    pub headers: Option<(HeaderValue, HeaderValue)>,
    checked_at: SystemTime,
}

/// Why a token was refused. The sentences name no part of the token.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// It is no token at all, or the signature or a required claim is wrong.
    #[error("The token is not valid ({0}); ask its issuer for a new one.")]
    Invalid(&'static str),
    /// It has expired.
    #[error("The token has expired; ask its issuer for a new one.")]
    Expired,
    /// Its issuer is not on the list.
    #[error("This node does not accept tokens of that issuer; its operator can add it to `auth.trusted-issuers`.")]
    UntrustedIssuer,
    /// It was made for somebody else.
    #[error("The token was made for another audience; ask for one for this service.")]
    WrongAudience,
    /// Nobody knows: its issuer could not be asked. A client that takes this for a refusal would log its player out.
    #[error("The keys of the token's issuer could not be fetched; try again.")]
    IssuerUnavailable,
    /// Signing failed.
    #[error("The node could not sign a token: {0}")]
    Signing(String),
}

/// Signs the node's tokens and checks everybody's.
pub struct TokenAuthority {
    keys: JwtKeys,
    config: AuthConfig,
    outside: CachingOidcTokenValidator,
    remembered: Cache<[u8; 32], Arc<VerifiedToken>>,
}

impl TokenAuthority {
    /// An authority over the node's keys.
    pub fn new(keys: JwtKeys, config: AuthConfig) -> Self {
        token_signatures::install();
        let outside = CachingOidcTokenValidator::get_default();
        Self { keys, config, outside, remembered: Cache::new(REMEMBERED_TOKENS) }
    }

    /// The node's key pair.
    pub fn keys(&self) -> &JwtKeys {
        &self.keys
    }

    /// A new identity with a token that never expires.
    pub fn mint(&self) -> Result<VerifiedToken, AuthError> {
        let subject = Uuid::new_v4().to_string();
        let claims = SpacetimeIdentityClaims {
            identity: Identity::from_claims(&self.config.issuer, &subject),
            subject: subject.into(),
            issuer: self.config.issuer.clone(),
            audience: ["spacetimedb".into()].into(),
            iat: SystemTime::now(),
            exp: None,
            extra: None,
        };
        let token = self.sign(&claims)?;
        VerifiedToken::new(claims, token.into())
    }

    /// The same claims in a token of the node's own that lives for a minute, so that it may
    /// stand in a URL. Its issuer stays the first one's, since identities depend on it, and so does the time at which it
    /// was issued, since a role that was revoked later must not count again.
    pub fn websocket_token(&self, verified: &VerifiedToken) -> Result<String, AuthError> {
        let latest = SystemTime::now() + WEBSOCKET_TOKEN_LIFE;
        let mut claims = verified.claims.clone();
        claims.exp = Some(whole_seconds(claims.exp.map_or(latest, |exp| exp.min(latest))));
        let ends = verified.ends.map(seconds_since_epoch);
        claims.extra.get_or_insert_default().insert(STANDS_UNTIL.into(), ends.into());
        self.sign(&claims)
    }

    fn sign(&self, claims: &SpacetimeIdentityClaims) -> Result<String, AuthError> {
        self.keys.private.sign(claims).map_err(|e| AuthError::Signing(e.to_string()))
    }

    /// Checks a token. A good one is remembered for a minute, since checking a signature costs
    /// more than most calls.
    pub async fn verify(&self, token: &str) -> Result<Arc<VerifiedToken>, AuthError> {
        if token.len() > TOKEN_MAX_BYTES {
            return Err(AuthError::Invalid("it is longer than 16 KiB"));
        }
        let key = *blake3::hash(token.as_bytes()).as_bytes();
        if let Some(known) = self.remembered.get(&key) {
            if known.is_fresh(SystemTime::now()) {
                return Ok(known);
            }
            self.remembered.remove(&key);
        }
        let verified = Arc::new(self.verify_anew(token).await?);
        self.remembered.insert(key, verified.clone());
        Ok(verified)
    }

    async fn verify_anew(&self, token: &str) -> Result<VerifiedToken, AuthError> {
        let own = match self.keys.public.validate_token(token).await {
            Ok(claims) => return VerifiedToken::of_this_node(claims, token.into()),
            Err(refused) => describe(refused),
        };
        let Some(issuer) = unverified_issuer(token).filter(|issuer| *issuer != self.config.issuer) else {
            return Err(own);
        };
        let trusted = self.trusted(&issuer)?;
        let claims = self.claims_from_outside(token).await.map_err(describe)?;
        match trusted {
            Some(trusted) if !trusted.accepts(&claims) => Err(AuthError::WrongAudience),
            _ => VerifiedToken::new(claims, token.into()),
        }
    }

    /// The engine's cache does not tell a failure to fetch keys from claims that do not hold; what it is without tells.
    async fn claims_from_outside(&self, token: &str) -> Result<SpacetimeIdentityClaims, TokenValidationError> {
        match self.outside.validate_token(token).await {
            Err(TokenValidationError::Other(_)) => OidcTokenValidator.validate_token(token).await,
            decided => decided,
        }
    }

    fn trusted(&self, issuer: &str) -> Result<Option<&TrustedIssuer>, AuthError> {
        match self.config.trusted_issuers.iter().find(|trusted| *trusted.issuer == *issuer) {
            Some(trusted) => Ok(Some(trusted)),
            None if self.config.trust_any_issuer => Ok(None),
            None => Err(AuthError::UntrustedIssuer),
        }
    }
}

impl TrustedIssuer {
    fn accepts(&self, claims: &SpacetimeIdentityClaims) -> bool {
        self.audiences.is_empty() || claims.audience.iter().any(|audience| self.audiences.contains(audience))
    }
}

impl VerifiedToken {
    /// A token of this node's key, which may stand for another one.
    fn of_this_node(claims: SpacetimeIdentityClaims, token: Arc<str>) -> Result<Self, AuthError> {
        let mut shown = claims.clone();
        if let Some(ends) = shown.extra.as_mut().and_then(|extra| extra.remove(STANDS_UNTIL)) {
            shown.exp = ends.as_u64().map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
        }
        Self::shown_as(shown, claims, token)
    }

    fn new(claims: SpacetimeIdentityClaims, token: Arc<str>) -> Result<Self, AuthError> {
        Self::shown_as(claims.clone(), claims, token)
    }

    /// A token with other claims for modules than its own.
    fn shown_as(
        shown: SpacetimeIdentityClaims,
        claims: SpacetimeIdentityClaims,
        token: Arc<str>,
    ) -> Result<Self, AuthError> {
        let ends = shown.exp;
        let auth =
            ConnectionAuthCtx::try_from(shown).map_err(|_| AuthError::Invalid("its claims cannot be passed on"))?;
        let identity_header = HeaderValue::try_from(claims.identity.to_hex().as_str()).ok();
        let token_header = HeaderValue::try_from(&*token).ok().map(|mut value| {
            value.set_sensitive(true);
            value
        });
        let headers = identity_header.zip(token_header);
        Ok(Self { identity: claims.identity, auth, claims, ends, token, headers, checked_at: SystemTime::now() })
    }

    fn is_fresh(&self, now: SystemTime) -> bool {
        let expired = self.claims.exp.is_some_and(|exp| now > exp + LEEWAY);
        !expired && now.duration_since(self.checked_at).is_ok_and(|age| age < REMEMBERED_FOR)
    }
}

/// Cuts the fraction off: encoding a token would round it, up as well as down.
fn whole_seconds(time: SystemTime) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds_since_epoch(time))
}

fn seconds_since_epoch(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The issuer that a token claims to be from. Good for choosing a key and for nothing else.
fn unverified_issuer(token: &str) -> Option<Box<str>> {
    jsonwebtoken::dangerous::insecure_decode::<IncomingClaims>(token).ok().map(|data| data.claims.issuer)
}

fn describe(refused: TokenValidationError) -> AuthError {
    use spacetimedb_core::auth::token_validation::JwtErrorKind;
    match refused {
        TokenValidationError::TokenError(cause) => match cause.kind() {
            JwtErrorKind::ExpiredSignature => AuthError::Expired,
            JwtErrorKind::InvalidSignature => AuthError::Invalid("its signature does not match"),
            JwtErrorKind::InvalidAlgorithm | JwtErrorKind::InvalidAlgorithmName => {
                AuthError::Invalid("only ES256 and RS256 signatures are accepted")
            }
            JwtErrorKind::MissingRequiredClaim(_) => AuthError::Invalid("it lacks a required claim"),
            _ => AuthError::Invalid("it is not a well-formed JSON web token"),
        },
        TokenValidationError::OidcRequestError(_) => AuthError::IssuerUnavailable,
        TokenValidationError::KeyIDNotFound => AuthError::Invalid("its issuer has no such key"),
        TokenValidationError::Other(_) => AuthError::Invalid("its claims do not hold"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(config: AuthConfig) -> TokenAuthority {
        TokenAuthority::new(JwtKeys::generate().unwrap(), config)
    }

    fn claims_from(issuer: &str, exp: Option<SystemTime>) -> SpacetimeIdentityClaims {
        SpacetimeIdentityClaims {
            identity: Identity::from_claims(issuer, "somebody"),
            subject: "somebody".into(),
            issuer: issuer.into(),
            audience: [].into(),
            iat: SystemTime::now(),
            exp,
            extra: None,
        }
    }

    fn verified_from(issuer: &str, exp: Option<SystemTime>) -> VerifiedToken {
        VerifiedToken::new(claims_from(issuer, exp), "".into()).unwrap()
    }

    #[tokio::test]
    async fn a_minted_token_names_its_identity_again_and_again() {
        let authority = authority(AuthConfig::default());
        let minted = authority.mint().unwrap();
        for _ in 0..2 {
            assert_eq!(authority.verify(&minted.token).await.unwrap().identity, minted.identity);
        }
    }

    #[tokio::test]
    async fn a_websocket_token_keeps_identity_and_issuer_and_expires() {
        let authority = authority(AuthConfig::default());
        let foreign = verified_from("https://login.example", None);
        let token = authority.websocket_token(&foreign).unwrap();
        let verified = authority.verify(&token).await.unwrap();
        assert_eq!(verified.identity, foreign.identity);
        assert_eq!(verified.claims.issuer, foreign.claims.issuer);
        assert!(verified.claims.exp.unwrap() <= SystemTime::now() + WEBSOCKET_TOKEN_LIFE);
    }

    #[tokio::test]
    async fn a_websocket_token_never_outlives_the_token_it_came_from() {
        let authority = authority(AuthConfig::default());
        let soon = SystemTime::now() + Duration::from_secs(5);
        let token = authority.websocket_token(&verified_from("localhost", Some(soon))).unwrap();
        let verified = authority.verify(&token).await.unwrap();
        assert!(verified.claims.exp.unwrap() <= soon);
    }

    /// Roles that a token claims count until it ends, unless they were revoked after it was issued.
    #[tokio::test]
    async fn modules_see_the_times_of_the_token_that_a_websocket_token_came_from() {
        let authority = authority(AuthConfig::default());
        let hour = Duration::from_secs(3600);
        let now = whole_seconds(SystemTime::now());
        let (an_hour_ago, in_an_hour) = (now - hour, now + hour);
        for exp in [Some(in_an_hour), None] {
            let mut claims = claims_from("localhost", exp);
            claims.iat = an_hour_ago;
            let first = VerifiedToken::new(claims, "".into()).unwrap();
            let expected = payload(&first);
            assert_eq!(expected["exp"].as_u64(), exp.map(seconds_since_epoch));
            assert_eq!(expected["iat"].as_u64(), Some(seconds_since_epoch(an_hour_ago)));

            let second = authority.verify(&authority.websocket_token(&first).unwrap()).await.unwrap();
            assert_eq!(payload(&second), expected);
            // One that came from a token in a URL lives no longer than that one.
            let third = authority.verify(&authority.websocket_token(&second).unwrap()).await.unwrap();
            assert_eq!(payload(&third), expected);
            assert!(third.claims.exp.unwrap() <= second.claims.exp.unwrap());
        }
    }

    /// What modules see of a token.
    fn payload(verified: &VerifiedToken) -> serde_json::Value {
        let payload = verified.auth.jwt_payload.as_deref().unwrap();
        serde_json::from_str(payload).unwrap()
    }

    #[tokio::test]
    async fn expired_forged_and_unsigned_tokens_are_refused() {
        let authority = authority(AuthConfig::default());
        let past = SystemTime::now() - Duration::from_secs(120);
        let expired = authority.sign(&claims_from("localhost", Some(past))).unwrap();
        assert!(matches!(authority.verify(&expired).await, Err(AuthError::Expired)));

        let forger = self::authority(AuthConfig::default());
        let forged = forger.mint().unwrap().token;
        assert!(matches!(authority.verify(&forged).await, Err(AuthError::Invalid(_))));

        let own = authority.mint().unwrap().token;
        let payload = own.split('.').nth(1).unwrap();
        // {"typ":"JWT","alg":"none"}
        let unsigned = format!("eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.{payload}.");
        assert!(matches!(authority.verify(&unsigned).await, Err(AuthError::Invalid(_))));
        for garbage in ["", "x", "a.b.c", &"x".repeat(20_000)] {
            assert!(matches!(authority.verify(garbage).await, Err(AuthError::Invalid(_))));
        }
    }

    #[tokio::test]
    async fn an_unlisted_issuer_is_refused_without_asking_it() {
        let outside = authority(AuthConfig::default());
        let token = outside.sign(&claims_from("http://127.0.0.1:9", None)).unwrap();
        let authority = authority(AuthConfig::default());
        assert!(matches!(authority.verify(&token).await, Err(AuthError::UntrustedIssuer)));
    }
}
