//! Fills a database with players and worlds, through the procedures that everybody uses.
//!
//! The same plan makes the same calls under the same idempotency keys. So a second run over a
//! database finds what the first one made, and an interrupted run can be taken up again.

mod belongings;
mod errand;
pub(crate) mod games;
mod player;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

use futures::{StreamExt, TryStreamExt, stream};
use rand::SeedableRng;
use rand::rngs::StdRng;
use spacetimedb_lib::{Identity, Uuid};

use crate::module_calls::ModuleCalls;

/// Worlds of one author, at most.
const WORLDS_PER_AUTHOR: u32 = 10;
/// Players and worlds that are worked on at the same time.
const CONCURRENCY: usize = 128;

/// How much to make.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Players with a story, a save, a wallet and a history each.
    pub players: u32,
    /// Published worlds.
    pub worlds: u32,
    /// Draws everything else.
    pub seed: u64,
}

/// How far a run has come.
#[derive(Debug, Default)]
pub struct Progress {
    /// Published worlds.
    pub worlds: AtomicU64,
    /// Players who are done.
    pub players: AtomicU64,
}

/// What there is to play.
#[derive(Default)]
struct Playground {
    worlds: Vec<Uuid>,
    puzzles: Vec<Uuid>,
    fish_games: Vec<Uuid>,
}

impl Plan {
    /// Who the player of this number is.
    pub fn player(&self, number: u32) -> Identity {
        Identity::from_claims("worldloom-seed", &format!("{}-{number}", self.seed))
    }

    fn author_of(&self, world: u32) -> u32 {
        world / WORLDS_PER_AUTHOR
    }

    /// Chance of its own for each thing, so that the order in which they are made does not matter.
    fn chance(&self, kind: u64, number: u32) -> StdRng {
        StdRng::seed_from_u64(self.seed ^ (kind << 40) ^ u64::from(number))
    }
}

/// Publishes the worlds, then lets the players play; `calls` must be the Service's.
pub async fn fill(calls: &ModuleCalls, plan: Plan, progress: &Progress) -> anyhow::Result<()> {
    let made: Vec<world::Made> = stream::iter(0..plan.worlds)
        .map(|number| async move {
            let made = world::make(calls, plan, number).await?;
            progress.worlds.fetch_add(1, Ordering::Relaxed);
            anyhow::Ok(made)
        })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let mut playground = Playground::default();
    for made in made {
        playground.worlds.push(made.world_id);
        playground.puzzles.push(made.puzzle_id);
        playground.fish_games.push(made.fish_game_id);
    }
    let playground = &playground;
    stream::iter(0..plan.players)
        .map(anyhow::Ok)
        .try_for_each_concurrent(CONCURRENCY, |number| async move {
            player::play(calls, plan, number, playground).await?;
            progress.players.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
        .await
}
