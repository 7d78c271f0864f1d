//! A player who asks the facade for texts and reads along while they are written.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use rand::Rng;
use rand::rngs::StdRng;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::super::checks::texts::{Piece, Reading, Wish};
use super::super::history::{Asked, Micros, NEVER, Told};
use super::Ground;
use super::caller::{Attempts, PATIENCE, PAUSE, answered};
use super::progress::Work;
use crate::Account;
use crate::facade::FacadeClient;
use crate::task_events::{Event, Reader};

/// Texts of a player before another one goes on: the module keeps the last 50.
const TEXTS_MAX: u32 = 40;
/// Texts that a player reads at once; the module lets a player have 8 that are not finished.
const READ_AT_ONCE: usize = 6;
/// Longest pause between two wishes.
const PAUSE_MAX_MS: u64 = 600;
/// Words of a text, of which the offline provider writes 50 a second.
const WORDS: std::ops::Range<u32> = 5..60;

/// Asks for texts until the run is over, and reads each to its end. A text whose writer was killed takes as long as
/// its lease; others are asked for meanwhile.
pub async fn ask(ground: Arc<Ground>, number: u32, mut chance: StdRng) -> anyhow::Result<()> {
    let client = FacadeClient::at(&ground.places.facade_url)?;
    let mut wishes = 0;
    let mut readings = JoinSet::new();
    'players: while let Some(player) = ground.account().await {
        for _ in 0..TEXTS_MAX {
            while readings.len() >= READ_AT_ONCE {
                readings.join_next().await.context("there are readings")???;
            }
            if ground.is_over() {
                break 'players;
            }
            let wish = Wish { key: format!("text-{number}-{wishes}"), words: chance.gen_range(WORDS) };
            wishes += 1;
            let attempts = if chance.gen_bool(0.3) { Attempts::One } else { Attempts::UntilAnswered };
            let begun = ground.clock.now();
            let told = loop {
                let told = create(&ground, &client, &player, &wish).await?;
                if told != Told::Nothing || attempts == Attempts::One {
                    break told;
                }
                sleep(PAUSE).await;
            };
            let ended = if told == Told::Nothing { NEVER } else { ground.clock.now() };
            if let Told::Done(task) = &told {
                ground.note_log_place(&wish.key);
                readings.spawn(read(ground.clone(), client.clone(), player.clone(), task.clone(), begun));
            }
            let asked = Asked { client: number, call: wish, begun, ended, told };
            ground.write_down(|histories| histories.wishes.push(asked));
            sleep(Duration::from_millis(chance.gen_range(0..PAUSE_MAX_MS))).await;
        }
    }
    while let Some(reading) = readings.join_next().await {
        reading??;
    }
    Ok(())
}

async fn create(ground: &Ground, client: &FacadeClient, player: &Account, wish: &Wish) -> anyhow::Result<Told<String>> {
    let request = json!({ "prompt": wish.key, "words": wish.words }).to_string();
    let task = json!({ "kind": "text", "request": request, "attempts_max": 5 });
    let request = client.request(Method::POST, "/ai/tasks", Some(player)).header("idempotency-key", &wish.key);
    let Some((status, Some(body))) = answered(ground, request.json(&task)).await else { return Ok(Told::Nothing) };
    match status {
        StatusCode::CREATED => {
            let task: Value = serde_json::from_str(&body)?;
            Ok(Told::Done(task["task_id"].as_str().context("a task has an id")?.to_owned()))
        }
        status if status.is_server_error() => Ok(Told::Nothing),
        // Texts that were asked for without waiting are still being written.
        StatusCode::UNPROCESSABLE_ENTITY if body.contains("limit_exceeded") => {
            sleep(Duration::from_millis(200)).await;
            Ok(Told::Refused(body))
        }
        status => bail!("a wish for a text was answered {status}: {body}"),
    }
}

/// Reads until the end of a task that was asked for at that time, over as many connections as that takes.
async fn read(
    ground: Arc<Ground>,
    client: FacadeClient,
    player: Account,
    task: String,
    begun: Micros,
) -> anyhow::Result<()> {
    let mut reading = Reading { task: task.clone(), ..Reading::default() };
    let mut last_id: Option<String> = None;
    loop {
        let opening = Reader::open(&client, &player, &task, last_id.as_deref());
        let Ok(Ok(mut reader)) = timeout(PATIENCE, opening).await else {
            sleep(PAUSE).await;
            continue;
        };
        while let Ok(Ok(Some(event))) = timeout(PATIENCE * 3, reader.next()).await {
            match event.name.as_str() {
                "text" => {
                    reading.pieces.push(piece(&event)?);
                    last_id = event.id;
                }
                "end" => {
                    reading.end = event.data["status"].as_str().map(str::to_owned);
                    // One that failed says nothing about whether texts are written again.
                    if reading.end.as_deref() == Some("completed") {
                        ground.progress.acknowledged(Work::Texts, begun);
                    }
                    ground.write_down(|histories| histories.readings.push(reading));
                    return Ok(());
                }
                _ => {}
            }
        }
        sleep(PAUSE).await;
    }
}

fn piece(event: &Event) -> anyhow::Result<Piece> {
    let number = |name: &str| {
        let value = event.data[name].as_u64().and_then(|value| u32::try_from(value).ok());
        value.with_context(|| format!("no {name} in {event:?}"))
    };
    let text = event.data["text"].as_str().context("text is text")?.to_owned();
    Ok(Piece { position: number("position")?, attempt: number("attempt")?, sequence: number("sequence")?, text })
}
