//! Login in a WeChat mini-program: `wx.login` gives the program a code, and WeChat's `code2session` tells whose it is.

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{LoginProvider, http, proof};
use crate::config::ConfigError;
use crate::identity::config::{WeChatConfig, WeChatSubject, read_secret};
use crate::identity::error::LoginError;

const CODE_BYTES_MAX: usize = 256;
/// WeChat is overloaded, or is asked too often.
const TRY_LATER: [i64; 3] = [-1, 45011, 45009];
/// The code is not, or no longer, a code of this mini-program; or the player is banned.
const REFUSED: [i64; 3] = [40029, 40163, 40226];

/// One mini-program.
pub struct WeChatProvider {
    http: Client,
    url: String,
    app_id: String,
    app_secret: SecretString,
    subject: WeChatSubject,
}

/// For `wechat`: what `wx.login` gave.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeChatProof {
    /// The code.
    #[schema(example = "0a3Xlr000Z7gPP1")]
    code: String,
}

/// What WeChat answers. The session key that it also gives is for its own encrypted data, and is not kept.
#[derive(Deserialize)]
struct Session {
    openid: Option<String>,
    unionid: Option<String>,
    #[serde(default)]
    errcode: i64,
}

impl WeChatProvider {
    /// Reads the mini-program's secret.
    pub fn new(config: &WeChatConfig, http: Client) -> Result<Self, ConfigError> {
        let app_secret = read_secret("identity.wechat.app_secret_file", &config.app_secret_file)?;
        let url = format!("{}/sns/jscode2session", config.endpoint.trim_end_matches('/'));
        Ok(Self { http, url, app_id: config.app_id.clone(), app_secret, subject: config.subject })
    }

    async fn session(&self, code: &str) -> Result<Session, LoginError> {
        let request = self.http.get(&self.url).query(&[
            ("appid", self.app_id.as_str()),
            ("secret", self.app_secret.expose_secret()),
            ("js_code", code),
            ("grant_type", "authorization_code"),
        ]);
        http::json(request).await.map_err(|error| {
            tracing::warn!(%error, "WeChat cannot be asked");
            let failed = LoginError::ProviderFailed;
            // Whoever has seen the code may have used it up.
            if error.is_unseen() { failed } else { failed.with_spent_proof() }
        })
    }

    fn subject(&self, session: Session) -> Result<String, LoginError> {
        match session.errcode {
            0 => {}
            code if REFUSED.contains(&code) => {
                return Err(LoginError::Refused("WeChat does not take this code. Call wx.login again for a new one."));
            }
            code => {
                if !TRY_LATER.contains(&code) {
                    tracing::error!(code, "WeChat refuses the facade: check identity.wechat");
                }
                return Err(LoginError::ProviderFailed);
            }
        }
        let subject = match self.subject {
            WeChatSubject::OpenId => session.openid,
            WeChatSubject::UnionId => session.unionid,
        };
        subject.filter(|subject| !subject.is_empty()).ok_or_else(|| {
            tracing::error!("WeChat names no player of the kind that identity.wechat.subject asks for");
            LoginError::ProviderFailed.with_spent_proof()
        })
    }
}

impl LoginProvider for WeChatProvider {
    fn verify(&self, value: Value) -> BoxFuture<'_, Result<String, LoginError>> {
        async {
            let WeChatProof { code } = proof(value)?;
            if !(1..=CODE_BYTES_MAX).contains(&code.len()) {
                return Err(LoginError::MalformedProof("code must be what wx.login gave".to_owned()));
            }
            let session = self.session(&code).await?;
            self.subject(session)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// An address at which nobody listens.
    const NOBODY: &str = "127.0.0.1:9";

    /// An address at which one request is answered with these bytes.
    async fn somebody(answer: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
            stream.write_all(answer).await.unwrap();
        });
        address
    }

    fn provider(address: &str) -> WeChatProvider {
        WeChatProvider {
            http: Client::builder().no_proxy().build().unwrap(),
            url: format!("http://{address}/sns/jscode2session"),
            app_id: "wx-app".to_owned(),
            app_secret: SecretString::from("wx-secret"),
            subject: WeChatSubject::OpenId,
        }
    }

    #[tokio::test]
    async fn a_code_that_has_reached_somebody_is_not_to_be_sent_again() {
        let away = provider(NOBODY).session("code").await.map(drop);
        assert!(matches!(away, Err(LoginError::ProviderFailed)), "{away:?}");
        for answer in [&b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbusy"[..], b""] {
            let address = somebody(answer).await;
            let cut_off = provider(&address).session("code").await.map(drop);
            assert!(matches!(cut_off, Err(LoginError::ProofSpent(_))), "{cut_off:?}");
        }
    }

    #[test]
    fn a_code_that_was_exchanged_is_used_up_whomever_it_names() {
        let answered = |errcode| provider(NOBODY).subject(Session { openid: None, unionid: None, errcode });
        assert!(matches!(answered(0), Err(LoginError::ProofSpent(_))));
        assert!(matches!(answered(-1), Err(LoginError::ProviderFailed)), "WeChat has not looked at the code");
        assert!(
            matches!(answered(40125), Err(LoginError::ProviderFailed)),
            "nor if the mini-program's secret is wrong"
        );
        assert!(matches!(answered(40029), Err(LoginError::Refused(_))));
    }
}
