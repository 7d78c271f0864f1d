//! Rounds over a small and a large database, step by step in turn, so that whatever else the machine
//! does falls on both.

use std::time::Duration;

use serde::Serialize;

use super::script;
use super::side::Side;
use super::step::{Caller, Kind, Step, Timing};

/// What the rounds gave for one entry point. Each list has a value for each round.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// The entry point.
    pub name: &'static str,
    /// Whether players call it, rather than the Service.
    pub is_for_players: bool,
    /// Whether it is a reducer.
    pub is_reducer: bool,
    /// Time for a call, of many at once, on the small database, in microseconds.
    pub small_micros: Vec<f64>,
    /// The same on the large database.
    pub large_micros: Vec<f64>,
    /// Median latency of a call on the large database, in microseconds.
    pub latency_micros: Vec<f64>,
}

/// Takes `guests` new players through the script in each round, after one that does not count.
pub async fn measure(small: &Side, large: &Side, rounds: u32, guests: usize) -> anyhow::Result<Vec<Measured>> {
    let script = script();
    let mut measured: Vec<Measured> = Vec::new();
    for round in 0..=rounds {
        let (mut at_small, mut at_large) = (small.guests(round, guests).await?, large.guests(round, guests).await?);
        for step in &script {
            // By turns, so that neither side always has the caches that the other has left.
            let (small, large) = if round % 2 == 0 {
                let small = step.perform(&mut at_small).await?;
                (small, step.perform(&mut at_large).await?)
            } else {
                let large = step.perform(&mut at_large).await?;
                (step.perform(&mut at_small).await?, large)
            };
            if step.is_measured && round > 0 {
                note(&mut measured, step, &small, &large);
            }
        }
        eprintln!("round {round} of {rounds}");
    }
    Ok(measured)
}

fn note(measured: &mut Vec<Measured>, step: &Step, small: &Timing, large: &Timing) {
    let known = measured.iter().position(|known| known.name == step.name);
    let index = known.unwrap_or_else(|| {
        measured.push(Measured {
            name: step.name,
            is_for_players: step.caller == Caller::Guest,
            is_reducer: step.kind == Kind::Reducer,
            small_micros: Vec::new(),
            large_micros: Vec::new(),
            latency_micros: Vec::new(),
        });
        measured.len() - 1
    });
    let entry = &mut measured[index];
    entry.small_micros.push(per_call(small));
    entry.large_micros.push(per_call(large));
    entry.latency_micros.push(micros(median(&large.each)));
}

fn per_call(timing: &Timing) -> f64 {
    micros(timing.all) / timing.each.len() as f64
}

pub(super) fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
