//! Configuration errors name the key and what to do; secrets stay out of them.

use std::process::{Command, Output};

use tempfile::TempDir;
use worldloom_facade::config::{Config, ConfigError, LogFormat};

use crate::support::config_in;

/// Runs the binary with `--check-config` on this file and environment.
fn check_config(toml: &str, environment: &[(&str, &str)]) -> Output {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("facade.toml");
    std::fs::write(&file, toml).unwrap();
    Command::new(env!("CARGO_BIN_EXE_worldloom-facade"))
        .args(["--check-config", "--config"])
        .arg(&file)
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[track_caller]
fn refused(toml: &str, expected: &str) {
    let output = check_config(toml, &[]);
    let error = text(&output.stderr);
    assert!(!output.status.success() && error.contains(expected), "{toml}\ngave: {error}");
    assert_eq!(error.matches("worldloom-facade: ").count(), 1, "one error: {error}");
}

#[test]
fn the_defaults_are_valid_and_suit_local_development() {
    let config = Config::default();
    config.validate().unwrap();
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.node.url, "http://127.0.0.1:3000");
    assert_eq!(config.node.database, "worldloom");
    assert_eq!(config.log.format, LogFormat::Text);
}

#[test]
fn the_environment_overrides_the_file() {
    let folder = TempDir::new().unwrap();
    let token = config_in(folder.path()).node.service_token_file;
    let toml = format!("[node]\nservice_token_file = {:?}\nurl = \"rubbish\"", token);
    let output = check_config(&toml, &[("WORLDLOOM_NODE__URL", "http://127.0.0.1:3001")]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "The configuration is valid.\n");
    let output = check_config(&toml, &[("WORLDLOOM_NODE__CALL_TIMEOUT_MS", "soon")]);
    assert!(text(&output.stderr).contains("NODE.CALL_TIMEOUT_MS"), "{}", text(&output.stderr));
    // Variables of other programs of the product are none of the facade's business.
    let others = [("WORLDLOOM_NODE__URL", "http://127.0.0.1:3001"), ("WORLDLOOM_SOMETHING_ELSE", "1")];
    assert!(check_config(&toml, &others).status.success());
}

#[test]
fn each_wrong_value_is_named() {
    refused("[htp]\nlisten = \"127.0.0.1:1\"", "unknown field: found `htp`");
    refused("[http]\nlisten = \"everywhere\"", "http.listen");
    refused("[http]\nrequest_timeout_s = 0", "http.request_timeout_s: must be between");
    refused("[http]\nbody_limit_bytes = 1", "http.body_limit_bytes: must be between");
    refused("[node]\nurl = \"ftp://node\"", "node.url: must be a base URL");
    refused("[node]\nurl = \"http://node/path\"", "node.url: must be a base URL");
    refused("[node]\ndatabase = \"a/b\"", "node.database: must be a database name");
    refused("[node]\nconnections = 0", "node.connections: must be between");
    refused("[node]\nreconnect_delay_min_ms = 9000", "node.reconnect_delay_min_ms: must not exceed");
    refused("[objects]\nbucket = \"../x\"", "objects.bucket: must be 3 to 63");
    refused("[objects]\ncontent_types = [\"text/made-up\"]", "objects.content_types: holds \"text/made-up\"");
    refused("[objects]\ncontent_types = []", "objects.content_types: must list at least one");
    refused("[objects]\nupload_limit_bytes = 0", "objects.upload_limit_bytes: must be between");
    refused("[objects]\nstaging_lifetime_s = 5", "objects.staging_lifetime_s: must exceed");
    refused("[ai]\nlease_s = 1", "ai.lease_s: must be between 5 and 900");
    refused("[ai]\nproviders = []", "ai.providers: must name at least one provider");
    refused("[[ai.providers]]\nkind = \"oracle\"", "ai.providers");
    let openai = |rest: &str| format!("[[ai.providers]]\nkind = \"openai\"\nname = \"a\"\nmodel = \"m\"\n{rest}");
    refused(&openai("base_url = \"http://user:pass@host/v1\""), "ai.providers.base_url: must be a URL");
    refused(&openai("base_url = \"http://host/v1\"\nkey = \"secret\""), "unknown field");
    refused("[log]\nfilter = \"a=b=c\"", "log.filter: is no filter");
    refused("not toml", "TOML parse error");
    refused("[node]\nservice_token_file = \"/nowhere/token\"", "node.service_token_file: cannot read /nowhere/token");
}

