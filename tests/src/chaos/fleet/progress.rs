//! Whether the product gets on: changes are acknowledged, and subscribers hear of changes.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::history::Micros;
use super::locked;

/// What clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Payments and looks into wallets.
    Wallets,
    /// Saves that replace each other.
    Saves,
    /// Turns of stories.
    Stories,
    /// Uploads of pictures.
    Uploads,
    /// Texts of a language model.
    Texts,
}

impl Work {
    /// All of it.
    pub const ALL: [Work; 5] = [Work::Wallets, Work::Saves, Work::Stories, Work::Uploads, Work::Texts];
}

/// A watcher by its name, and a table that it watches.
pub type Ear = (&'static str, &'static str);

/// The latest good news of every kind.
#[derive(Default)]
pub struct Progress {
    /// By work, when the latest of the changes that have been acknowledged was begun.
    begun: [AtomicU64; Work::ALL.len()],
    /// When each watcher was last told of a change in each of its tables.
    heard: Mutex<BTreeMap<Ear, Micros>>,
}

impl Progress {
    /// A change that was begun then has been acknowledged; of a text, that it was written to its end. Reads do not
    /// count, and neither do texts that failed: a product that only refuses would give both.
    pub fn acknowledged(&self, work: Work, begun: Micros) {
        self.begun[work as usize].fetch_max(begun, Ordering::Relaxed);
    }

    /// Somebody watches a table from now on.
    pub fn listens(&self, ear: Ear) {
        locked(&self.heard).entry(ear).or_default();
    }

    /// A watcher was told of a change in a table. What it finds in a new subscription is none.
    pub fn hears(&self, ear: Ear, at: Micros) {
        locked(&self.heard).insert(ear, at);
    }

    fn idle_since(&self, time: Micros) -> impl Iterator<Item = Work> {
        Work::ALL.into_iter().filter(move |work| self.begun[*work as usize].load(Ordering::Relaxed) < time)
    }

    fn deaf_since(&self, time: Micros) -> Vec<Ear> {
        locked(&self.heard).iter().filter(|(_, heard)| **heard < time).map(|(ear, _)| *ear).collect()
    }
}

/// What has to be gone through before a fault counts as over.
pub struct Gate {
    /// Only what was begun since then shows that the product is back: answers may have been under way before.
    opened: Micros,
    /// When every work had got on.
    at_work: Option<Micros>,
}

impl Gate {
    /// Nothing has got on since then.
    pub fn open(now: Micros) -> Self {
        Self { opened: now, at_work: None }
    }

    /// Who has not got on yet; nobody once the gate is passed. First come changes of every kind. What watchers hear
    /// counts after that only, since earlier news may be those of changes from before the fault.
    pub fn waiting(&mut self, progress: &Progress, now: Micros) -> Vec<String> {
        let idle: Vec<String> = progress.idle_since(self.opened).map(|work| format!("{work:?}")).collect();
        if !idle.is_empty() {
            return idle;
        }
        let at_work = *self.at_work.get_or_insert(now);
        let deaf = progress.deaf_since(at_work);
        deaf.iter().map(|(watcher, table)| format!("{watcher} of {table}")).collect()
    }
}
