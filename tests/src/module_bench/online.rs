//! Guests who play while others are online: what a call costs when many clients watch their own rows.

use std::time::Duration;

use futures::future::try_join_all;
use serde::Serialize;

use super::guest::Guest;
use super::rounds::median;
use super::side::Side;
use super::{runtime, script, stories};
use crate::module_calls::ModuleCalls;

/// What a client of the story game keeps up to date while it is played.
const WATCHED: [&str; 16] = [
    "gallery_worlds",
    "my_account",
    "my_battles",
    "my_chapter_progression",
    "my_dashboard",
    "my_equipment",
    "my_inventory",
    "my_inventory_bags",
    "my_npcs",
    "my_progression",
    "my_quests",
    "my_received_trades",
    "my_settings",
    "my_snapshots",
    "my_story_sessions",
    "my_wallet",
];
/// How many clients connect at a time.
const ARRIVING_AT_ONCE: usize = 50;

/// What the guests' calls took while so many others were online.
#[derive(Debug, Serialize)]
pub struct Online {
    /// Connected players who watch their rows and do nothing.
    pub others: usize,
    /// Calls a second over the whole script, one value for each round.
    pub per_second: Vec<f64>,
    /// Median latency of a call, one value for each round, in microseconds.
    pub latency_micros: Vec<f64>,
}

/// Takes guests through the script in rounds, with more and more others online.
pub async fn measure_online(side: &Side, counts: &[usize], rounds: u32, guests: usize) -> anyhow::Result<Vec<Online>> {
    let mut watching = Vec::new();
    let mut measured = Vec::new();
    for &others in counts {
        while watching.len() < others {
            let missing = ARRIVING_AT_ONCE.min(others - watching.len());
            watching.extend(arrive(side, missing).await?);
        }
        eprintln!("{others} others online");
        let mut online = Online { others, per_second: Vec::new(), latency_micros: Vec::new() };
        for round in 0..=rounds {
            let (per_second, latency) = play(side, round, guests).await?;
            if round > 0 {
                online.per_second.push(per_second);
                online.latency_micros.push(latency.as_secs_f64() * 1e6);
            }
        }
        measured.push(online);
    }
    Ok(measured)
}

/// Players with a story begun, who watch from now on.
async fn arrive(side: &Side, count: usize) -> anyhow::Result<Vec<Guest>> {
    let mut players = side.guests(0, count).await?;
    watch(&players).await?;
    for step in [runtime::SETTINGS, stories::BEGINNING].concat() {
        step.perform(&mut players).await?;
    }
    Ok(players)
}

async fn play(side: &Side, round: u32, count: usize) -> anyhow::Result<(f64, Duration)> {
    let mut guests = side.guests(round, count).await?;
    watch(&guests).await?;
    let (mut took, mut each) = (Duration::ZERO, Vec::new());
    for step in script() {
        let timing = step.perform(&mut guests).await?;
        if step.is_measured {
            took += timing.all;
            each.extend(timing.each);
        }
    }
    Ok((each.len() as f64 / took.as_secs_f64(), median(&each)))
}

async fn watch(guests: &[Guest]) -> anyhow::Result<()> {
    let watch = |guest: &Guest| {
        let calls = guest.calls.clone();
        async move {
            match calls {
                ModuleCalls::Socket(socket) => socket.subscribe(&WATCHED).await,
                ModuleCalls::InProcess { .. } => anyhow::bail!("only a client of a node can watch"),
            }
        }
    };
    try_join_all(guests.iter().map(watch)).await.map(drop)
}
