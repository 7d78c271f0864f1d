//! Everything that a live game does at once: players who come and go, in good order or not, others who play on, and
//! requests and event streams at the facade. `mix` says what arrives, `client` does it with the help of `facade`,
//! `tally` counts it. Each few seconds have their line of JSON, and the last line is about all.

mod client;
mod facade;
mod mix;
mod tally;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, anyhow, ensure};
use clap::Args;
use futures::future::{join_all, try_join_all};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::{interval_at, sleep, timeout};

use crate::node::Database;
use crate::pacer::{Pace, Window, next_due, paces};
use crate::tokens::Tokens;
use client::{Client, Ground};
use mix::{Chance, Kind};
use tally::{Report, Tally};

/// How long an answer is waited for, and how long after the end arrivals are still taken.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a client pauses after a failure.
const FAILURE_PAUSE: Duration = Duration::from_millis(100);
/// Failures that are told one by one.
const TOLD_MAX: u64 = 20;

#[derive(Args)]
pub struct Options {
    /// Address and port of the node.
    #[arg(long)]
    node: String,
    /// Address and port of the facade.
    #[arg(long)]
    facade: String,
    /// Name of the database.
    #[arg(long)]
    database: String,
    /// The node's private key, which signs the players' tokens.
    #[arg(long)]
    key_file: PathBuf,
    /// Players, who start sessions in turn.
    #[arg(long)]
    players: u32,
    /// Clients; whoever is free takes what arrives next.
    #[arg(long)]
    clients: usize,
    /// Arrivals a second; without a rate, whatever is done makes room for the next.
    #[arg(long)]
    rate: Option<f64>,
    /// Before anything counts.
    #[arg(long)]
    warm_up_seconds: f64,
    /// While everything counts.
    #[arg(long)]
    seconds: f64,
    /// How many seconds a line is about.
    #[arg(long)]
    interval_seconds: f64,
    /// Draws what arrives.
    #[arg(long)]
    seed: u64,
    /// Lets every player come once before anything else: what a change costs depends on how many the node remembers.
    #[arg(long)]
    visit_all: bool,
}

/// A run.
struct Load {
    window: Window,
    /// One for all clients.
    pace: tokio::sync::Mutex<Pace>,
    seed: u64,
    arrivals: AtomicU64,
    failures: AtomicU64,
    tally: Mutex<Tally>,
}

/// Plays until the time is over.
pub async fn run(options: Options) -> anyhow::Result<Report> {
    let ground = Arc::new(ground(&options)?);
    // Before the clients, whose connections the node would close if they had nothing to do for so long.
    if options.visit_all {
        let visits = stream::iter(0..options.players).map(|player| ground.visit(player));
        visits.buffer_unordered(options.clients.max(1)).try_collect::<()>().await.context("not everybody can come")?;
    }
    let clients = (0..options.clients).map(|number| Client::arrive(ground.clone(), number));
    let clients = try_join_all(clients).await.context("the clients cannot begin")?;
    let seconds = Duration::from_secs_f64(options.seconds);
    let window = Window::beginning_now(Duration::from_secs_f64(options.warm_up_seconds), seconds);
    let pace = paces(1, options.rate, window).pop().context("there is a pace")?;
    let load = Arc::new(Load {
        window,
        pace: tokio::sync::Mutex::new(pace),
        seed: options.seed,
        arrivals: AtomicU64::new(0),
        failures: AtomicU64::new(0),
        tally: Mutex::new(Tally::beginning(window.measured)?),
    });
    let reporting = tokio::spawn(report(load.clone(), Duration::from_secs_f64(options.interval_seconds)));
    let working = clients.into_iter().map(|client| tokio::spawn(work(load.clone(), client)));
    for worked in join_all(working).await {
        worked??;
    }
    reporting.abort();
    let missed = load.left_over().await;
    load.tally().total(missed)
}

fn ground(options: &Options) -> anyhow::Result<Ground> {
    ensure!(options.players as usize >= 2 * options.clients, "there must be two players for each client");
    let tokens = Tokens::of_node(&options.key_file)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    Ok(Ground {
        database: Database { address: options.node.clone(), name: options.database.clone(), is_confirmed: true },
        facade: options.facade.clone(),
        tokens: (0..options.players).map(|player| tokens.of_player(player)).collect::<anyhow::Result<_>>()?,
        run: format!("soak-{now}"),
        clients: options.clients,
        sessions: AtomicU64::new(0),
        texts: AtomicU64::new(0),
    })
}

/// What arrives, for as long as something does.
async fn work(load: Arc<Load>, mut client: Client) -> anyhow::Result<()> {
    let give_up = load.window.end + PATIENCE;
    while Instant::now() < give_up {
        let Some(due) = next_due(&load.pace).await else { break };
        let mut chance = Chance::of(load.seed, load.arrivals.fetch_add(1, Ordering::Relaxed));
        let kind = chance.kind();
        let outcome = timeout(PATIENCE, client.once(kind, &mut chance)).await;
        let outcome = outcome.unwrap_or_else(|_| Err(anyhow!("no answer within {} s", PATIENCE.as_secs())));
        load.note(kind, due, &outcome);
        if outcome.is_err() {
            client.forget_connections();
            sleep(FAILURE_PAUSE).await;
        }
    }
    client.leave().await
}

/// Prints a line for every few seconds that are over.
async fn report(load: Arc<Load>, every: Duration) -> anyhow::Result<()> {
    let mut interval = interval_at((load.window.measured + every).into(), every);
    loop {
        interval.tick().await;
        let report = load.tally().recent()?;
        println!("{}", serde_json::to_string(&report)?);
    }
}

impl Load {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        // Counts stay whole whoever fails while holding them.
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, kind: Kind, due: Instant, outcome: &anyhow::Result<()>) {
        if let Err(cause) = outcome
            && self.failures.fetch_add(1, Ordering::Relaxed) < TOLD_MAX
        {
            eprintln!("{kind:?} failed: {cause:#}");
        }
        if self.window.counts(due) {
            self.tally().done(kind, due, outcome.is_ok());
        }
    }

    /// Arrivals that nobody was free for.
    async fn left_over(&self) -> u64 {
        let mut missed = 0;
        if let Pace::Open(arrivals) = &mut *self.pace.lock().await {
            while arrivals.try_recv().is_ok() {
                missed += 1;
            }
        }
        missed
    }
}
