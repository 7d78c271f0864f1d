//! A certified OpenID provider from npm, in a process of its own, and a browser that logs in there.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::DEADLINE;

/// A running provider. It ends when it is dropped.
pub struct LoginProvider {
    /// Its address.
    pub issuer: String,
    _process: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl LoginProvider {
    /// The secret of its client `worldloom`.
    pub const CLIENT_SECRET: &str = "a secret of the client, long enough";

    /// Listens on a free port.
    pub async fn start() -> anyhow::Result<Self> {
        let mut node = Command::new("node");
        node.arg(script("provider.mjs")).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = node.kill_on_drop(true).spawn().context("cannot start node")?;
        let orders = process.stdin.take().context("stdin is piped")?;
        let mut answers = BufReader::new(process.stdout.take().context("stdout is piped")?).lines();
        let line =
            timeout(DEADLINE, answers.next_line()).await??.context("install tests/login-provider with npm ci")?;
        let said: Value = serde_json::from_str(&line)?;
        let issuer = said["issuer"].as_str().context("the provider says where it is")?.to_owned();
        Ok(Self { issuer, _process: process, orders, answers })
    }

    /// Gives an order, such as `rotate`, and waits until it is carried out.
    pub async fn order(&mut self, order: &str) -> anyhow::Result<()> {
        self.orders.write_all(format!("{order}\n").as_bytes()).await?;
        timeout(DEADLINE, self.answers.next_line()).await??.context("the provider has ended")?;
        Ok(())
    }
}

/// Logs in with a headless Chromium, beginning at this address; returns the text of the page at the end.
pub async fn log_in_by_browser(address: &str, name: &str) -> anyhow::Result<String> {
    let mut node = Command::new("node");
    node.arg(script("visit.mjs")).args([address, name]).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(DEADLINE, node.output()).await.context("the browser hangs")??;
    let complaints = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the browser ended with {}: {complaints}", output.status);
    let seen: Value = serde_json::from_slice(&output.stdout)?;
    Ok(seen["text"].as_str().unwrap_or_default().to_owned())
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("login-provider").join(name)
}
