//! A node with the game database, facades before it, and a reader of server-sent events.

use anyhow::{Context, ensure};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use worldloom_tests::facade::FacadeClient;
pub use worldloom_tests::task_events::{Event, Reader, end_of, text_of};
use worldloom_tests::{Account, Database, ModelEndpoint, TestFacade, TestNode};

/// The product of one test.
pub struct World {
    pub node: TestNode,
    pub database: Database,
    pub facade: TestFacade,
}

impl World {
    /// With the offline provider.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(&[]).await
    }

    /// With a model that the test plays.
    pub async fn start_with_model(model: &ModelEndpoint) -> anyhow::Result<Self> {
        Self::start_with(&[("AI__PROVIDERS", &model.as_provider("small"))]).await
    }

    pub async fn start_with(settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let node = TestNode::start().await?;
        let database = node.publish("worldloom", "spacetime_module").await?;
        let facade = TestFacade::start_with(&node, &database, settings).await?;
        Ok(Self { node, database, facade })
    }
}

/// Asks for a task of one stage; returns its id.
pub async fn ask_for_text(client: &FacadeClient, player: &Account, request: &str) -> anyhow::Result<String> {
    ask_for(client, player, "text", request, &["song"], 2).await
}

pub async fn ask_for(
    client: &FacadeClient,
    player: &Account,
    kind: &str,
    request: &str,
    stages: &[&str],
    attempts_max: u32,
) -> anyhow::Result<String> {
    let stages: Vec<_> = stages.iter().map(|key| json!({ "key": key, "title": key })).collect();
    let task = json!({ "kind": kind, "request": request, "stages": stages, "attempts_max": attempts_max });
    let key = format!("{kind}-{}", request.len());
    let answer = client.request(Method::POST, "/ai/tasks", Some(player)).header("idempotency-key", key);
    let task = body(answer.json(&task).send().await?, StatusCode::CREATED).await?;
    Ok(task["task_id"].as_str().context("a task has an id")?.to_owned())
}

/// The JSON of an answer with this status.
pub async fn body(answer: Response, status: StatusCode) -> anyhow::Result<Value> {
    let actual = answer.status();
    let text = answer.text().await?;
    ensure!(actual == status, "{actual} instead of {status}: {text}");
    Ok(serde_json::from_str(&text)?)
}
