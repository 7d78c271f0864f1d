//! A stand-in for a language model's endpoint: it speaks the protocol on the wire, and the test decides what it says
//! and when, up to holding still in the middle of a word or hanging up.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::Context;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use axum::{Json, Router};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout;

use crate::DEADLINE;

/// A running endpoint.
pub struct ModelEndpoint {
    address: SocketAddr,
    exchanges: Mutex<mpsc::UnboundedReceiver<Exchange>>,
}

/// One request, as the test answers it. Dropping it hangs up.
pub struct Exchange {
    /// The body of the request.
    pub request: Value,
    head: Option<oneshot::Sender<Head>>,
    body: mpsc::Sender<Result<Bytes, std::io::Error>>,
}

struct Head {
    status: StatusCode,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
}

impl ModelEndpoint {
    /// Listens on a free port.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (asked, exchanges) = mpsc::unbounded_channel();
        let router = Router::new().route("/v1/chat/completions", post(answer)).with_state(asked);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, exchanges: Mutex::new(exchanges) })
    }

    /// The value of the facade's `ai.providers` that names this endpoint, which asks for `model`.
    pub fn as_provider(&self, model: &str) -> String {
        format!("[{{kind=\"openai\",name=\"stand-in\",base_url=\"http://{}/v1\",model=\"{model}\"}}]", self.address)
    }

    /// The next request.
    pub async fn asked(&self) -> anyhow::Result<Exchange> {
        let mut exchanges = self.exchanges.lock().await;
        let exchange = timeout(DEADLINE, exchanges.recv()).await.context("waited in vain for a request")?;
        exchange.context("the endpoint has ended")
    }
}

impl Exchange {
    /// Begins a stream.
    pub fn begin(&mut self) {
        self.send_head(StatusCode::OK, vec![("content-type", "text/event-stream".to_owned())], None);
    }

    /// Answers with a status instead of a stream.
    pub fn refuse(mut self, status: StatusCode, headers: Vec<(&'static str, String)>) {
        let body = json!({ "error": { "message": "not now", "type": "server_error" } });
        self.send_head(status, headers, Some(body.to_string()));
    }

    /// Sends a piece of text.
    pub async fn say(&mut self, text: &str) -> anyhow::Result<()> {
        self.event(&json!({ "choices": [{ "index": 0, "delta": { "content": text }, "finish_reason": null }] })).await
    }

    /// Ends the stream as a model does.
    pub async fn end(mut self) -> anyhow::Result<()> {
        self.event(&json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] })).await?;
        self.event(&json!({ "choices": [], "usage": { "prompt_tokens": 11, "completion_tokens": 7 } })).await?;
        self.raw("data: [DONE]\n\n").await
    }

    /// Sends these bytes as they are.
    pub async fn raw(&mut self, bytes: &str) -> anyhow::Result<()> {
        if self.head.is_some() {
            self.begin();
        }
        self.body.send(Ok(Bytes::copy_from_slice(bytes.as_bytes()))).await.context("the facade has hung up")
    }

    /// Drops the connection.
    pub async fn hang_up(self) -> anyhow::Result<()> {
        let broken = std::io::Error::other("the test hangs up");
        self.body.send(Err(broken)).await.context("the facade has hung up first")
    }

    /// Waits until the facade has hung up.
    pub async fn is_abandoned(&self) -> anyhow::Result<()> {
        timeout(DEADLINE, self.body.closed()).await.context("the facade goes on listening")
    }

    async fn event(&mut self, event: &Value) -> anyhow::Result<()> {
        self.raw(&format!("data: {event}\n\n")).await
    }

    fn send_head(&mut self, status: StatusCode, headers: Vec<(&'static str, String)>, body: Option<String>) {
        if let Some(head) = self.head.take() {
            // The facade may have hung up.
            let _ = head.send(Head { status, headers, body });
        }
    }
}

async fn answer(
    State(asked): State<mpsc::UnboundedSender<Exchange>>,
    Json(request): Json<Value>,
) -> Result<Response, Infallible> {
    let (head, begun) = oneshot::channel();
    let (body, pieces) = mpsc::channel(64);
    let exchange = Exchange { request, head: Some(head), body };
    // A test that has ended asks no more questions.
    let _ = asked.send(exchange);
    let hung_up = Head { status: StatusCode::BAD_GATEWAY, headers: Vec::new(), body: Some(String::new()) };
    let Head { status, headers, body } = begun.await.unwrap_or(hung_up);
    let pieces = futures::stream::unfold(pieces, |mut pieces| async move { Some((pieces.recv().await?, pieces)) });
    let body = body.map_or_else(|| Body::from_stream(pieces.boxed()), Body::from);
    let mut response = Response::new(body);
    *response.status_mut() = status;
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}
