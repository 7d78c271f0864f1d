//! OpenID Connect: a browser is led to the provider and comes back with a code, which the facade exchanges.
//!
//! Three things are tied to the browser that began, through a secret in its cookie: the `state` of the way there and
//! back, the `nonce` in the provider's token, and the PKCE verifier of the exchange. The facade stores none of them.
//! Then the login is handed to the client by a code of the facade's own, under the client's own PKCE challenge.

mod metadata;

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdTokenVerifier, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreTokenResponse,
};
use openidconnect::{
    AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, SignatureVerificationError, TokenResponse,
};
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use worldloom_client::{LoginProof, LoginRedirect, LoginThrottleRule};

use super::{LoginProvider, proof};
use crate::config::ConfigError;
use crate::identity::config::{OidcConfig, read_secret};
use crate::identity::error::LoginError;
use crate::identity::secrets::{derived, digest, fresh, is_strong};
use crate::identity::tickets::{Content, NewTicket, Taking, Tickets};
use metadata::Metadata;
use utoipa::{IntoParams, ToSchema};

/// Time to log in at the provider.
const REDIRECT_LIFE_S: u32 = 15 * 60;
/// A browser that lost its cookie, or another one, may try; the right one still gets through.
const REDIRECT_ATTEMPTS: u8 = 3;
/// Time for the client to fetch its login.
const HANDOVER_LIFE_S: u32 = 2 * 60;
/// Clocks of provider and facade may differ by this much.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);
const WINDOW_S: u32 = 10 * 60;
const REDIRECTS_PER_WINDOW: u32 = 120;

const REFUSED: LoginError = LoginError::Refused("The provider does not confirm this login. Begin again.");

/// One provider.
pub struct OidcProvider {
    name: String,
    client_id: ClientId,
    client_secret: Option<SecretString>,
    scopes: Vec<Scope>,
    callback: RedirectUrl,
    metadata: Metadata,
    tickets: Tickets,
}

/// Where a browser comes from and wants to go back to, all of it checked.
pub struct Departure<'a> {
    /// The client's address.
    pub redirect_uri: &'a Url,
    /// The client's own state.
    pub client_state: &'a str,
    /// SHA-256 of the client's verifier.
    pub challenge_digest: String,
    /// The browser's secret.
    pub browser: &'a SecretString,
    /// Stands for the address that the request came from.
    pub address_key: &'a str,
}

/// What a browser brings back from the provider.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Arrival {
    /// The provider's code.
    #[param(example = "SplxlOBeZQQYbYS6WxSbIA")]
    pub code: Option<String>,
    /// The state that it was sent with.
    #[param(example = "af0ifjsldkj")]
    pub state: String,
    /// Why there is no code.
    #[param(example = "access_denied")]
    pub error: Option<String>,
    /// Who the provider says it is (RFC 9207).
    #[param(example = "https://login.example.com")]
    pub iss: Option<String>,
}

/// For the others: what came back from GET /auth/authorize.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeProof {
    /// The code in the query.
    #[schema(example = "SplxlOBeZQQYbYS6WxSbIA")]
    code: String,
    /// What the code challenge was made from (RFC 7636).
    #[schema(example = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")]
    code_verifier: String,
}

impl OidcProvider {
    /// Reads the client's secret.
    pub fn new(
        name: &str,
        config: &OidcConfig,
        issuer: &str,
        http: Client,
        tickets: Tickets,
    ) -> Result<Self, ConfigError> {
        let secret_file = config.client_secret_file.as_deref();
        let invalid = |cause| ConfigError::Invalid { key: "identity.oidc", problem: format!("{name}: {cause}") };
        Ok(Self {
            name: name.to_owned(),
            client_id: ClientId::new(config.client_id.clone()),
            client_secret: secret_file
                .map(|file| read_secret("identity.oidc.<name>.client_secret_file", file))
                .transpose()?,
            scopes: config.scopes.iter().cloned().map(Scope::new).collect(),
            callback: RedirectUrl::new(format!("{issuer}/auth/callback/{name}")).map_err(invalid)?,
            metadata: Metadata::new(&config.issuer, http).map_err(invalid)?,
            tickets,
        })
    }

