//! The examples of `docs/identity.md`, run as they stand there.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, ensure};
use axum::Router;
use axum::routing::get;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;
use worldloom_tests::{DEADLINE, Outcome};

use crate::browser::{Browser, Page};
use crate::oidc::{self, world_with_provider};
use crate::phones::{Phone, serve, world_with_phone};
use crate::world::{World, text};

const NODE_ADDRESS: &str = "http://127.0.0.1:3000";
const FACADE_ADDRESS: &str = "http://127.0.0.1:8080";
const APP: &str = "http://127.0.0.1:45999/back";

/// The block of the page that begins with this name, for this product.
pub fn example(name: &str, world: &World) -> anyhow::Result<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/identity.md");
    let page = std::fs::read_to_string(page)?;
    let heads = [format!("```sh\n# {name}\n"), format!("```js\n// {name}\n")];
    let found = heads.iter().find_map(|head| page.split_once(head.as_str()));
    let (_, rest) = found.with_context(|| format!("docs/identity.md has no example {name}"))?;
    let (block, _) = rest.split_once("\n```").context("the example has no end")?;
    ensure!(block.contains(FACADE_ADDRESS), "the example {name} speaks to another facade");
    Ok(block.replace(FACADE_ADDRESS, &world.facade.client.url).replace(NODE_ADDRESS, &world.node.url))
}

/// Runs a script with this code in a variable, and returns what it says.
async fn shell(script: &str, folder: &Path, code: &str) -> anyhow::Result<String> {
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", script]).current_dir(folder).stdin(Stdio::null());
    bash.env("CODE", code).env("NO_PROXY", "127.0.0.1").kill_on_drop(true);
    let output = timeout(DEADLINE, bash.output()).await.context("the example hangs")??;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the example ended with {}:\n{said}\n{complaints}", output.status);
    Ok(said)
}

/// Logs in at the provider's pages; ends where the browser comes back to `client`.
async fn at_the_provider(url: &str, client: &str) -> anyhow::Result<Page> {
    let mut browser = Browser::new()?;
    let page = browser.visit(url.trim(), client).await?;
    let page = browser.submit(&page, &[("login", "ada"), ("password", "any")], client).await?;
    browser.submit(&page, &[], client).await
}

#[tokio::test]
async fn a_guest() -> Outcome {
    let world = World::start().await?;
    let folder = tempfile::tempdir()?;
    let said = shell(&example("guest", &world)?, folder.path(), "").await?;
    for expected in ["\"device_name\":\"My phone\"", "\"rows\":[[", "204"] {
        ensure!(said.contains(expected), "{expected} is missing in {said}");
    }
    let devices = world.database.sql("SELECT * FROM login_session").await?;
    ensure!(devices.is_empty(), "logged out: {devices:?}");
    Ok(())
}

#[tokio::test]
async fn a_native_app() -> Outcome {
    let (world, _provider, _secrets) = world_with_provider(oidc::PAGE).await?;
    let folder = tempfile::tempdir()?;
    let url = shell(&example("app-begin", &world)?, folder.path(), "").await?;
    let code = at_the_provider(&url, APP).await?.code().context("a code")?;
    let tokens: Value = serde_json::from_str(&shell(&example("app-finish", &world)?, folder.path(), &code).await?)?;
    ensure!(world.at_node(text(&tokens, "access_token")).await?.is_ok(), "{tokens}");
    Ok(())
}

/// What a page has around it: storage, an address, and a `fetch` that keeps cookies and names the page's origin.
const PAGE: &str = r#"
const store = new Map(), cookies = new Map();
globalThis.sessionStorage = {
  setItem: (key, value) => store.set(key, value),
  getItem: (key) => store.get(key) ?? null,
  removeItem: (key) => store.delete(key),
};
let visit;
const visited = new Promise((resolve) => (visit = resolve));
globalThis.location = { assign: visit };
Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'a page' }, configurable: true });
const send = globalThis.fetch;
globalThis.fetch = async (url, options) => {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const headers = { ...options.headers, Origin: 'https://play.example.com', ...(cookie && { Cookie: cookie }) };
  const answer = await send(url, { ...options, headers });
  for (const line of answer.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
    if (value) cookies.set(name, value); else cookies.delete(name);
  }
  return answer;
};
"#;

/// What the player does on the page.
const VISIT: &str = r#"
await login('acme', 'https://play.example.com/back');
console.log(await visited);
const { createInterface } = await import('node:readline');
for await (const line of createInterface({ input: process.stdin })) {
  const first = await finish(new URL(line).searchParams);
  const second = await refresh();
  await logout();
  const after = await refresh().then(() => 'still in', () => 'out');
  console.log(JSON.stringify({ first, second, after, cookies: cookies.size }));
  break;
}
"#;

#[tokio::test]
async fn a_browser() -> Outcome {
    let (world, _provider, _secrets) = world_with_provider(oidc::PAGE).await?;
    let script = format!("{PAGE}{}{VISIT}", example("browser", &world)?);
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", &script]).env("NO_PROXY", "127.0.0.1");
    let mut page = node.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(page.stdout.take().context("piped")?));
    let url = timeout(DEADLINE, lines.next_line()).await??.context("the page leaves for the provider")?;
    let back = at_the_provider(&url, "https://play.example.com/back").await?;
    let mut input = page.stdin.take().context("piped")?;
    input.write_all(format!("{}\n", back.url).as_bytes()).await?;
    let said: Value = serde_json::from_str(&timeout(DEADLINE, lines.next_line()).await??.context("the page ends")?)?;
    ensure!(said["first"]["player"] == said["second"]["player"] && said["after"] == "out", "{said}");
    ensure!(said["first"].get("refresh_token").is_none() && said["cookies"] == 0, "{said}");
    ensure!(world.at_node(text(&said["second"], "access_token")).await?.is_ok());
    Ok(())
}

#[tokio::test]
async fn a_mini_program() -> Outcome {
    let service = serve(Router::new().route("/sns/jscode2session", get(crate::phones::code2session))).await?;
    let (world, folder) = crate::phones::world_with_mini_program(service).await?;
    let said = shell(&example("mini-program", &world)?, folder.path(), "ada").await?;
    let tokens: Value = serde_json::from_str(&said)?;
    ensure!(world.at_node(text(&tokens, "access_token")).await?.is_ok(), "{tokens}");
    Ok(())
}

#[tokio::test]
async fn a_phone_number() -> Outcome {
    let phone = Phone::default();
    let (world, folder) = world_with_phone(&phone, &[]).await?;
    // The player reads the code off the phone.
    let script = example("phone", &world)?;
    let (ask, answer) = script.split_once("read -r CODE").context("the example waits for the code")?;
    shell(ask, folder.path(), "").await?;
    let (_, log_in) = answer.split_once('\n').context("and goes on")?;
    let read_again = "CHALLENGE=$(sed 's/.*\"challenge\":\"\\([^\"]*\\)\".*/\\1/' code.json)";
    let script = format!("FACADE={}\n{read_again}\n{log_in}", world.facade.client.url);
    let tokens: Value = serde_json::from_str(&shell(&script, folder.path(), &phone.last()?.code).await?)?;
    ensure!(world.at_node(text(&tokens, "access_token")).await?.is_ok(), "{tokens}");
    Ok(())
}
