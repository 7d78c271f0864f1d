//! `cargo xtask bench facade`: many texts at once, each read by a client of its own while the offline provider writes.
//!
//! A node and a facade of its own, players with eight tasks each, a reader of server-sent events for each task. The
//! offline provider writes a word every 20 ms by a clock, so a word's delay is how much later it comes than its
//! place in the text says, counted from the reader's earliest word. The result is one line of JSON.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use clap::Parser;
use futures::StreamExt;
use futures::future::try_join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::time::{sleep, timeout};
use worldloom_tests::facade::FacadeClient;
use worldloom_tests::{Account, TestFacade, TestNode};

const WORDS_PER_SECOND: u32 = 50;
/// Most open tasks of a player, as the module has it.
const TASKS_PER_PLAYER: u32 = 8;
/// Words that are not of the request's length: the stage's title.
const TITLE_WORDS: u32 = 1;
/// Words whose delay does not count: a text may have begun before its reader came, who lists what there was.
const LISTED_WORDS: usize = 150;
/// How much longer than the text itself its stream may take.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Parser)]
struct Options {
    /// Texts at once.
    #[arg(long, default_value_t = 500)]
    streams: u32,
    /// How long each is written.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
}

/// What one reader saw.
struct Read {
    words: u32,
    chunks: u32,
    delays: Vec<Duration>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let node = TestNode::start().await?;
    let database = node.publish("worldloom", "spacetime_module").await?;
    let settings = [("AI__CONCURRENCY", (options.streams * 2).to_string())];
    let settings = settings.each_ref().map(|(key, value)| (*key, value.as_str()));
    let facade = TestFacade::start_with(&node, &database, &settings).await?;
    let idle_kib = resident_kib(facade.pid())?;
    let players = options.streams.div_ceil(TASKS_PER_PLAYER);
    let accounts = try_join_all((0..players).map(|_| node.account())).await?;
    let together = Arc::new(Barrier::new(options.streams as usize + 1));
    let readers: Vec<_> = (0..options.streams)
        .map(|number| {
            let account = accounts[(number / TASKS_PER_PLAYER) as usize].clone();
            let (client, together) = (facade.client.clone(), together.clone());
            let words = options.seconds * WORDS_PER_SECOND;
            tokio::spawn(async move { read_one(&client, &account, number, words, &together).await })
        })
        .collect();
    together.wait().await;
    sleep(Duration::from_secs(u64::from(options.seconds / 2))).await;
    let busy_kib = resident_kib(facade.pid())?;
    let mut read = Read { words: 0, chunks: 0, delays: Vec::new() };
    for reader in readers {
        let one = reader.await??;
        read.words += one.words;
        read.chunks += one.chunks;
        read.delays.extend(one.delays);
    }
    read.delays.sort_unstable();
    let expected = options.streams * (options.seconds * WORDS_PER_SECOND + TITLE_WORDS);
    println!(
        "{}",
        json!({
            "streams": options.streams,
            "words_expected": expected,
            "words": read.words,
            "chunks": read.chunks,
            "p50_ms": quantile_ms(&read.delays, 0.5),
            "p99_ms": quantile_ms(&read.delays, 0.99),
            "slowest_ms": quantile_ms(&read.delays, 1.0),
            "memory_kib": busy_kib.saturating_sub(idle_kib) as f64 / f64::from(options.streams),
        })
    );
    Ok(())
}

/// Waits until everybody is here, asks for a text, and reads it to its end.
async fn read_one(
    client: &FacadeClient,
    account: &Account,
    number: u32,
    words: u32,
    together: &Barrier,
) -> anyhow::Result<Read> {
    together.wait().await;
    let request = json!({ "prompt": format!("text {number}"), "words": words }).to_string();
    let task = json!({ "kind": "text", "request": request, "attempts_max": 1 });
    let created = client
        .request(Method::POST, "/ai/tasks", Some(account))
        .header("idempotency-key", number.to_string())
        .json(&task)
        .send()
        .await?
        .error_for_status()?;
    let task: Value = created.json().await?;
    let task_id = task["task_id"].as_str().context("a task has an id")?.to_owned();
    let answer = client.request(Method::GET, &format!("/ai/tasks/{task_id}/events"), Some(account)).send().await?;
    let mut bytes = answer.error_for_status()?.bytes_stream();
    let mut read = Read { words: 0, chunks: 0, delays: Vec::new() };
    let mut arrivals: Vec<Instant> = Vec::with_capacity(words as usize);
    let mut text = String::new();
    let reading = async {
        while let Some(bytes) = bytes.next().await {
            text.push_str(std::str::from_utf8(&bytes?)?);
            while let Some((event, rest)) = text.split_once("\n\n") {
                if hear(event, &mut read, &mut arrivals)? {
                    return Ok(());
                }
                text = rest.to_owned();
            }
        }
        bail!("the stream of text {number} ended without an end")
    };
    timeout(Duration::from_secs(u64::from(words / WORDS_PER_SECOND)) + PATIENCE, reading).await??;
    read.delays = delays(&arrivals);
    Ok(read)
}

/// Takes up an event; true at the end of a text that was completed.
fn hear(event: &str, read: &mut Read, arrivals: &mut Vec<Instant>) -> anyhow::Result<bool> {
    let data = event.lines().find_map(|line| line.strip_prefix("data: "));
    if event.contains("event: end") {
        ensure!(event.contains("\"completed\""), "not completed: {event}");
        return Ok(true);
    }
    if let (Some(data), true) = (data, event.contains("event: text")) {
        let data: Value = serde_json::from_str(data)?;
        let words = data["text"].as_str().context("text is text")?.split_whitespace().count();
        read.chunks += 1;
        read.words += words as u32;
        arrivals.extend(std::iter::repeat_n(Instant::now(), words));
    }
    Ok(false)
}

/// How much later than its place in the text each word came.
fn delays(arrivals: &[Instant]) -> Vec<Duration> {
    let pace = Duration::from_secs(1) / WORDS_PER_SECOND;
    let due = |index: usize| pace * index as u32;
    let begun = arrivals.iter().enumerate().filter_map(|(index, at)| at.checked_sub(due(index))).min();
    let Some(begun) = begun else { return Vec::new() };
    let timed = arrivals.iter().enumerate().skip(LISTED_WORDS);
    timed.map(|(index, at)| at.saturating_duration_since(begun + due(index))).collect()
}

fn quantile_ms(sorted: &[Duration], share: f64) -> f64 {
    let index = (sorted.len().saturating_sub(1) as f64 * share) as usize;
    sorted.get(index).map_or(f64::NAN, |delay| delay.as_secs_f64() * 1e3)
}

/// Physical memory of a process, as Linux reports it.
fn resident_kib(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("the memory cannot be read")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS in the status")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
