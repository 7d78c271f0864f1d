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
    /// Reads lines of two account numbers. The first pair that is drawn stands at `begin`, a part of all.
    pub fn read(path: &Path, begin: f64) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).context("the account pairs cannot be read")?;
        Self::parse(&text, begin)
    }

    fn parse(text: &str, begin: f64) -> anyhow::Result<Self> {
        ensure!((0.0..1.0).contains(&begin), "--begin must be a part of all pairs, below 1");
        let pair = |line: &str| -> anyhow::Result<Pair> {
            let (from, to) = line.split_once(' ').context("a line needs two account numbers")?;
            Ok((from.parse()?, to.parse()?))
        };
        let pairs = text.lines().map(pair).collect::<anyhow::Result<Vec<_>>>()?;
        ensure!(!pairs.is_empty(), "there are no account pairs");
        let first = (begin * pairs.len() as f64) as usize;
        Ok(Self { pairs: pairs.into(), next: Arc::new(AtomicUsize::new(first)) })
    }

    /// The next pair; after the last one the first comes again.
    pub fn next(&self) -> Pair {
        self.pairs[self.next.fetch_add(1, Ordering::Relaxed) % self.pairs.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::Pairs;

    #[test]
    fn clones_draw_in_turn_from_where_the_load_begins_and_start_over() -> anyhow::Result<()> {
        let text = "1 2\n3 4\n5 6\n7 8\n";
        let pairs = Pairs::parse(text, 0.5)?;
        let clone = pairs.clone();
        assert_eq!([pairs.next(), clone.next(), pairs.next()], [(5, 6), (7, 8), (1, 2)]);
        assert_eq!(Pairs::parse(text, 0.0)?.next(), (1, 2));
        assert!(Pairs::parse(text, 1.0).is_err());
        assert!(Pairs::parse("", 0.0).is_err());
        Ok(())
    }
}
