//! The world outside, as modules reach it: through a proxy, because the engine connects a module to no address of this
//! machine.

use std::net::SocketAddr;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use worldloom_tests::DEADLINE;

/// A proxy that answers each request itself, with what the test says.
pub struct Outside {
    address: SocketAddr,
    requests: mpsc::UnboundedReceiver<Asked>,
}

/// A request of a module. Dropping it is answered with 502.
pub struct Asked {
    /// What it asks for.
    pub url: String,
    answer: oneshot::Sender<String>,
}

impl Outside {
    /// Listens on a free port.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (asked, requests) = mpsc::unbounded_channel();
        let router = Router::new().fallback(ask).with_state(asked);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, requests })
    }

    /// The environment of a node whose modules get here.
    pub fn environment(&self) -> Vec<(String, String)> {
        vec![("HTTP_PROXY".to_owned(), format!("http://{}", self.address)), ("NO_PROXY".to_owned(), String::new())]
    }

    /// The next request.
    pub async fn asked(&mut self) -> anyhow::Result<Asked> {
        timeout(DEADLINE, self.requests.recv()).await?.context("the proxy has ended")
    }
}

impl Asked {
    /// Answers with a text.
    pub fn answer(self, text: &str) {
        // Whoever asked may have gone.
        let _ = self.answer.send(text.to_owned());
    }
}

async fn ask(State(asked): State<mpsc::UnboundedSender<Asked>>, url: Uri) -> Result<String, StatusCode> {
    let (answer, answered) = oneshot::channel();
    asked.send(Asked { url: url.to_string(), answer }).map_err(|_| StatusCode::BAD_GATEWAY)?;
    answered.await.map_err(|_| StatusCode::BAD_GATEWAY)
}
