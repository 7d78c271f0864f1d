//! A node with the game database and a facade before it, and what answers must look like.

use anyhow::{Context, ensure};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use worldloom_tests::facade::Upload;
use worldloom_tests::said::Said;
use worldloom_tests::{Account, Database, TestFacade, TestNode};

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

    /// With settings of the facade such as `("OBJECTS__UPLOAD_LIMIT_BYTES", "100")`.
    pub async fn start_with(settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::start_under(settings, Vec::new()).await
    }

    /// The same, with environment variables of the facade's process that are no settings.
    pub async fn start_under(settings: &[(&str, &str)], circumstances: Vec<(String, String)>) -> anyhow::Result<Self> {
        let node = TestNode::start().await?;
        let database = node.publish("worldloom", "spacetime_module").await?;
        let facade = TestFacade::start_under(&node, &database, settings, circumstances, Said::Aloud).await?;
        Ok(Self { node, database, facade })
    }

    /// Uploads and expects success; returns the asset.
    pub async fn uploaded(&self, owner: &Account, upload: &Upload) -> anyhow::Result<Value> {
        let answer = self.facade.client.upload(owner, upload)?.send().await?;
        expect(answer, StatusCode::CREATED).await
    }

    /// Puts an asset into the slot `cover` of a world.
    pub async fn bind(&self, caller: &Account, asset: &Value, entity_id: &str) -> anyhow::Result<Response> {
        let path = format!("/assets/{}/bindings", id_of(asset)?);
        let slot = json!({ "entity_kind": "world", "entity_id": entity_id, "slot": "cover" });
        Ok(self.facade.client.request(Method::POST, &path, Some(caller)).json(&slot).send().await?)
    }

    /// Takes an asset out of the slot `cover` of a world.
    pub async fn unbind(&self, caller: &Account, asset: &Value, entity_id: &str) -> anyhow::Result<Response> {
        let path = format!("/assets/{}/bindings", id_of(asset)?);
        let slot = [("entity_kind", "world"), ("entity_id", entity_id), ("slot", "cover")];
        Ok(self.facade.client.request(Method::DELETE, &path, Some(caller)).query(&slot).send().await?)
    }

    /// Sends a request about an asset, such as `GET` with `/content`.
    pub async fn about(
        &self,
        method: Method,
        asset: &Value,
        rest: &str,
        caller: Option<&Account>,
    ) -> anyhow::Result<Response> {
        let path = format!("/assets/{}{rest}", id_of(asset)?);
        Ok(self.facade.client.request(method, &path, caller).send().await?)
    }

    /// The bytes of an asset, which the caller must be able to read.
    pub async fn content(&self, asset: &Value, caller: Option<&Account>) -> anyhow::Result<Vec<u8>> {
        let answer = self.about(Method::GET, asset, "/content", caller).await?;
        let status = answer.status();
        let bytes = answer.bytes().await?;
        ensure!(
            status == StatusCode::OK,
            "the content was answered with {status}: {}",
            String::from_utf8_lossy(&bytes)
        );
        Ok(bytes.to_vec())
    }
}

/// The id in an asset's record.
pub fn id_of(asset: &Value) -> anyhow::Result<&str> {
    asset["asset_id"].as_str().with_context(|| format!("no asset_id in {asset}"))
}

/// The JSON body of an answer with this status.
pub async fn expect(answer: Response, status: StatusCode) -> anyhow::Result<Value> {
    let actual = answer.status();
    let body = answer.text().await?;
    ensure!(actual == status, "{actual} instead of {status}: {body}");
    Ok(serde_json::from_str(&body)?)
}

/// The problem document of an answer, complete and with this status and code.
pub async fn expect_problem(answer: Response, status: u16, code: &str) -> anyhow::Result<Value> {
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (content_type, request_id) = (header("content-type"), header("x-request-id"));
    let problem = expect(answer, StatusCode::from_u16(status)?).await?;
    ensure!(content_type.as_deref() == Some("application/problem+json"), "{content_type:?} with {problem}");
    ensure!(problem["code"] == code, "not {code}: {problem}");
    ensure!(problem["status"] == status && problem["type"] == format!("urn:worldloom:problem:{code}"), "{problem}");
    ensure!(request_id.is_some() && problem["request_id"].as_str() == request_id.as_deref(), "{problem}");
    for text in ["title", "detail"] {
        ensure!(problem[text].as_str().is_some_and(|text| !text.is_empty()), "no {text} in {problem}");
    }
    Ok(problem)
}
