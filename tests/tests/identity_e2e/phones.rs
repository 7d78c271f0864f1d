//! Codes by SMS and WeChat's mini-programs, against stand-ins that answer as the services' documents say.

use std::sync::{Arc, Mutex};

use anyhow::{Context, ensure};
use axum::extract::{Query, Request, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use worldloom_tests::Outcome;

use crate::world::{World, expect, refused, text};

const NUMBER: &str = "+8613800138000";

/// Serves `router` on a port of its own.
pub async fn serve(router: Router) -> anyhow::Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

/// A phone: the codes that were sent, with the requests that brought them.
#[derive(Clone, Default)]
pub struct Phone(Arc<Mutex<Vec<Sent>>>);

#[derive(Clone)]
pub struct Sent {
    number: String,
    pub code: String,
    headers: axum::http::HeaderMap,
    body: String,
}

impl Phone {
    pub fn last(&self) -> anyhow::Result<Sent> {
        self.0.lock().unwrap().last().cloned().context("no message was sent")
    }

    fn messages(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

async fn webhook(phone: Phone) -> anyhow::Result<String> {
    let take = |State(phone): State<Phone>, headers: axum::http::HeaderMap, body: String| async move {
        let message: Value = serde_json::from_str(&body).unwrap();
        let (number, code) = (text(&message, "phone_number").to_owned(), text(&message, "code").to_owned());
        phone.0.lock().unwrap().push(Sent { number, code, headers, body });
        StatusCode::NO_CONTENT
    };
    Ok(format!("{}/sms", serve(Router::new().route("/sms", post(take)).with_state(phone)).await?))
}

/// A facade that sends codes to `phone`. The folder holds its secrets.
pub async fn world_with_phone(phone: &Phone, more: &[(&str, &str)]) -> anyhow::Result<(World, tempfile::TempDir)> {
    let folder = tempfile::tempdir()?;
    let key_file = folder.path().join("webhook.key");
    std::fs::write(&key_file, "webhook-key\n")?;
    let sender = format!("{{kind=\"webhook\",url=\"{}\",key_file={key_file:?}}}", webhook(phone.clone()).await?);
    let mut settings = vec![("IDENTITY__SMS__SENDER", sender.as_str())];
    settings.extend(more);
    Ok((World::start_with(&settings).await?, folder))
}

async fn ask_for_code(world: &World, number: &str) -> anyhow::Result<Response> {
    Ok(world.request(Method::POST, "/auth/sms/codes").json(&json!({ "phone_number": number })).send().await?)
}

#[tokio::test]
async fn a_code_on_the_phone_logs_in_once() -> Outcome {
    let phone = Phone::default();
    let (world, _secrets) = world_with_phone(&phone, &[]).await?;
    let asked = expect(ask_for_code(&world, NUMBER).await?, StatusCode::ACCEPTED).await?;
    let sent = phone.last()?;
    ensure!(sent.number == NUMBER && sent.code.len() == 6, "{}", sent.body);
    ensure!(!asked.to_string().contains(&sent.code), "the code comes by phone alone");
    let stored = format!("{:?}", world.database.sql("SELECT * FROM login_ticket").await?);
    ensure!(!stored.contains(&sent.code) && !stored.contains(text(&asked, "challenge")), "{stored}");

    let proof = json!({ "challenge": asked["challenge"], "code": sent.code });
    let tokens = expect(world.log_in("sms", proof.clone()).await?, StatusCode::OK).await?;
    ensure!(world.at_node(text(&tokens, "access_token")).await?.is_ok());
    refused(world.log_in("sms", proof).await?, 401, "login_refused", &[&sent.code]).await
}

#[tokio::test]
async fn the_senders_requests_are_signed() -> Outcome {
    let phone = Phone::default();
    let (world, _secrets) = world_with_phone(&phone, &[]).await?;
    expect(ask_for_code(&world, NUMBER).await?, StatusCode::ACCEPTED).await?;
    let sent = phone.last()?;
    let signature = sent.headers.get("worldloom-signature").context("no signature")?.to_str()?;
    let (time, mac) = signature.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")).context("its form")?;
    // HMAC-SHA256 by its definition (RFC 2104), for a key that is shorter than a block.
    let block = |byte: u8| -> Vec<u8> {
        let mut block = vec![byte; 64];
        b"webhook-key".iter().zip(&mut block).for_each(|(key, byte)| *byte ^= key);
        block
    };
    let inner = Sha256::digest([block(0x36), format!("{time}.{}", sent.body).into_bytes()].concat());
    let outer = Sha256::digest([block(0x5c), inner.to_vec()].concat());
    ensure!(mac == outer.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    Ok(())
}

#[tokio::test]
async fn guesses_use_the_code_up_and_need_the_challenge() -> Outcome {
    let phone = Phone::default();
    let (world, _secrets) = world_with_phone(&phone, &[]).await?;
    let asked = expect(ask_for_code(&world, NUMBER).await?, StatusCode::ACCEPTED).await?;
    let code = phone.last()?.code;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let foreign = json!({ "challenge": crate::world::secret(), "code": code });
    refused(world.log_in("sms", foreign).await?, 401, "login_refused", &[]).await?;
    for _ in 0..5 {
        let guess = json!({ "challenge": asked["challenge"], "code": wrong });
        refused(world.log_in("sms", guess).await?, 401, "login_refused", &[]).await?;
    }
    let right = json!({ "challenge": asked["challenge"], "code": code });
    refused(world.log_in("sms", right).await?, 401, "login_refused", &[]).await
}

#[tokio::test]
async fn numbers_and_addresses_are_limited() -> Outcome {
    let phone = Phone::default();
    let settings = [("IDENTITY__SMS__PER_ADDRESS_HOUR", "2"), ("IDENTITY__SMS__NUMBER_PREFIXES", "[\"+86\"]")];
    let (world, _secrets) = world_with_phone(&phone, &settings).await?;
    for number in ["", "13800138000", "+0613800138000", "+86 138", "+861380013800012345", "+49301234567"] {
        refused(ask_for_code(&world, number).await?, 422, "invalid_argument", &[]).await?;
    }
    expect(ask_for_code(&world, NUMBER).await?, StatusCode::ACCEPTED).await?;
    let too_soon = ask_for_code(&world, NUMBER).await?;
    ensure!(too_soon.headers().contains_key("retry-after"));
    refused(too_soon, 429, "too_many_requests", &[NUMBER]).await?;
    expect(ask_for_code(&world, "+8613800138001").await?, StatusCode::ACCEPTED).await?;
    refused(ask_for_code(&world, "+8613800138002").await?, 429, "too_many_requests", &[]).await?;
    ensure!(phone.messages() == 2, "what is refused is not sent");
    Ok(())
}

/// Aliyun's service as its description of `SendSms` has it.
#[tokio::test]
async fn aliyun_gets_a_signed_request_and_its_refusal_is_told_to_nobody() -> Outcome {
    let requests = Arc::new(Mutex::new(Vec::<(axum::http::HeaderMap, Vec<(String, String)>)>::new()));
    let take = |State(requests): State<Arc<Mutex<Vec<_>>>>,
                Query(query): Query<Vec<(String, String)>>,
                request: Request| async move {
        let refuse = query.iter().any(|(name, value)| name == "PhoneNumbers" && value.ends_with('9'));
        requests.lock().unwrap().push((request.headers().clone(), query));
        let (code, message) = if refuse { ("isv.BUSINESS_LIMIT_CONTROL", "limit") } else { ("OK", "OK") };
        Json(json!({ "Code": code, "Message": message, "BizId": "900619746936498440^0", "RequestId": "F655A8D5" }))
    };
    let service = serve(Router::new().route("/", post(take)).with_state(requests.clone())).await?;
    let folder = tempfile::tempdir()?;
    let secret_file = folder.path().join("aliyun.secret");
    std::fs::write(&secret_file, "aliyun-secret")?;
    let sender = format!(
        "{{kind=\"aliyun\",endpoint=\"{service}\",access_key_id=\"LTAI\",access_key_secret_file={secret_file:?},\
         sign_name=\"Worldloom\",template_code=\"SMS_1\"}}"
    );
    let world = World::start_with(&[("IDENTITY__SMS__SENDER", &sender)]).await?;
    let asked = expect(ask_for_code(&world, NUMBER).await?, StatusCode::ACCEPTED).await?;
    let (headers, query) = requests.lock().unwrap().pop().context("no request")?;
    let parameter = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    ensure!(parameter("PhoneNumbers") == Some("8613800138000") && parameter("SignName") == Some("Worldloom"));
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    ensure!(header("x-acs-action") == "SendSms" && header("x-acs-version") == "2017-05-25");
    ensure!(header("authorization").starts_with("ACS3-HMAC-SHA256 Credential=LTAI,SignedHeaders=host;x-acs-action;"));
    let template: Value = serde_json::from_str(parameter("TemplateParam").context("no variables")?)?;
    let proof = json!({ "challenge": asked["challenge"], "code": template["code"] });
    expect(world.log_in("sms", proof).await?, StatusCode::OK).await?;

    let limited = ask_for_code(&world, "+8613800138009").await?;
    refused(limited, 503, "provider_unavailable", &["BUSINESS_LIMIT", "aliyun-secret"]).await
}

/// WeChat's `code2session` as its description has it.
pub async fn code2session(Query(query): Query<Vec<(String, String)>>) -> String {
    let parameter = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let is_app = parameter("appid") == Some("wx-app") && parameter("secret") == Some("wx-secret");
    let answer = match parameter("js_code") {
        _ if !is_app => json!({ "errcode": 40125, "errmsg": "invalid appsecret" }),
        Some("ada") => json!({ "session_key": "k", "openid": "o-ada", "unionid": "u-ada" }),
        Some("busy") => json!({ "errcode": -1, "errmsg": "system error" }),
        Some("html") => return "<html>busy</html>".to_owned(),
        _ => json!({ "errcode": 40029, "errmsg": "invalid code, rid: 1" }),
    };
    // WeChat declares its JSON as plain text.
    answer.to_string()
}

/// A facade that asks WeChat at this address. The folder holds its secret.
pub async fn world_with_mini_program(service: String) -> anyhow::Result<(World, tempfile::TempDir)> {
    let folder = tempfile::tempdir()?;
    let secret_file = folder.path().join("wechat.secret");
    std::fs::write(&secret_file, "wx-secret")?;
    let secret_file = secret_file.display().to_string();
    let settings = [
        ("IDENTITY__WECHAT__APP_ID", "wx-app"),
        ("IDENTITY__WECHAT__APP_SECRET_FILE", &secret_file),
        ("IDENTITY__WECHAT__ENDPOINT", &service),
    ];
    Ok((World::start_with(&settings).await?, folder))
}

#[tokio::test]
async fn a_mini_program_logs_in_with_wechats_code() -> Outcome {
    let service = serve(Router::new().route("/sns/jscode2session", get(code2session))).await?;
    let (world, _secret) = world_with_mini_program(service).await?;
    let log_in = |code: &str| world.log_in("wechat", json!({ "code": code }));
    let first = expect(log_in("ada").await?, StatusCode::OK).await?;
    let second = expect(log_in("ada").await?, StatusCode::OK).await?;
    ensure!(first["player"] == second["player"] && world.at_node(text(&first, "access_token")).await?.is_ok());
    let subject = format!("{:?}", world.database.sql("SELECT * FROM player_login").await?);
    ensure!(subject.contains("o-ada") && !subject.contains("u-ada"), "{subject}");
    refused(log_in("stale").await?, 401, "login_refused", &["wx-secret"]).await?;
    refused(log_in("busy").await?, 503, "provider_unavailable", &["wx-secret"]).await?;
    // Whoever answered so may have used the code up.
    refused(log_in("html").await?, 503, "login_interrupted", &["wx-secret"]).await?;
    refused(log_in("").await?, 422, "invalid_argument", &[]).await
}