    /// The address at the provider to which the browser is led.
    pub async fn begin(&self, departure: Departure<'_>) -> Result<Url, LoginError> {
        let metadata = self.metadata.known().await?;
        let state = fresh();
        let ties = Ties::new(departure.browser, state.expose_secret());
        let rule = LoginThrottleRule {
            key: format!("authorize-address:{}", departure.address_key),
            uses_max: REDIRECTS_PER_WINDOW,
            window_s: WINDOW_S,
        };
        let redirect = LoginRedirect {
            provider: self.name.clone(),
            redirect_uri: departure.redirect_uri.to_string(),
            client_state: departure.client_state.to_owned(),
            code_challenge: departure.challenge_digest,
        };
        let ticket = NewTicket {
            name: state.expose_secret(),
            secret_hash: ties.browser_hash,
            content: Content::Redirect(redirect),
            attempts: REDIRECT_ATTEMPTS,
            life_s: REDIRECT_LIFE_S,
            throttles: vec![rule],
        };
        self.tickets.issue(ticket).await?;
        let client = CoreClient::from_provider_metadata((*metadata).clone(), self.client_id.clone(), None)
            .set_redirect_uri(self.callback.clone());
        let (state, nonce) = (state.expose_secret().to_owned(), ties.nonce);
        let request =
            client.authorize_url(CoreAuthenticationFlow::AuthorizationCode, || CsrfToken::new(state), || nonce);
        let request = request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&ties.verifier));
        Ok(request.add_scopes(self.scopes.iter().cloned()).url().0)
    }

    /// The address of the client to which the browser goes on, with a code for the login, or with the provider's
    /// error.
    pub async fn finish(&self, arrival: Arrival, browser: &SecretString) -> Result<Url, LoginError> {
        // Before the ticket is taken, so that the way back can be repeated while the provider is away.
        let metadata = self.metadata.known().await?;
        let ties = Ties::new(browser, &arrival.state);
        let redirect = match self.tickets.take(&arrival.state, ties.browser_hash.clone()).await? {
            Taking::Taken(Content::Redirect(redirect)) if redirect.provider == self.name => redirect,
            _ => {
                let text = "This login was not begun in this browser, or was finished or left too long. Begin again.";
                return Err(LoginError::Refused(text));
            }
        };
        // The list of addresses was asked before the ticket was issued.
        let mut target = Url::parse(&redirect.redirect_uri).map_err(|_| REFUSED)?;
        match self.handed_over(metadata, &arrival, ties, redirect.code_challenge).await {
            Ok(code) => target.query_pairs_mut().append_pair("code", code.expose_secret()),
            Err(Interruption::ByProvider(error)) => target.query_pairs_mut().append_pair("error", error),
            Err(Interruption::Login(error)) => return Err(error.with_spent_proof()),
        };
        target.query_pairs_mut().append_pair("state", &redirect.client_state);
        Ok(target)
    }

    /// Finds out who logged in, and remembers it under a code for the client.
    async fn handed_over(
        &self,
        metadata: Arc<CoreProviderMetadata>,
        arrival: &Arrival,
        ties: Ties,
        code_challenge: String,
    ) -> Result<SecretString, Interruption> {
        // A provider that passes its answers off as another's.
        if arrival.iss.as_ref().is_some_and(|issuer| *issuer != **metadata.issuer()) {
            return Err(REFUSED.into());
        }
        let Some(code) = &arrival.code else {
            return Err(Interruption::ByProvider(known_error(arrival.error.as_deref())));
        };
        let subject = self.subject(metadata, code, ties).await?;
        let code = fresh();
        let ticket = NewTicket {
            name: code.expose_secret(),
            secret_hash: code_challenge,
            content: Content::Proof(LoginProof { provider: self.name.clone(), subject }),
            attempts: 1,
            life_s: HANDOVER_LIFE_S,
            throttles: Vec::new(),
        };
        self.tickets.issue(ticket).await?;
        Ok(code)
    }

    /// Exchanges the provider's code, and checks the token that comes for it.
    async fn subject(&self, metadata: Arc<CoreProviderMetadata>, code: &str, ties: Ties) -> Result<String, LoginError> {
        let secret = self.client_secret.as_ref().map(|secret| ClientSecret::new(secret.expose_secret().to_owned()));
        let client = CoreClient::from_provider_metadata((*metadata).clone(), self.client_id.clone(), secret)
            .set_redirect_uri(self.callback.clone())
            .set_auth_type(auth_type(&metadata));
        let exchange = client.exchange_code(AuthorizationCode::new(code.to_owned())).map_err(|error| {
            tracing::error!(%error, provider = self.name, "The provider names no token endpoint");
            LoginError::ProviderFailed
        })?;
        let http = self.metadata.http();
        let answer = exchange.set_pkce_verifier(ties.verifier).request_async(&http).await;
        let answer: CoreTokenResponse = answer.map_err(|error| match error {
            RequestTokenError::ServerResponse(_) => REFUSED,
            error => {
                tracing::warn!(%error, provider = self.name, "The provider does not exchange a code");
                LoginError::ProviderFailed
            }
        })?;
        let id_token = answer.id_token().ok_or(REFUSED)?;
        let claims = match id_token.claims(&self.verifier(&metadata), &ties.nonce) {
            // The provider has changed its keys since they were fetched.
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                let metadata = self.metadata.newer_than(&metadata).await?;
                id_token.claims(&self.verifier(&metadata), &ties.nonce).cloned()
            }
            claims => claims.cloned(),
        };
        let claims = claims.map_err(|error| {
            tracing::warn!(%error, provider = self.name, "The provider's token is refused");
            REFUSED
        })?;
        Ok(claims.subject().to_string())
    }

    /// Checks tokens of the provider for this client. A shared secret never stands in for the provider's key.
    fn verifier(&self, metadata: &CoreProviderMetadata) -> CoreIdTokenVerifier<'static> {
        let keys = metadata.jwks().clone();
        CoreIdTokenVerifier::new_public_client(self.client_id.clone(), metadata.issuer().clone(), keys)
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(|| Utc::now() - LEEWAY)
            .set_issue_time_verifier_fn(|issued_at| {
                let latest = Utc::now() + LEEWAY;
                if issued_at <= latest { Ok(()) } else { Err("it is from the future".to_owned()) }
            })
    }
}

