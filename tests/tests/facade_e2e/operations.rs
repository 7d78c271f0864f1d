//! `docs/operations.md` as it stands there: its configurations, its commands, a backup that is taken and started.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, ensure};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use worldloom_tests::binaries::{module, program};
use worldloom_tests::node::signal;
use worldloom_tests::{DEADLINE, Outcome, eventually, http_client};

/// A server with what the page puts there, on ports of its own.
struct Installation {
    folder: tempfile::TempDir,
    page: String,
    node: String,
    facade: String,
    http: Client,
}

impl Installation {
    fn new() -> anyhow::Result<Self> {
        let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md"))?;
        let folder = tempfile::tempdir()?;
        let (node, facade, other) = (free_address()?, free_address()?, free_address()?);
        let page = page
            .replace("127.0.0.1:3000", &node)
            .replace("127.0.0.1:8080", &facade)
            .replace("127.0.0.1:3999", &other)
            .replace("/srv/worldloom", &folder.path().display().to_string());
        std::fs::write(folder.path().join("spacetime_module.wasm"), module("spacetime_module")?)?;
        for name in ["spacetime-node", "worldloom-facade"] {
            std::os::unix::fs::symlink(program(name)?, folder.path().join(name))?;
        }
        let installation = Self { folder, page, node, facade, http: http_client()? };
        for name in ["node.toml", "facade.toml"] {
            let text = installation.block("toml", &format!("# {name}\n"))?;
            std::fs::write(installation.path(name), text)?;
        }
        Ok(installation)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The block of this language that begins with this.
    fn block(&self, language: &str, beginning: &str) -> anyhow::Result<String> {
        let head = format!("```{language}\n{beginning}");
        let (_, rest) = self.page.split_once(&head).with_context(|| format!("the page has no block {head}"))?;
        let (block, _) = rest.split_once("\n```").context("the block has no end")?;
        Ok(format!("{block}\n"))
    }

    /// Starts a program with the command line of its unit.
    fn start(&self, name: &str) -> anyhow::Result<Child> {
        let line = format!("ExecStart={}", self.path(name).display());
        let (_, rest) = self.page.split_once(&line).with_context(|| format!("the page does not start {name}"))?;
        let arguments = rest.split(['\n', '`']).next().unwrap_or_default().split_whitespace();
        let mut command = Command::new(self.path(name));
        command.args(arguments).current_dir(self.folder.path()).kill_on_drop(true);
        Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
    }

    async fn is_up(&self, address: &str, path: &str) -> Outcome {
        let url = format!("http://{address}{path}");
        eventually(&url, || async {
            let answer = self.http.get(&url).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await
    }

    /// Runs the commands of this name, and returns what they say.
    async fn run(&self, name: &str) -> anyhow::Result<String> {
        let script = self.block("sh", &format!("# {name}\n"))?;
        let path = format!("{}:{}", self.folder.path().display(), std::env::var("PATH").unwrap_or_default());
        let mut bash = Command::new("bash");
        bash.args(["-eu", "-c", &script]).env("PATH", path).env("NO_PROXY", "127.0.0.1").kill_on_drop(true);
        bash.env("TMPDIR", self.folder.path()).env("HOME", self.folder.path()).stdin(Stdio::null());
        let output = timeout(DEADLINE, bash.output()).await.with_context(|| format!("{name} hangs"))??;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaints = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{name} ended with {}:\n{said}\n{complaints}", output.status);
        Ok(said)
    }

    /// What is in the tables that this test has written to.
    async fn rows(&self) -> anyhow::Result<Vec<Value>> {
        let token = std::fs::read_to_string(self.path("secrets/owner.token"))?;
        let url = format!("http://{}/v1/database/worldloom/sql", self.node);
        let mut tables = Vec::new();
        for table in ["access_grant", "player_login", "login_session", "ai_task", "ai_task_stage", "ai_text_chunk"] {
            let request = self.http.post(&url).bearer_auth(token.trim()).body(format!("SELECT * FROM {table}"));
            let answer: Value = request.send().await?.error_for_status()?.json().await?;
            let mut rows = answer[0]["rows"].as_array().with_context(|| answer.to_string())?.clone();
            ensure!(!rows.is_empty(), "{table} is empty");
            rows.sort_by_key(Value::to_string);
            tables.push(Value::Array(rows));
        }
        Ok(tables)
    }

    /// Logs a guest in; the device's secret makes it the same one each time.
    async fn guest(&self) -> anyhow::Result<Value> {
        let proof = json!({ "device_secret": "0123456789abcdefghijklmnopqrstuvwxyzABCDEF0" });
        let login = json!({ "provider": "device", "proof": proof, "client": "app", "device_name": "test" });
        let answer = self.http.post(format!("http://{}/auth/login", self.facade)).json(&login).send().await?;
        let status = answer.status();
        let body: Value = answer.json().await?;
        ensure!(status == StatusCode::OK, "{body}");
        Ok(body)
    }

    /// Creates a task; returns its id.
    async fn ask_for_text(&self, tokens: &Value, key: &str) -> anyhow::Result<String> {
        let request = self.http.post(format!("http://{}/ai/tasks", self.facade)).header("idempotency-key", key);
        let request = request.bearer_auth(tokens["access_token"].as_str().unwrap_or_default());
        let answer = request.json(&json!({ "kind": "text", "request": "A song." })).send().await?;
        let body: Value = answer.json().await?;
        Ok(body["task_id"].as_str().with_context(|| body.to_string())?.to_owned())
    }

    /// Waits until the task is done.
    async fn is_written(&self, tokens: &Value, task: &str) -> Outcome {
        let url = format!("http://{}/ai/tasks/{task}", self.facade);
        let token = tokens["access_token"].as_str().unwrap_or_default();
        eventually("the text", || async {
            let answer = self.http.get(&url).bearer_auth(token).send().await.ok()?;
            let body: Value = answer.json().await.ok()?;
            (body["status"] == "completed").then_some(())
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_sets_up_changes_tokens_and_restores() -> Outcome {
    let installation = Installation::new()?;
    let mut node = installation.start("spacetime-node")?;
    installation.is_up(&installation.node, "/v1/health").await?;
    let said = installation.run("set-up").await?;
    ensure!(said.contains("The configuration is valid."), "{said}");
    let claims = installation.run("who-has-issued").await?;
    ensure!(claims.contains(r#""iss":"localhost""#), "{claims}");
    let mut facade = installation.start("worldloom-facade")?;
    installation.is_up(&installation.facade, "/health/ready").await?;
    let tokens = installation.guest().await?;
    let task = installation.ask_for_text(&tokens, "one").await?;
    installation.is_written(&tokens, &task).await?;

    // The service manager's part, which the page has as a comment, comes before the role is taken away.
    let _ = facade.kill().await;
    installation.run("new-facade-token").await?;
    let facade_again = installation.start("worldloom-facade")?;
    installation.is_up(&installation.facade, "/health/ready").await?;
    ensure!(installation.guest().await?["player"] == tokens["player"]);
    ensure!(installation.ask_for_text(&tokens, "one").await? == task);

    stop(facade_again).await?;
    let rows = installation.rows().await?;
    stop(node).await?;
    installation.run("back-up").await?;
    let said = installation.run("try-the-backup").await?;
    ensure!(said.contains("assets") && said.contains("(1 row)"), "{said}");

    // All is lost but the backup.
    for lost in ["node", "secrets", "node.toml", "facade.toml"] {
        let lost = installation.path(lost);
        if lost.is_dir() { std::fs::remove_dir_all(lost)? } else { std::fs::remove_file(lost)? }
    }
    let archive = installation.path("backup.tar.gz");
    let unpacked = Command::new("tar").arg("-xzf").arg(archive).current_dir(installation.folder.path()).status();
    ensure!(unpacked.await?.success());
    node = installation.start("spacetime-node")?;
    installation.is_up(&installation.node, "/v1/health").await?;
    ensure!(installation.rows().await? == rows, "other rows than before");
    facade = installation.start("worldloom-facade")?;
    installation.is_up(&installation.facade, "/health/ready").await?;
    // The token from before the disaster, and the task that it asked for under the same key.
    ensure!(installation.ask_for_text(&tokens, "one").await? == task, "the row and the signing keys are back");
    ensure!(installation.guest().await?["player"] == tokens["player"]);
    stop(facade).await?;
    stop(node).await
}

/// Stops a program as a service manager does.
async fn stop(mut process: Child) -> Outcome {
    signal(process.id().context("it runs")?, "TERM")?;
    let status = timeout(DEADLINE, process.wait()).await.context("it does not stop")??;
    ensure!(status.success(), "{status}");
    Ok(())
}

/// An address that is free now. The page's commands name their ports, so they cannot take what is free then.
fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
