//! The tour of README.md, every command as it stands there, and its login with a real browser.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, ensure};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;
use worldloom_tests::login_provider::log_in_by_browser;
use worldloom_tests::{DEADLINE, LoginProvider, Outcome};

use crate::world::World;

const NODE_ADDRESS: &str = "http://127.0.0.1:3000";
const FACADE_ADDRESS: &str = "http://127.0.0.1:8080";
const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[tokio::test]
#[cfg_attr(not(all(target_os = "linux", target_arch = "x86_64")), ignore = "the browser's package is for Linux")]
async fn every_command_of_the_tour_works() -> Outcome {
    let (world, _provider) = world_of_dev().await?;
    let folder = tempfile::tempdir()?;
    let tour = tour()?;
    ensure!(tour.contains(NODE_ADDRESS) && tour.contains(FACADE_ADDRESS), "the tour visits other addresses");
    let tour = tour.replace(NODE_ADDRESS, &world.node.url).replace(FACADE_ADDRESS, &world.facade.client.url);
    let said = run(&tour, folder.path()).await?;

    let made = folder_with(folder.path(), "pixel.png")?;
    let picture = std::fs::read(made.join("pixel.png"))?;
    ensure!(picture.starts_with(b"\x89PNG\r\n\x1a\n"), "the picture is no PNG");
    ensure!(std::fs::read(made.join("copy.png"))? == picture, "the copy is another picture");
    let asset = json_of(&made.join("asset.json"))?;
    let asset_id = asset["asset_id"].as_str().with_context(|| format!("no asset in {said}"))?;
    ensure!(asset["status"] == "confirmed" && asset["access_policy"] == "public", "{asset}");
    ensure!(said.matches(asset_id).count() >= 2, "the binding names another asset:\n{said}");
    let player = json_of(&made.join("me.json"))?["player"].as_str().context("a player has logged in")?.to_owned();
    let slot = r#""entity_kind":"world","entity_id":"first","slot":"cover""#;
    let socket = format!("The WebSocket is open for the player {player}");
    let world_made = ["The task ended: Completed", "no model has read your brief", "draft: Setting setting"];
    let health = [slot, "HTTP/1.1 200 OK", r#""status":"ready""#, r#""openapi":"3."#, &socket];
    for expected in health.iter().chain(&world_made) {
        ensure!(said.contains(expected), "{expected} is missing in:\n{said}");
    }
    let view =
        said.lines().find(|line| line.contains(r#""rows":[["#)).with_context(|| format!("no rows in:\n{said}"))?;
    ensure!(view.contains(asset["sha256"].as_str().unwrap_or("no hash")), "the row is another one:\n{view}");
    Ok(())
}

/// What `cargo xtask dev` starts, with the provider of its name.
async fn world_of_dev() -> anyhow::Result<(World, LoginProvider)> {
    let mut provider = LoginProvider::start().await?;
    let folder = tempfile::tempdir()?;
    let secret_file = folder.path().join("local.secret");
    std::fs::write(&secret_file, LoginProvider::CLIENT_SECRET)?;
    let mut world = World::start_with(&[
        ("IDENTITY__OIDC__LOCAL__ISSUER", provider.issuer.as_str()),
        ("IDENTITY__OIDC__LOCAL__CLIENT_ID", "worldloom"),
        ("IDENTITY__OIDC__LOCAL__CLIENT_SECRET_FILE", &secret_file.display().to_string()),
        ("IDENTITY__REDIRECT_URIS", "[\"http://127.0.0.1/back\"]"),
        // Nobody watches.
        ("AI__PROVIDERS", "[{kind=\"offline\",pieces_per_second=1000}]"),
    ])
    .await?;
    provider.order(&format!("client {}/auth/callback/local", world.facade.client.url)).await?;
    world.facade.is_trusted_by(&mut world.node).await?;
    Ok((world, provider))
}

/// The first block of commands under the tour's heading.
fn tour() -> anyhow::Result<String> {
    let readme = std::fs::read_to_string(Path::new(REPOSITORY).join("README.md"))?;
    let (_, section) = readme.split_once("\n## A tour\n").context("README.md has no tour")?;
    let (_, block) = section.split_once("```sh\n").context("the tour has no commands")?;
    let (commands, _) = block.split_once("```").context("the tour's commands have no end")?;
    Ok(commands.to_owned())
}

/// The subfolder that has this file. Node.js may keep one of its own beside it.
fn folder_with(folder: &Path, file: &str) -> anyhow::Result<PathBuf> {
    let subfolders: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    let found = subfolders.iter().map(|entry| entry.path()).find(|path| path.join(file).is_file());
    found.with_context(|| format!("no folder has {file}"))
}

/// Runs the commands one after the other, as somebody would who stops at the first that fails, and opens in a browser
/// what is to be opened there.
async fn run(commands: &str, folder: &Path) -> anyhow::Result<String> {
    let mut bash = Command::new("bash");
    bash.args(["-eu", "-c", commands]).current_dir(REPOSITORY).kill_on_drop(true);
    bash.env("TMPDIR", folder).env("NO_PROXY", "127.0.0.1");
    let mut bash = bash.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (output, errors) = (bash.stdout.take().context("piped")?, bash.stderr.take().context("piped")?);
    let (said, complaints) = tokio::try_join!(read(output), log_in_and_read(errors))?;
    let status = timeout(DEADLINE, bash.wait()).await.context("the tour hangs")??;
    ensure!(status.success(), "the tour ended with {status}:\n{said}\n{complaints}");
    Ok(said)
}

async fn read(mut output: impl AsyncRead + Unpin) -> anyhow::Result<String> {
    let mut said = String::new();
    timeout(DEADLINE, output.read_to_string(&mut said)).await.context("the tour hangs")??;
    Ok(said)
}

async fn log_in_and_read(errors: impl AsyncRead + Unpin) -> anyhow::Result<String> {
    let mut lines = BufReader::new(errors).lines();
    let mut complaints = String::new();
    while let Some(line) = timeout(DEADLINE, lines.next_line()).await.context("the tour hangs")?? {
        if line.contains("/auth/authorize?") {
            let page = log_in_by_browser(&line, "ada").await?;
            ensure!(page.contains("You are logged in"), "the browser shows: {page}");
        } else {
            complaints.push_str(&line);
        }
    }
    Ok(complaints)
}

fn json_of(file: &Path) -> anyhow::Result<serde_json::Value> {
    let text = std::fs::read_to_string(file)?;
    serde_json::from_str(&text).with_context(|| format!("{} holds {text}", file.display()))
}
