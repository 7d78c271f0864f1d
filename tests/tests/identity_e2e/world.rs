//! A node that trusts a facade as an issuer of tokens, and what clients say to the facade.

use anyhow::{Context, ensure};
use rand::RngCore;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use worldloom_tests::{Account, Database, Outcome, TestFacade, TestNode};

/// The product of one test.
pub struct World {
    pub node: TestNode,
    pub database: Database,
    pub facade: TestFacade,
}

impl World {
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(&[]).await
    }

    /// With settings of the facade such as `("IDENTITY__DEVICE__ENABLED", "false")`.
    pub async fn start_with(settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut node = TestNode::start().await?;
        let database = node.publish("worldloom", "spacetime_module").await?;
        let facade = TestFacade::start_with(&node, &database, settings).await?;
        facade.is_trusted_by(&mut node).await?;
        Ok(Self { node, database, facade })
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.facade.client.request(method, path, None)
    }

    /// A request with an access token.
    pub fn request_as(&self, tokens: &Value, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(text(tokens, "access_token"))
    }

    /// A login of an app.
    pub async fn log_in(&self, provider: &str, proof: Value) -> anyhow::Result<Response> {
        let body = json!({ "provider": provider, "proof": proof, "client": "app", "device_name": "test" });
        Ok(self.request(Method::POST, "/auth/login").json(&body).send().await?)
    }

    /// Logs a device in and expects success.
    pub async fn guest(&self, secret: &str) -> anyhow::Result<Value> {
        expect(self.log_in("device", json!({ "device_secret": secret })).await?, StatusCode::OK).await
    }

    pub async fn refresh(&self, token: &str) -> anyhow::Result<Response> {
        Ok(self.request(Method::POST, "/auth/refresh").json(&json!({ "refresh_token": token })).send().await?)
    }

    /// The devices of a player, which must be listed.
    pub async fn devices(&self, tokens: &Value) -> anyhow::Result<Vec<Value>> {
        let devices =
            expect(self.request_as(tokens, Method::GET, "/auth/devices").send().await?, StatusCode::OK).await?;
        devices.as_array().cloned().context("a list")
    }

    /// What the node makes of an access token: the identity, or a refusal.
    pub async fn at_node(&self, token: &str) -> anyhow::Result<Result<String, StatusCode>> {
        let url = format!("{}/v1/database/{}/sql", self.node.url, self.database.name);
        let request = self.node.http.post(url).bearer_auth(token).body("SELECT * FROM my_logins");
        let answer = request.send().await?;
        if !answer.status().is_success() {
            return Ok(Err(answer.status()));
        }
        let identity = answer.headers().get("spacetime-identity").context("the node tells the identity")?;
        Ok(Ok(identity.to_str()?.to_owned()))
    }
}

/// A fresh device secret.
pub fn secret() -> String {
    use base64::Engine;
    let mut bytes = [0; 32];
    rand::thread_rng().fill_bytes(&mut bytes);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// The account of a token's holder, as the SDK wants it.
pub fn account(tokens: &Value) -> Account {
    Account { identity: text(tokens, "player").to_owned(), token: text(tokens, "access_token").to_owned() }
}

/// A text in an answer; empty if it is not there.
pub fn text<'a>(answer: &'a Value, member: &str) -> &'a str {
    answer[member].as_str().unwrap_or_default()
}

/// The JSON body of an answer with this status.
pub async fn expect(answer: Response, status: StatusCode) -> anyhow::Result<Value> {
    let actual = answer.status();
    let body = answer.text().await?;
    ensure!(actual == status, "{actual} instead of {status}: {body}");
    Ok(if body.is_empty() { Value::Null } else { serde_json::from_str(&body)? })
}

/// Sees that an answer is a problem of this code, complete, and that it holds none of these texts.
pub async fn refused(answer: Response, status: u16, code: &str, secrets: &[&str]) -> Outcome {
    let content_type = answer.headers().get("content-type").cloned();
    let problem = expect(answer, StatusCode::from_u16(status)?).await?;
    ensure!(content_type.is_some_and(|value| value == "application/problem+json"), "no problem document: {problem}");
    ensure!(problem["code"] == code && !text(&problem, "detail").is_empty(), "not {code}: {problem}");
    let said = problem.to_string();
    ensure!(secrets.iter().all(|secret| !said.contains(secret)), "a secret is repeated: {problem}");
    Ok(())
}
