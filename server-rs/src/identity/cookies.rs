//! The two cookies of browsers: the refresh token, and the secret that ties a login to the browser that began it.

use axum::http::header::{COOKIE, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use secrecy::{ExposeSecret, SecretString};

use super::error::LoginError;
use super::secrets;

const REFRESH: &str = "worldloom-refresh";
const BROWSER: &str = "worldloom-login";
/// A browser forgets the refresh cookie after this; the game module decides for itself.
const REFRESH_LIFE: Duration = Duration::days(30);
/// Longer than anybody takes to log in at a provider.
const BROWSER_LIFE: Duration = Duration::hours(1);

/// How the facade's cookies are written, and from where they count.
#[derive(Debug, Clone)]
pub struct Cookies {
    is_secure: bool,
    origins: Vec<String>,
}

impl Cookies {
    /// Cookies of the facade at `public_url`, for its own pages and those of `allowed_origins`.
    pub fn new(public_url: &str, allowed_origins: &[String]) -> Self {
        let origins = std::iter::once(public_url.to_owned()).chain(allowed_origins.iter().cloned()).collect();
        Self { is_secure: public_url.starts_with("https://"), origins }
    }

    /// Origins of the pages that may use the cookies, beside the facade's own.
    pub fn other_origins(&self) -> &[String] {
        self.origins.get(1..).unwrap_or_default()
    }

    /// The refresh token in a request's cookie, if it comes from a page of the game.
    ///
    /// A browser sends the cookie with whatever a page makes it send. `SameSite` keeps other sites' pages out; the
    /// `Origin`, which no page can forge, keeps out those of neighbouring hosts as well.
    pub fn refresh_token(&self, headers: &HeaderMap) -> Result<Option<SecretString>, LoginError> {
        let Some(token) = self.read(headers, REFRESH) else { return Ok(None) };
        let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
        match origin {
            Some(origin) if self.origins.iter().any(|allowed| allowed == origin) => Ok(Some(token)),
            _ => Err(LoginError::ForeignOrigin),
        }
    }

    /// Refuses a login that would set the cookie from another site's page: it would log the visitor in as somebody
    /// else.
    pub fn check_origin(&self, headers: &HeaderMap) -> Result<(), LoginError> {
        let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
        let is_known = origin.is_some_and(|origin| self.origins.iter().any(|allowed| allowed == origin));
        if is_known { Ok(()) } else { Err(LoginError::ForeignOrigin) }
    }

    /// Gives the browser its refresh token.
    pub fn set_refresh(&self, token: &SecretString) -> (HeaderName, HeaderValue) {
        self.set(REFRESH, token.expose_secret(), REFRESH_LIFE, SameSite::Strict)
    }

    /// Takes it away.
    pub fn clear_refresh(&self) -> (HeaderName, HeaderValue) {
        self.set(REFRESH, "", Duration::ZERO, SameSite::Strict)
    }

    /// The browser's login secret, if it has a good one.
    pub fn browser_secret(&self, headers: &HeaderMap) -> Option<SecretString> {
        self.read(headers, BROWSER).filter(|secret| secrets::is_strong(secret.expose_secret()))
    }

    /// Gives the browser its login secret. It must come along when the provider's page leads back here, hence `Lax`.
    pub fn set_browser(&self, secret: &SecretString) -> (HeaderName, HeaderValue) {
        self.set(BROWSER, secret.expose_secret(), BROWSER_LIFE, SameSite::Lax)
    }

    /// With TLS, the name has the prefix by which browsers see to it that no other host has set the cookie.
    fn name(&self, name: &str) -> String {
        if self.is_secure { format!("__Host-{name}") } else { name.to_owned() }
    }

    fn read(&self, headers: &HeaderMap, name: &str) -> Option<SecretString> {
        let name = self.name(name);
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut cookies = lines.flat_map(|line| Cookie::split_parse(line.to_owned())).flatten();
        let cookie = cookies.find(|cookie| cookie.name() == name && !cookie.value().is_empty())?;
        Some(SecretString::from(cookie.value().to_owned()))
    }

    fn set(&self, name: &str, value: &str, life: Duration, same_site: SameSite) -> (HeaderName, HeaderValue) {
        let cookie = Cookie::build((self.name(name), value))
            .path("/")
            .http_only(true)
            .secure(self.is_secure)
            .same_site(same_site)
            .max_age(life);
        let header = HeaderValue::try_from(cookie.to_string()).map(|mut header| {
            header.set_sensitive(true);
            header
        });
        // Names and values here are letters, digits, hyphens and underscores.
        (SET_COOKIE, header.unwrap_or(HeaderValue::from_static("")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn with_tls_cookies_have_every_protection() {
        let cookies = Cookies::new("https://play.example.com", &[]);
        let (_, refresh) = cookies.set_refresh(&SecretString::from("t"));
        let expected = "__Host-worldloom-refresh=t; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=2592000";
        assert_eq!(refresh.to_str().unwrap(), expected);
        let (_, browser) = cookies.set_browser(&SecretString::from("s"));
        let expected = "__Host-worldloom-login=s; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=3600";
        assert_eq!(browser.to_str().unwrap(), expected);
        assert!(cookies.clear_refresh().1.to_str().is_ok_and(|cookie| cookie.contains("Max-Age=0")));
    }

    #[test]
    fn a_cookie_that_another_host_may_have_set_does_not_count() {
        let cookies = Cookies::new("https://play.example.com", &[]);
        let own = (ORIGIN, "https://play.example.com");
        let tossed = headers(&[own.clone(), (COOKIE, "worldloom-refresh=theirs")]);
        assert!(matches!(cookies.refresh_token(&tossed), Ok(None)));
        let mine = headers(&[own, (COOKIE, "a=b; __Host-worldloom-refresh=mine; c=d")]);
        let token = cookies.refresh_token(&mine).ok().flatten();
        assert_eq!(token.as_ref().map(ExposeSecret::expose_secret), Some("mine"));
    }

    #[test]
    fn the_cookie_counts_from_listed_origins_alone() {
        let cookies = Cookies::new("https://api.example.com", &["https://play.example.com".to_owned()]);
        let with_origin = |origin| headers(&[(ORIGIN, origin), (COOKIE, "__Host-worldloom-refresh=mine")]);
        for origin in ["https://api.example.com", "https://play.example.com"] {
            assert!(cookies.refresh_token(&with_origin(origin)).is_ok(), "{origin}");
        }
        for origin in ["null", "", "https://evil.example.com", "https://play.example.com/", "http://play.example.com"] {
            assert!(cookies.refresh_token(&with_origin(origin)).is_err(), "{origin}");
        }
        let without = headers(&[(COOKIE, "__Host-worldloom-refresh=mine")]);
        assert!(cookies.refresh_token(&without).is_err());
    }
}
