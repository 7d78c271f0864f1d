//! A real browser, headless, on a page of the game: through the provider's login and consent, back with a code, to
//! tokens, past a reload, and out again. The page's script is the example of `docs/identity.md`.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;
use worldloom_tests::{DEADLINE, Outcome};

use crate::examples::example;
use crate::oidc::world_with_provider;
use crate::world::text;

#[tokio::test]
#[cfg_attr(not(all(target_os = "linux", target_arch = "x86_64")), ignore = "the browser's package is for Linux")]
async fn a_player_logs_in_stays_logged_in_and_logs_out() -> Outcome {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("login-provider/browser.mjs");
    let mut node = Command::new("node");
    let mut player = node.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut said = BufReader::new(player.stdout.take().context("stdout is piped")?).lines();
    let page: Value =
        serde_json::from_str(&timeout(DEADLINE, said.next_line()).await??.context("the page's address")?)?;

    let (world, _provider, _secrets) = world_with_provider(text(&page, "origin")).await?;
    let order = json!({ "facade": world.facade.client.url, "script": example("browser", &world)?, "login": "ada" });
    let mut orders = player.stdin.take().context("stdin is piped")?;
    orders.write_all(format!("{order}\n").as_bytes()).await?;
    let seen = timeout(DEADLINE, said.next_line()).await??.context("the player's day")?;
    let seen: Value = serde_json::from_str(&seen)?;

    let player_of = |moment: &str| seen[moment]["given"]["player"].as_str().map(str::to_owned);
    let first = player_of("first").with_context(|| seen.to_string())?;
    ensure!(seen["before"].get("error").is_some(), "nobody is logged in at first: {seen}");
    ensure!(player_of("reloaded").as_ref() == Some(&first), "the cookie outlives the page: {seen}");
    ensure!(player_of("again").as_ref() == Some(&first), "the provider remembers its player: {seen}");
    ensure!(seen["foreign"].get("error").is_some(), "a page of another site gets nothing: {seen}");
    ensure!(seen["loggedOut"]["given"].is_null() && seen["after"].get("error").is_some(), "{seen}");
    ensure!(seen["visible"] == "", "scripts see no cookie: {seen}");
    let cookie = &seen["cookies"][0];
    ensure!(cookie["httpOnly"] == true && cookie["sameSite"] == "Strict", "{cookie}");
    let token = text(&seen["again"]["given"], "access_token");
    ensure!(world.at_node(token).await?.as_deref() == Ok(first.as_str()), "the page's token opens the node");
    Ok(())
}
