//! What a request is answered with, checked in one line.

use anyhow::Context;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;

/// Sends a request that must be refused with this status and stable code; returns the sentence.
pub async fn refused(request: RequestBuilder, status: u16, code: &str) -> anyhow::Result<String> {
    refusal(request.send().await?, status, code).await
}

/// Sends a body that is too large. The node answers before it has read everything; a client
/// that is still writing may find the connection closed instead of the answer.
pub async fn refused_for_its_size(request: RequestBuilder, code: &str) -> anyhow::Result<()> {
    match request.send().await {
        Ok(answer) => refusal(answer, 413, code).await.map(drop),
        Err(cause) if cause.is_request() || cause.is_body() => Ok(()),
        Err(cause) => Err(cause.into()),
    }
}

/// The sentence of an answer that must be a refusal with this status and stable code.
pub async fn refusal(answer: Response, status: u16, code: &str) -> anyhow::Result<String> {
    let told = answer.headers().get("spacetime-error-code").map(|code| code.to_str().map(str::to_owned)).transpose()?;
    let found = (answer.status().as_u16(), told.unwrap_or_default());
    let body = answer.text().await?;
    anyhow::ensure!(found == (status, code.to_owned()), "expected {status} {code}, got {found:?}: {body}");
    anyhow::ensure!(!body.is_empty(), "{status} {code} says nothing");
    Ok(body)
}

/// Sends a request that must succeed; returns the body.
pub async fn text(request: RequestBuilder) -> anyhow::Result<String> {
    let answer = request.send().await?;
    let (status, url) = (answer.status(), answer.url().clone());
    let body = answer.text().await?;
    anyhow::ensure!(status.is_success(), "{} was answered with {status}: {body}", url.path());
    Ok(body)
}

/// Sends a request that must succeed; returns the body as JSON.
pub async fn json(request: RequestBuilder) -> anyhow::Result<Value> {
    let body = text(request).await?;
    serde_json::from_str(&body).with_context(|| format!("not JSON: {body}"))
}
