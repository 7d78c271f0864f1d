//! Settings that would make logins unsafe are refused, with the key at fault.

use worldloom_facade::identity::config::{OidcConfig, SmsConfig, SmsSenderConfig, WeChatConfig, WeChatSubject};
use worldloom_facade::{Config, Facade};

use crate::support::config_in;

#[track_caller]
fn refused(expected: &str, adjust: impl FnOnce(&mut Config)) {
    let mut config = Config::default();
    adjust(&mut config);
    let error = config.validate().expect_err(expected).to_string();
    assert!(error.starts_with(&format!("{expected}: ")), "{error}");
}

fn oidc(issuer: &str) -> OidcConfig {
    OidcConfig {
        issuer: issuer.to_owned(),
        client_id: "worldloom".to_owned(),
        client_secret_file: None,
        scopes: Vec::new(),
    }
}

#[test]
fn addresses_where_others_can_listen_are_refused() {
    for url in ["http://play.example.com", "https://play.example.com/", "https://play.example.com/x", "play", "ftp://a"]
    {
        refused("identity.public_url", |config| config.identity.public_url = url.to_owned());
    }
    for origin in ["*", "https://play.example.com/", "http://play.example.com", "null"] {
        refused("identity.allowed_origins", |config| config.identity.allowed_origins = vec![origin.to_owned()]);
    }
    for uri in ["http://play.example.com/back", "javascript:alert(1)", "/back", "https://play.example.com/#x"] {
        refused("identity.redirect_uris", |config| config.identity.redirect_uris = vec![uri.to_owned()]);
    }
    refused("identity.oidc.<name>.issuer", |config| {
        config.identity.oidc.insert("acme".to_owned(), oidc("http://login.example.com"));
    });
    refused("identity.sms.sender", |config| {
        let sender = SmsSenderConfig::Webhook { url: "http://sms.example.com".to_owned(), key_file: "key".into() };
        config.identity.sms = Some(SmsConfig {
            code_life_s: 300,
            per_number_hour: 5,
            per_address_hour: 5,
            number_prefixes: Vec::new(),
            sender,
        });
    });
    refused("identity.wechat.endpoint", |config| {
        config.identity.wechat = Some(WeChatConfig {
            app_id: "wx".to_owned(),
            app_secret_file: "secret".into(),
            subject: WeChatSubject::OpenId,
            endpoint: "http://api.example.com".to_owned(),
        });
    });
}

#[test]
fn other_settings_have_bounds() {
    for name in ["", "device", "sms", "wechat", "Acme", "a/b", "-a", &"a".repeat(33)] {
        refused("identity.oidc", |config| {
            config.identity.oidc.insert(name.to_owned(), oidc("https://login.example.com"));
        });
    }
    refused("identity.audience", |config| config.identity.audience = String::new());
    refused("identity.key_rotation_s", |config| config.identity.key_rotation_s = 60);
    refused("identity.trusted_proxies", |config| config.identity.trusted_proxies = 9);
}

/// Starts a facade, which must fail; returns the reason.
async fn start_error(config: Config) -> String {
    match Facade::start(config).await {
        Ok(_) => panic!("the facade has started"),
        Err(error) => format!("{error:#}"),
    }
}

#[tokio::test]
async fn a_facade_for_others_needs_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config_in(folder.path());
    config.http.listen = "0.0.0.0:0".parse().unwrap();
    let error = start_error(config).await;
    assert!(error.starts_with("identity.public_url: must be set"), "{error}");
}

#[tokio::test]
async fn secrets_are_read_from_files_and_stay_out_of_errors() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config_in(folder.path());
    let file = folder.path().join("acme.secret");
    let provider = OidcConfig { client_secret_file: Some(file.clone()), ..oidc("https://login.example.com") };
    config.identity.oidc.insert("acme".to_owned(), provider);
    let error = start_error(config.clone()).await;
    assert!(error.contains("client_secret_file") && error.contains("acme.secret"), "{error}");
    std::fs::write(&file, " \n").unwrap();
    assert!(start_error(config.clone()).await.contains("is empty"));
    std::fs::write(&file, "secret").unwrap();
    Facade::start(config).await.unwrap().stop().await;
}
