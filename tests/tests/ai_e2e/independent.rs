//! The facade against somebody else's implementation of OpenAI's protocol, with its faults.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, ensure};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use worldloom_tests::{Account, DEADLINE, Outcome};

use crate::world::{Event, Reader, World, ask_for, end_of, text_of};

/// What the server says when nothing goes wrong.
const SENTENCE: &str = "Über dem Wasser 灯台 brennt ein Licht, und niemand weiß, wer es anließ. ";

/// The server's process, which ends with the test.
struct ModelServer {
    _process: Child,
    url: String,
}

impl ModelServer {
    async fn start() -> anyhow::Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("model-server/server.mjs");
        let mut process = Command::new("node")
            .arg(&script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start node; run `cargo xtask setup`")?;
        let mut lines = BufReader::new(process.stdout.take().context("the output is piped")?).lines();
        let url = timeout(DEADLINE, lines.next_line()).await??;
        let url = url.context("the model server ended; run `npm ci` in tests/model-server")?;
        Ok(Self { _process: process, url })
    }

    fn settings(&self) -> String {
        format!("[{{kind=\"openai\",name=\"mock\",base_url=\"{}/v1\",model=\"m\"}}]", self.url)
    }
}

/// Asks for a text in one attempt and reads it to its end.
async fn written(world: &World, player: &Account, request: &str) -> anyhow::Result<Vec<Event>> {
    let client = &world.facade.client;
    let task_id = ask_for(client, player, "text", request, &[], 1).await?;
    Reader::open(client, player, &task_id, None).await?.rest().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_protocol_is_spoken_as_others_speak_it() -> Outcome {
    let server = ModelServer::start().await?;
    let world = World::start_with(&[("AI__PROVIDERS", &server.settings())]).await?;
    let player = world.node.account().await?;
    let whole = SENTENCE.repeat(8).trim().to_owned();

    for request in ["a calm sea", "and now a busy model"] {
        let events = written(&world, &player, request).await?;
        ensure!(end_of(&events)?["status"] == "completed", "{request}: {events:?}");
        ensure!(text_of(&events, 0, 1)? == whole, "{request}: {events:?}");
    }

    let broken = written(&world, &player, "here comes a broken wire").await?;
    let text = text_of(&broken, 0, 1)?;
    ensure!(!text.is_empty() && whole.starts_with(&text) && text.len() < whole.len(), "{broken:?}");
    let end = end_of(&broken)?;
    ensure!(
        end["status"] == "failed" && end["error"].as_str().is_some_and(|error| error.contains("broke off")),
        "{end}"
    );

    for request in ["this is a torn answer, alas", "somewhere behind a closed door"] {
        let events = written(&world, &player, request).await?;
        let end = end_of(&events)?;
        ensure!(end["status"] == "failed" && end["error"].is_string(), "{request}: {end}");
        ensure!(text_of(&events, 0, 1)?.is_empty(), "{request}: {events:?}");
    }
    Ok(())
}
