//! The program in the Rust client's README does what the README says.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use anyhow::{Context, ensure};
use worldloom_tests::{DEADLINE, Outcome, TestNode};

const README: &str = include_str!("../../client-bindings/rust/README.md");
const PROGRAM: &str = include_str!("../src/bin/quick_start.rs");

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, which is fine here.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_program_in_the_readme_is_short_and_the_one_that_runs() {
    let (_, rest) = README.split_once("```rust\n").unwrap();
    let (program, _) = rest.split_once("```").unwrap();
    assert!(program.lines().count() < 20, "the README promises a short program");
    let for_any_node = program.replace("\"http://127.0.0.1:3000\"", "node()");
    assert!(PROGRAM.contains(&for_any_node), "src/bin/quick_start.rs differs from the README");
}

#[tokio::test]
async fn it_connects_subscribes_and_calls() -> Outcome {
    let node = TestNode::start().await?;
    node.publish("worldloom", "spacetime_module").await?;
    let mut program = Command::new(env!("CARGO_BIN_EXE_quick_start"));
    let mut program = Running(program.arg(&node.url).stdout(Stdio::piped()).spawn()?);
    let output = program.0.stdout.take().context("the output is piped")?;
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || BufReader::new(output).lines().try_for_each(|line| sender.send(line)));

    let line =
        tokio::task::spawn_blocking(move || lines.recv_timeout(DEADLINE)).await?.context("no line in time")??;
    let key = line.strip_suffix(" is Pending").with_context(|| format!("unexpected: {line}"))?;
    let player = key.strip_prefix("players/").and_then(|key| key.strip_suffix("/portrait.png"));
    let player = player.with_context(|| format!("unexpected key: {key}"))?;
    ensure!(player.len() == 64 && player.chars().all(|digit| digit.is_ascii_hexdigit()), "no identity: {player}");
    Ok(())
}