impl LoginProvider for OidcProvider {
    fn verify(&self, value: Value) -> BoxFuture<'_, Result<String, LoginError>> {
        async {
            let CodeProof { code, code_verifier } = proof(value)?;
            if !is_strong(&code_verifier.replace(['.', '~'], "-")) {
                let problem = "code_verifier must be 43 to 128 letters, digits and -._~ (RFC 7636)";
                return Err(LoginError::MalformedProof(problem.to_owned()));
            }
            match self.tickets.take(&code, digest(&code_verifier)).await? {
                Taking::Taken(Content::Proof(proof)) if proof.provider == self.name => Ok(proof.subject),
                _ => Err(LoginError::Refused(
                    "This code was used, has run out, or was meant for another client. Begin the login again.",
                )),
            }
        }
        .boxed()
    }
}

const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What ties a login to the browser that began it, made of the browser's secret and the state.
struct Ties {
    browser_hash: String,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

impl Ties {
    fn new(browser: &SecretString, state: &str) -> Self {
        let derive = |purpose: &str| derived(browser.expose_secret(), &format!("{purpose}:{state}"));
        Self {
            browser_hash: digest(&derive("browser")),
            nonce: Nonce::new(derive("nonce")),
            verifier: PkceCodeVerifier::new(derive("pkce")),
        }
    }
}

/// Why a login ends on its way back.
enum Interruption {
    /// The provider says so, and the client learns it.
    ByProvider(&'static str),
    /// Something is wrong.
    Login(LoginError),
}

impl From<LoginError> for Interruption {
    fn from(error: LoginError) -> Self {
        Self::Login(error)
    }
}

/// The provider's error, if it is one of those that mean something to a client (RFC 6749, section 4.1.2.1).
fn known_error(error: Option<&str>) -> &'static str {
    match error {
        Some("access_denied") => "access_denied",
        Some("login_required") => "login_required",
        Some("consent_required") => "consent_required",
        Some("interaction_required") => "interaction_required",
        Some("temporarily_unavailable") => "temporarily_unavailable",
        _ => "server_error",
    }
}

/// How the client proves itself: in the header unless the provider takes the secret in the body alone.
fn auth_type(metadata: &CoreProviderMetadata) -> AuthType {
    let methods = metadata.token_endpoint_auth_methods_supported();
    let takes = |method| methods.is_some_and(|methods| methods.contains(&method));
    if takes(CoreClientAuthMethod::ClientSecretPost) && !takes(CoreClientAuthMethod::ClientSecretBasic) {
        AuthType::RequestBody
    } else {
        AuthType::BasicAuth
    }
}
