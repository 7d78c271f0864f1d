//! A reader of generation tasks' server-sent events, and what its events amount to.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use futures::StreamExt;
use futures::stream::BoxStream;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::time::timeout;

use crate::facade::FacadeClient;
use crate::{Account, DEADLINE};

/// An event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// `stage`, `text` or `end`.
    pub name: String,
    /// The place of a text.
    pub id: Option<String>,
    /// What it says.
    pub data: Value,
}

/// A client that reads a task's events.
pub struct Reader {
    bytes: BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    text: String,
}

impl Reader {
    /// Opens the stream, after the event of this id if there is one.
    pub async fn open(
        client: &FacadeClient,
        player: &Account,
        task_id: &str,
        last_id: Option<&str>,
    ) -> anyhow::Result<Self> {
        let mut request = client.request(Method::GET, &format!("/ai/tasks/{task_id}/events"), Some(player));
        if let Some(last_id) = last_id {
            request = request.header("last-event-id", last_id);
        }
        let answer = request.send().await?;
        ensure!(answer.status() == StatusCode::OK, "{}: {}", answer.status(), answer.text().await?);
        ensure!(answer.headers()["content-type"] == "text/event-stream", "{:?}", answer.headers());
        Ok(Self { bytes: answer.bytes_stream().boxed(), text: String::new() })
    }

    /// The next event; none when the stream has ended.
    pub async fn next(&mut self) -> anyhow::Result<Option<Event>> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let event = parse(block)?;
                self.text = rest.to_owned();
                match event {
                    Some(event) => return Ok(Some(event)),
                    None => continue,
                }
            }
            match timeout(DEADLINE, self.bytes.next()).await.context("waited in vain for an event")? {
                Some(bytes) => self.text.push_str(std::str::from_utf8(&bytes?)?),
                None => return Ok(None),
            }
        }
    }

    /// The next piece of text and its id.
    pub async fn next_text(&mut self) -> anyhow::Result<(String, String)> {
        loop {
            let event = self.next().await?.context("the stream ended before there was text")?;
            if event.name == "text" {
                let text = event.data["text"].as_str().context("text is text")?.to_owned();
                return Ok((event.id.context("text has an id")?, text));
            }
        }
    }

    /// All events to the end of the stream.
    pub async fn rest(&mut self) -> anyhow::Result<Vec<Event>> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await? {
            events.push(event);
        }
        Ok(events)
    }
}

/// An event's fields; none for a comment.
fn parse(block: &str) -> anyhow::Result<Option<Event>> {
    let mut fields: BTreeMap<&str, String> = BTreeMap::new();
    for line in block.lines().filter(|line| !line.starts_with(':')) {
        let (name, value) = line.split_once(": ").with_context(|| format!("no field: {line}"))?;
        fields.insert(name, value.to_owned());
    }
    let Some(data) = fields.get("data") else { return Ok(None) };
    let name = fields.get("event").cloned().unwrap_or_default();
    Ok(Some(Event { name, id: fields.get("id").cloned(), data: serde_json::from_str(data)? }))
}

/// The text of an attempt at a stage, if it came in order and without gaps.
pub fn text_of(events: &[Event], position: u32, attempt: u32) -> anyhow::Result<String> {
    let mut text = String::new();
    let mut expected = None;
    for Event { id, data, .. } in events.iter().filter(|event| event.name == "text") {
        if data["position"] != position || data["attempt"] != attempt {
            continue;
        }
        let sequence = data["sequence"].as_u64().context("text is numbered")?;
        ensure!(expected.is_none_or(|expected| expected == sequence), "{sequence} instead of {expected:?}");
        ensure!(id.as_deref() == Some(&format!("{position}.{attempt}.{sequence}")), "{id:?}");
        expected = Some(sequence + 1);
        text.push_str(data["text"].as_str().context("text is text")?);
    }
    Ok(text)
}

/// The last event, which tells how the task ended.
pub fn end_of(events: &[Event]) -> anyhow::Result<&Value> {
    let last = events.last().context("there are no events")?;
    ensure!(last.name == "end", "not the end: {last:?}");
    Ok(&last.data)
}