#[test]
fn every_file_with_a_secret_is_opened() {
    let folder = TempDir::new().unwrap();
    let token = config_in(folder.path()).node.service_token_file;
    let with_token = format!("[node]\nservice_token_file = {token:?}\n");
    let remote = |store| {
        format!(
            "[objects.{store}]\nendpoint = \"https://s3.example.com\"\nregion = \"eu\"\naccess_key_id = \"a\"\n\
             access_key_secret_file = \"/nowhere/secret\""
        )
    };
    for (section, key) in [
        (remote("s3"), "objects.s3.access_key_secret_file"),
        (
            "[identity.oidc.acme]\nissuer = \"https://login.example.com\"\nclient_id = \"a\"\n\
             client_secret_file = \"/nowhere/secret\""
                .to_owned(),
            "identity.oidc.<name>.client_secret_file",
        ),
        (
            "[identity.sms.sender]\nkind = \"webhook\"\nurl = \"https://sms.example.com\"\n\
             key_file = \"/nowhere/secret\""
                .to_owned(),
            "identity.sms.sender.key_file",
        ),
        (
            "[identity.wechat]\napp_id = \"wx\"\napp_secret_file = \"/nowhere/secret\"".to_owned(),
            "identity.wechat.app_secret_file",
        ),
        (
            "[[ai.providers]]\nkind = \"openai\"\nname = \"a\"\nmodel = \"m\"\n\
             base_url = \"https://models.example.com/v1\"\napi_key_file = \"/nowhere/secret\""
                .to_owned(),
            "ai.providers.api_key_file",
        ),
    ] {
        refused(&format!("{with_token}{section}"), &format!("{key}: cannot read /nowhere/secret"));
    }
}

#[test]
fn traces_need_a_place_to_go() {
    refused("[traces]\nendpoint = \"collector:4318\"", "traces.endpoint: must be a URL");
    refused("[traces]\nendpoint = \"http://me:secret@collector/v1/traces\"", "traces.endpoint: must be a URL");
    refused("[traces]\nsample_ratio = 2.0", "traces.sample_ratio: must be between");
    let folder = TempDir::new().unwrap();
    let token = config_in(folder.path()).node.service_token_file;
    let toml = format!("[node]\nservice_token_file = {token:?}\n[traces]\nauthorization_file = \"/nowhere/header\"");
    refused(&toml, "traces.authorization_file: cannot read /nowhere/header");
}

#[test]
fn the_trail_needs_a_place() {
    refused("[audit]\nfile = \"/nowhere/audit.jsonl\"", "audit.file: lies in no folder");
}

#[test]
fn limits_and_origins_are_checked() {
    refused("[http.cors]\nallowed_origins = [\"*\"]", "http.cors.allowed_origins: must hold origins");
    refused("[http.limits]\nremembered = 1", "http.limits.remembered: must be between");
    refused("[http.limits]\nlogin = { per_minute = 1, burst = 0 }", "http.limits.login: needs");
    refused("[http]\nheader_limit_bytes = 1", "http.header_limit_bytes: must be between");
}

#[test]
fn a_missing_file_is_named() {
    let missing = std::path::Path::new("/nowhere/facade.toml");
    assert!(matches!(Config::load(Some(missing)), Err(ConfigError::NoFile(path)) if path == missing));
}

#[test]
fn the_token_stays_out_of_errors_and_debug_text() {
    let folder = TempDir::new().unwrap();
    let config = config_in(folder.path());
    let secret = "not-a-jwt-but-still-secret";
    std::fs::write(&config.node.service_token_file, secret).unwrap();
    let error = config.node.read_service_token().unwrap_err();
    assert!(error.to_string().starts_with("node.service_token_file: "), "{error}");
    assert!(!format!("{error} {error:?}").contains(secret));
    std::fs::write(&config.node.service_token_file, "secret.secret.secret").unwrap();
    assert!(!format!("{:?}", config.node.read_service_token().unwrap()).contains("secret.secret"));
}

#[test]
fn the_example_shows_every_key_with_its_default() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/facade.example.toml");
    let text = std::fs::read_to_string(example).unwrap();
    let shown: serde_json::Value = toml::from_str(&text).unwrap();
    assert_eq!(shown, serde_json::to_value(Config::default()).unwrap());
}
