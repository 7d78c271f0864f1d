//! Who pays whom: the pairs that the command has drawn, the same for every system and client.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, ensure};

/// Payer and payee.
pub type Pair = (u32, u32);

/// The pairs of a run, which all clients draw from in turn. Clones share them.
#[derive(Clone)]
pub struct Pairs {
    pairs: Arc<[Pair]>,
    next: Arc<AtomicUsize>,
}

impl Pairs {
    /// Reads lines of two account numbers.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).context("the account pairs cannot be read")?;
        let pair = |line: &str| -> anyhow::Result<Pair> {
            let (from, to) = line.split_once(' ').context("a line needs two account numbers")?;
            Ok((from.parse()?, to.parse()?))
        };
        let pairs = text.lines().map(pair).collect::<anyhow::Result<Vec<_>>>()?;
        ensure!(!pairs.is_empty(), "there are no account pairs");
        Ok(Self { pairs: pairs.into(), next: Arc::default() })
    }

    /// The next pair; after the last one the first comes again.
    pub fn next(&self) -> Pair {
        self.pairs[self.next.fetch_add(1, Ordering::Relaxed) % self.pairs.len()]
    }
}
