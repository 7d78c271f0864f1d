//! The tour of README.md, every command as it stands there.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, ensure};
use tokio::process::Command;
use worldloom_tests::{DEADLINE, Outcome};

use crate::world::World;

const NODE_ADDRESS: &str = "http://127.0.0.1:3000";
const FACADE_ADDRESS: &str = "http://127.0.0.1:8080";

#[tokio::test]
async fn every_command_of_the_tour_works() -> Outcome {
    let world = World::start().await?;
    let folder = tempfile::tempdir()?;
    let tour = tour()?;
    ensure!(tour.contains(NODE_ADDRESS) && tour.contains(FACADE_ADDRESS), "the tour visits other addresses");
    let tour = tour.replace(NODE_ADDRESS, &world.node.url).replace(FACADE_ADDRESS, &world.facade.client.url);
    let said = run(&tour, folder.path()).await?;

    let picture = std::fs::read(folder.path().join("pixel.png"))?;
    ensure!(picture.starts_with(b"\x89PNG\r\n\x1a\n"), "the picture is no PNG");
    ensure!(std::fs::read(folder.path().join("copy.png"))? == picture, "the copy is another picture");
    let asset: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.path().join("asset.json"))?)?;
    let asset_id = asset["asset_id"].as_str().with_context(|| format!("no asset in {said}"))?;
    ensure!(asset["status"] == "confirmed" && asset["access_policy"] == "public", "{asset}");
    let slot = r#""entity_kind":"world","entity_id":"first","slot":"cover""#;
    // The first bytes of a PNG, as `od -c` writes them.
    let signature = r"211   P   N   G  \r  \n 032  \n";
    for expected in [slot, "HTTP/1.1 200 OK", signature, r#""status":"ready""#, r#""openapi":"3."#] {
        ensure!(said.contains(expected), "{expected} is missing in:\n{said}");
    }
    let view =
        said.lines().find(|line| line.contains(r#""rows":[["#)).with_context(|| format!("no rows in:\n{said}"))?;
    ensure!(view.contains(asset["sha256"].as_str().unwrap_or("no hash")), "the row is another one:\n{view}");
    ensure!(said.matches(asset_id).count() >= 2, "the binding names another asset:\n{said}");
    Ok(())
}

/// The first block of commands under the tour's heading.
fn tour() -> anyhow::Result<String> {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md"))?;
    let (_, section) = readme.split_once("\n## A tour\n").context("README.md has no tour")?;
    let (_, block) = section.split_once("```sh\n").context("the tour has no commands")?;
    let (commands, _) = block.split_once("```").context("the tour's commands have no end")?;
    Ok(commands.to_owned())
}

/// Runs the commands one after the other, as somebody would who stops at the first that fails.
async fn run(commands: &str, folder: &Path) -> anyhow::Result<String> {
    let mut bash = Command::new("bash");
    bash.args(["-eu", "-c", commands]).current_dir(folder).env("NO_PROXY", "127.0.0.1").stdin(Stdio::null());
    let output = tokio::time::timeout(DEADLINE, bash.kill_on_drop(true).output()).await.context("the tour hangs")??;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the tour ended with {}:\n{said}\n{complaints}", output.status);
    Ok(said)
}
