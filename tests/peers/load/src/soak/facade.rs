//! What clients ask the facade for: tasks, over kept and new connections, and the events of texts.

use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use bytes::BytesMut;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http;

/// How long a connection is kept without a request. The facade closes one after `http.header_timeout_s`, 10 s, and a
/// request that crosses the close would fail without anybody's fault.
const KEPT_MAX: Duration = Duration::from_secs(5);
/// Words of a text, of which the offline provider writes 50 a second.
const WORDS: u32 = 10;
/// Most bytes of a text's events.
const EVENTS_MAX: usize = 1 << 20;

/// The facade, as one player sees it.
pub struct Facade<'a> {
    /// Address and port.
    pub address: &'a str,
    /// The player's bearer token.
    pub token: &'a str,
}

/// A connection for one request after the other.
pub struct Kept {
    stream: TcpStream,
    incoming: BytesMut,
    used_at: Instant,
}

impl Facade<'_> {
    /// Reads a task over a connection of its own.
    pub async fn read_task(&self, task_id: &str) -> anyhow::Result<()> {
        let request = self.request("GET", &format!("/ai/tasks/{task_id}"), "connection: close\r\n", "");
        http::exchange(self.address, &request).await.map(drop)
    }

    /// The same over a connection that is kept, or opened if there is none that can be used.
    pub async fn read_task_over(&self, kept: &mut Option<Kept>, task_id: &str) -> anyhow::Result<()> {
        let mut connection = match kept.take().filter(|kept| kept.used_at.elapsed() < KEPT_MAX) {
            Some(connection) => connection,
            None => Kept::open(self.address).await?,
        };
        let request = self.request("GET", &format!("/ai/tasks/{task_id}"), "", "");
        connection.exchange(&request).await?;
        *kept = Some(connection);
        Ok(())
    }

    /// Asks for a text; the task's id.
    pub async fn ask_for_text(&self, key: &str) -> anyhow::Result<String> {
        let wish = json!({ "prompt": key, "words": WORDS }).to_string();
        let body = json!({ "kind": "text", "request": wish }).to_string();
        let fields = format!("connection: close\r\nidempotency-key: {key}\r\ncontent-type: application/json\r\n");
        let answer = http::exchange(self.address, &self.request("POST", "/ai/tasks", &fields, &body)).await?;
        let whole = http::whole_answer(&answer)?.context("half an answer")?;
        let task: Value = serde_json::from_slice(&answer[whole.body])?;
        Ok(task["task_id"].as_str().context("a task has an id")?.to_owned())
    }

    /// Reads a text's events to its end or, if told to, to its first words alone, and hangs up.
    pub async fn read_events(&self, task_id: &str, breaks_off: bool) -> anyhow::Result<()> {
        let mut stream = http::connect(self.address).await?;
        let request = self.request("GET", &format!("/ai/tasks/{task_id}/events"), "connection: close\r\n", "");
        stream.write_all(request.as_bytes()).await?;
        let mut heard = BytesMut::new();
        loop {
            ensure!(stream.read_buf(&mut heard).await? > 0, "the events of a text broke off: {}", shown(&heard));
            ensure!(heard.len() < EVENTS_MAX, "the events of a text do not end");
            if breaks_off && after(&heard, b"event: text").is_some() {
                return Ok(());
            }
            let Some(end) = after(&heard, b"event: end") else { continue };
            if after(end, b"\n\n").is_some() {
                ensure!(after(end, b"\"completed\"").is_some(), "a text was not completed: {}", shown(end));
                return Ok(());
            }
        }
    }

    fn request(&self, method: &str, path: &str, fields: &str, body: &str) -> String {
        let Self { address, token } = self;
        let length = match body {
            "" => String::new(),
            body => format!("content-length: {}\r\n", body.len()),
        };
        format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n{fields}{length}\r\n{body}"
        )
    }
}

impl Kept {
    async fn open(address: &str) -> anyhow::Result<Self> {
        let stream = http::connect(address).await?;
        Ok(Self { stream, incoming: BytesMut::with_capacity(4096), used_at: Instant::now() })
    }

    async fn exchange(&mut self, request: &str) -> anyhow::Result<()> {
        self.stream.write_all(request.as_bytes()).await?;
        loop {
            ensure!(self.stream.read_buf(&mut self.incoming).await? > 0, "the facade closed a kept connection");
            if let Some(whole) = http::whole_answer(&self.incoming)? {
                let is_alone = whole.body.end == self.incoming.len();
                if !whole.is_success || !is_alone {
                    bail!("a request over a kept connection failed: {}", shown(&self.incoming));
                }
                self.incoming.clear();
                self.used_at = Instant::now();
                return Ok(());
            }
        }
    }
}

/// What follows the first occurrence of `wanted`.
fn after<'a>(bytes: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    let at = bytes.windows(wanted.len()).position(|window| window == wanted)?;
    bytes.get(at + wanted.len()..)
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    const EVENTS: &str = "event: text\ndata: {}\n\nevent: end\ndata: {\"status\":\"completed\"}\n\n";

    /// Answers one connection after the other with these bytes, and closes each.
    async fn answering(answers: &'static [&'static str]) -> anyhow::Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await?;
                stream.read_buf(&mut BytesMut::with_capacity(4096)).await?;
                stream.write_all(answer.as_bytes()).await?;
            }
            anyhow::Ok(())
        });
        Ok(address)
    }

    #[tokio::test]
    async fn a_text_is_read_to_its_end_or_broken_off_and_must_be_completed() -> anyhow::Result<()> {
        let address = answering(&[EVENTS, "event: text\n", "event: text\n", "event: end\ndata: failed\n\n"]).await?;
        let facade = Facade { address: &address, token: "" };
        facade.read_events("1", false).await?;
        facade.read_events("1", true).await?;
        assert!(facade.read_events("1", false).await.is_err(), "the stream ended before the text did");
        assert!(facade.read_events("1", false).await.is_err(), "the text failed");
        Ok(())
    }

    #[tokio::test]
    async fn a_connection_is_kept_after_a_success_alone() -> anyhow::Result<()> {
        let address = answering(&[
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
        ])
        .await?;
        let facade = Facade { address: &address, token: "" };
        let mut kept = None;
        facade.read_task_over(&mut kept, "1").await?;
        assert!(kept.is_some());
        kept = None;
        assert!(facade.read_task_over(&mut kept, "1").await.is_err());
        assert!(kept.is_none());
        Ok(())
    }
}
