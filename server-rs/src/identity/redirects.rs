//! The list of addresses to which a login may lead back. Anything else would make the facade an open redirect, and
//! would hand logins to strangers.

use reqwest::Url;

use super::config::{is_loopback, is_secure};
use crate::config::ConfigError;

/// Schemes that a browser acts on by itself, where a code could be read or run.
const FORBIDDEN_SCHEMES: [&str; 8] = ["about", "blob", "data", "file", "ftp", "javascript", "vbscript", "ws"];
const BYTES_MAX: usize = 1024;

/// Addresses of clients.
#[derive(Debug, Clone, Default)]
pub struct RedirectUris(Vec<Url>);

impl RedirectUris {
    /// Takes the configured list.
    pub fn new(allowed: &[String]) -> Result<Self, ConfigError> {
        let parse = |text: &String| {
            parsed(text).ok_or_else(|| ConfigError::Invalid {
                key: "identity.redirect_uris",
                problem: format!(
                    "\"{text}\" cannot be an address of a client: use https, http on 127.0.0.1, or a scheme of your \
                     app, without fragment and password"
                ),
            })
        };
        Ok(Self(allowed.iter().map(parse).collect::<Result<_, _>>()?))
    }

    /// The address as a URL, if it is on the list, letter by letter. On 127.0.0.1 and `[::1]` the port is free,
    /// because a native app cannot choose its own (RFC 8252, section 7.3).
    pub fn allowed(&self, requested: &str) -> Option<Url> {
        let requested = parsed(requested)?;
        self.0.iter().any(|allowed| is_same(allowed, &requested)).then_some(requested)
    }
}

fn parsed(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|_| text.len() <= BYTES_MAX && text.is_ascii())?;
    let is_clean = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    let is_fit = match url.scheme() {
        "http" | "https" => is_secure(&url),
        scheme => !FORBIDDEN_SCHEMES.contains(&scheme),
    };
    (is_clean && is_fit).then_some(url)
}

fn is_same(allowed: &Url, requested: &Url) -> bool {
    let is_free_port = allowed.scheme() == "http" && is_loopback(allowed) && allowed.domain().is_none();
    let without_port = |url: &Url| {
        let mut url = url.clone();
        // Only a URL that cannot have a port refuses to lose it.
        let _ = url.set_port(None);
        url
    };
    if is_free_port { without_port(allowed) == without_port(requested) } else { allowed == requested }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uris() -> RedirectUris {
        let allowed = ["https://play.example.com/back?from=login", "http://127.0.0.1/back", "com.example.game:/login"];
        RedirectUris::new(&allowed.map(String::from)).unwrap()
    }

    #[test]
    fn what_is_on_the_list_is_taken() {
        for uri in [
            "https://play.example.com/back?from=login",
            "https://play.example.com:443/back?from=login",
            "http://127.0.0.1/back",
            "http://127.0.0.1:51234/back",
            "com.example.game:/login",
        ] {
            assert!(uris().allowed(uri).is_some(), "{uri}");
        }
    }

    #[test]
    fn whatever_differs_is_refused() {
        for uri in [
            "",
            "/back",
            "//play.example.com/back?from=login",
            "https://play.example.com/back",
            "https://play.example.com/back?from=login&x=1",
            "https://play.example.com/back?from=login#x",
            "https://play.example.com/Back?from=login",
            "https://play.example.com/back/../evil?from=login",
            "https://play.example.com.evil.example/back?from=login",
            "https://play.example.com@evil.example/back?from=login",
            "https://evil@play.example.com/back?from=login",
            "https://play.example.com:8443/back?from=login",
            "http://play.example.com/back?from=login",
            "http://127.0.0.2/back",
            "http://127.0.0.1.evil.example/back",
            "http://localhost/back",
            "https://127.0.0.1/back",
            "com.example.game://evil/login",
            "javascript:alert(1)",
            "https://play.example.com\\@evil.example/back?from=login",
        ] {
            assert!(uris().allowed(uri).is_none(), "{uri}");
        }
    }

    #[test]
    fn a_list_with_dangerous_addresses_is_refused() {
        for uri in ["http://play.example.com/", "javascript:alert(1)", "https://a@b/", "https://a/#b", "back", "data:x"]
        {
            assert!(RedirectUris::new(&[uri.to_owned()]).is_err(), "{uri}");
        }
    }
}
