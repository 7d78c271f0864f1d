//! A node, a facade and a store, and a client that does as the requests that it is given say.

use anyhow::{Context, ensure};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use worldloom_tests::facade::sha256;
use worldloom_tests::s3_server::S3Server;
use worldloom_tests::{Account, Database, TestFacade, TestNode, http_client};

/// Size of a part, the smallest that S3 takes.
pub const PART: usize = 5 << 20;

const ATTEMPTS: usize = 20;

/// Where objects lie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Store {
    Folder,
    S3,
}

pub struct World {
    pub node: TestNode,
    pub database: Database,
    pub facade: TestFacade,
    pub s3: Option<S3Server>,
    pub player: Account,
    /// Speaks to the store, without any token.
    http: Client,
}

impl World {
    pub async fn start(store: Store) -> anyhow::Result<Self> {
        Self::start_with(store, &[]).await
    }

    pub async fn start_with(store: Store, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let node = TestNode::start().await?;
        let database = node.publish("worldloom", "spacetime_module").await?;
        let s3 = if store == Store::S3 { Some(S3Server::start()?) } else { None };
        let mut all: Vec<(&str, String)> = vec![("OBJECTS__PART_BYTES", PART.to_string())];
        all.extend(s3.iter().flat_map(S3Server::as_settings));
        all.extend(settings.iter().map(|(key, value)| (*key, (*value).to_owned())));
        let all: Vec<(&str, &str)> = all.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let facade = TestFacade::start_with(&node, &database, &all).await?;
        let player = node.account().await?;
        Ok(Self { node, database, facade, s3, player, http: http_client()? })
    }

    /// Keys of the objects in the store.
    pub fn keys(&self) -> anyhow::Result<Vec<String>> {
        match &self.s3 {
            Some(s3) => Ok(s3.keys()),
            None => Ok(self.facade.stored()?.into_keys().collect()),
        }
    }

    pub async fn post(&self, caller: &Account, path: &str, body: &Value) -> anyhow::Result<Response> {
        Ok(self.facade.client.request(Method::POST, path, Some(caller)).json(body).send().await?)
    }

    pub async fn get(&self, caller: Option<&Account>, path: &str) -> anyhow::Result<Response> {
        Ok(self.facade.client.request(Method::GET, path, caller).send().await?)
    }

    /// Announces a file of the player as what it is.
    pub async fn announce(&self, key: &str, bytes: &[u8], policy: &str) -> anyhow::Result<Response> {
        self.announce_as(key, &announcement(bytes, policy)).await
    }

    pub async fn announce_as(&self, key: &str, body: &Value) -> anyhow::Result<Response> {
        let request = self.facade.client.request(Method::POST, "/assets/uploads", Some(&self.player));
        Ok(request.header("idempotency-key", key).json(body).send().await?)
    }

    /// Announces and expects to be told how.
    pub async fn announced(&self, key: &str, bytes: &[u8], policy: &str) -> anyhow::Result<Value> {
        expect(self.announce(key, bytes, policy).await?, StatusCode::CREATED).await
    }

    /// Sends a signed request with these bytes.
    pub async fn send(&self, request: &Value, bytes: Vec<u8>) -> anyhow::Result<Response> {
        let sent = self.signed(request, None)?.body(bytes);
        // A store may refuse and close while the body is on its way; a client then sends the request again.
        for _ in 0..ATTEMPTS {
            if let Ok(answer) = sent.try_clone().context("bytes can be sent again")?.send().await {
                return Ok(answer);
            }
        }
        anyhow::bail!("the store never answered")
    }

    /// Whether the store refuses these bytes, with one header changed or with none. It may do so by closing while
    /// they are on their way, and its answer is then lost every time.
    pub async fn refuses(
        &self,
        request: &Value,
        changed: Option<(&str, &str)>,
        bytes: Vec<u8>,
    ) -> anyhow::Result<bool> {
        let answer = self.signed(request, changed)?.body(bytes).send().await;
        match answer {
            Ok(answer) => Ok(answer.status().is_client_error()),
            Err(error) => Ok(!error.is_connect() && !error.is_timeout()),
        }
    }

    /// A signed request as it is to be sent, with one header changed or with none.
    fn signed(&self, request: &Value, changed: Option<(&str, &str)>) -> anyhow::Result<RequestBuilder> {
        let method = Method::from_bytes(text(request, "method").as_bytes())?;
        let mut sent = self.http.request(method, text(request, "url"));
        for (name, value) in request["headers"].as_object().context("headers")? {
            if name != "content-length" {
                let value = value.as_str().unwrap_or_default();
                sent = sent.header(name, changed.filter(|(header, _)| header == name).map_or(value, |(_, new)| new));
            }
        }
        Ok(sent)
    }

    /// Confirms an upload of the player.
    pub async fn confirm(&self, ticket: &Value) -> anyhow::Result<Response> {
        self.post(&self.player, &format!("/assets/{}/confirm", id_of(ticket)?), &json!({})).await
    }

    /// Announces, sends and confirms; returns the asset.
    pub async fn uploaded(&self, key: &str, bytes: &[u8], policy: &str) -> anyhow::Result<Value> {
        let ticket = self.announced(key, bytes, policy).await?;
        let sent = self.send(&ticket["upload"]["request"], bytes.to_vec()).await?;
        ensure!(sent.status() == StatusCode::OK, "{}: {}", sent.status(), sent.text().await?);
        expect(self.confirm(&ticket).await?, StatusCode::OK).await
    }

    /// A signed URL for a download, and nothing else.
    pub async fn url(&self, caller: Option<&Account>, asset: &Value, query: &str) -> anyhow::Result<Response> {
        self.get(caller, &format!("/assets/{}/url{query}", text(asset, "asset_id"))).await
    }
}

/// A true announcement of a JPEG.
pub fn announcement(bytes: &[u8], policy: &str) -> Value {
    json!({
        "file_name": "castle.jpg",
        "content_type": "image/jpeg",
        "byte_size": bytes.len(),
        "sha256": sha256(bytes),
        "access_policy": policy,
    })
}

pub fn id_of(ticket: &Value) -> anyhow::Result<&str> {
    ticket["asset"]["asset_id"].as_str().with_context(|| format!("no asset in {ticket}"))
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
    Ok(serde_json::from_str(&body)?)
}

/// The problem document of an answer, with this status and code.
pub async fn refused(answer: Response, status: u16, code: &str) -> anyhow::Result<Value> {
    let content_type = answer.headers().get("content-type").cloned();
    let problem = expect(answer, StatusCode::from_u16(status)?).await?;
    ensure!(content_type.is_some_and(|value| value == "application/problem+json"), "no problem document: {problem}");
    ensure!(problem["code"] == code && !text(&problem, "detail").is_empty(), "not {code}: {problem}");
    Ok(problem)
}
