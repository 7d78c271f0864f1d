//! Peace at the end of a world: nothing is wrong, so that everything must be answered and no connection may be lost.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use super::super::history::{Disturbance, Micros, NEVER};
use super::caller::PATIENCE;
use super::{Fleet, Ground};

/// How long a client waits in peace: for longer than everything may take to get on, so that nobody heals by coming back
/// what the product owes to those who stay.
const PATIENCE_IN_PEACE: Duration = Duration::from_secs(90);
/// By then whatever the last trouble has left hanging has been given up by its client.
const SETTLING: Duration = Duration::from_secs(6);
/// How long peace lasts, besides what it takes until everything has got on once more.
const LASTS: Duration = Duration::from_secs(4);

/// Whether there is peace, and what ends a run.
pub struct Peace {
    begun: AtomicU64,
    given_up: OnceLock<String>,
}

impl Default for Peace {
    fn default() -> Self {
        Self { begun: AtomicU64::new(NEVER), given_up: OnceLock::new() }
    }
}

/// An attempt to get something from the product.
pub struct Attempt {
    begun: Micros,
    is_in_peace: bool,
    /// How long the client waits.
    pub patience: Duration,
}

impl Ground {
    /// An attempt that begins now.
    pub fn attempt(&self) -> Attempt {
        let is_in_peace = self.is_peace();
        let patience = if is_in_peace { PATIENCE_IN_PEACE } else { PATIENCE };
        Attempt { begun: self.clock.now(), is_in_peace, patience }
    }

    /// Whether nothing is wrong, nor has been lately.
    pub fn is_peace(&self) -> bool {
        self.peace.begun.load(Ordering::Relaxed) != NEVER
    }

    /// An attempt had no answer, or a connection was lost. Only what began in peace is written down: nothing excuses it.
    pub fn disturbed(&self, attempt: &Attempt, what: String) {
        if attempt.is_in_peace && self.is_peace() {
            let disturbance = Disturbance { begun: attempt.begun, ended: self.clock.now(), what };
            self.write_down(|histories| histories.disturbances.push(disturbance));
        }
    }

    /// The same, for whoever has no answer to give on.
    pub(super) fn unanswered<T>(&self, attempt: &Attempt, what: String) -> Option<T> {
        self.disturbed(attempt, what);
        None
    }

    /// Something came that no fault excuses: the run ends.
    pub fn give_up(&self, what: String) {
        // One reason is enough.
        let _ = self.peace.given_up.set(what);
    }

    /// Errors: something has come that no fault excuses.
    pub(super) fn goes_on(&self) -> anyhow::Result<()> {
        match self.peace.given_up.get() {
            Some(what) => anyhow::bail!("no fault excuses this: {what}"),
            None => Ok(()),
        }
    }
}

impl Fleet {
    /// Lets everybody play in peace, once what the last trouble has left hanging has been given up.
    pub async fn plays_in_peace(&mut self, within: Duration) -> anyhow::Result<()> {
        let ground = self.ground.clone();
        sleep(SETTLING).await;
        ground.peace.begun.store(ground.clock.now(), Ordering::Relaxed);
        sleep(LASTS).await;
        self.gets_on(within).await?;
        ground.peace.begun.store(NEVER, Ordering::Relaxed);
        Ok(())
    }
}
