//! Who pays whom: pairs of accounts drawn evenly or by Zipf's law, the same for every load generator.

use std::fmt::Write;

/// The exponent of Zipf's law that benchmarks draw by.
pub const ZIPF: f64 = 1.5;

/// Pairs drawn at least; a longer run starts over.
const PAIRS_MIN: usize = 1 << 18;
/// The same for each account. Drawn alike, 49 accounts of 50 take part in one pair or more: with fewer pairs, a run
/// with many accounts would have to do with a few of them only.
const PAIRS_PER_ACCOUNT: usize = 2;

/// Draws accounts by their weight: account `k`, counted from 1, has one of `1 / k ^ exponent`.
struct Zipf {
    /// Sums of the weights of all accounts up to each one.
    cumulative: Vec<f64>,
    state: u64,
}

impl Zipf {
    fn new(accounts: usize, exponent: f64, seed: u64) -> Self {
        let mut sum = 0.0;
        let weights = (1..=accounts).map(|rank| (rank as f64).powf(-exponent));
        let cumulative = weights.map(|weight| {
            sum += weight;
            sum
        });
        Self { cumulative: cumulative.collect(), state: seed }
    }

    fn draw(&mut self) -> usize {
        let total = self.cumulative.last().copied().unwrap_or_default();
        let wanted = self.uniform() * total;
        self.cumulative.partition_point(|&sum| sum <= wanted).min(self.cumulative.len() - 1)
    }

    /// SplitMix64, of which 53 bits fill the mantissa of a number below 1.
    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Lines of two different account numbers, payer and payee; always the same. With an exponent of 0, all accounts are
/// drawn alike. There must be two at least.
pub fn lines(accounts: usize, exponent: f64) -> String {
    let mut zipf = Zipf::new(accounts, exponent, 42);
    let mut lines = String::new();
    for _ in 0..PAIRS_MIN.max(PAIRS_PER_ACCOUNT * accounts) {
        let from = zipf.draw();
        let to = loop {
            let to = zipf.draw();
            if to != from {
                break to;
            }
        };
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{from} {to}");
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{PAIRS_MIN, ZIPF, Zipf, lines};

    const ACCOUNTS: usize = 100_000;

    #[test]
    fn accounts_are_drawn_by_their_weight() {
        let mut zipf = Zipf::new(ACCOUNTS, ZIPF, 1);
        let draws: Vec<usize> = (0..100_000).map(|_| zipf.draw()).collect();
        let share = |account| draws.iter().filter(|&&draw| draw == account).count() as f64 / draws.len() as f64;
        // 1 / zeta(1.5) is 0.383; the second account has 2 ^ -1.5 of that.
        assert!((share(0) - 0.383).abs() < 0.01, "{}", share(0));
        assert!((share(1) - 0.135).abs() < 0.01, "{}", share(1));
        assert!(draws.iter().all(|&draw| draw < ACCOUNTS));
    }

    #[test]
    fn without_an_exponent_all_accounts_are_drawn_alike() {
        let mut even = Zipf::new(10, 0.0, 1);
        let draws: Vec<usize> = (0..100_000).map(|_| even.draw()).collect();
        for account in 0..10 {
            let share = draws.iter().filter(|&&draw| draw == account).count() as f64 / draws.len() as f64;
            assert!((share - 0.1).abs() < 0.01, "{share} of account {account}");
        }
    }

    #[test]
    fn nearly_all_accounts_take_part_however_many_there_are() {
        for accounts in [1_000, 3 * ACCOUNTS] {
            let lines = lines(accounts, 0.0);
            assert!(lines.lines().count() >= PAIRS_MIN.max(2 * accounts));
            let mut takes_part = vec![false; accounts];
            for number in lines.split_ascii_whitespace() {
                takes_part[number.parse::<usize>().unwrap()] = true;
            }
            let share = takes_part.iter().filter(|&&takes_part| takes_part).count() as f64 / accounts as f64;
            assert!(share > 0.97, "{share} of {accounts} accounts");
        }
    }

    #[test]
    fn nobody_pays_themselves() {
        assert!(lines(ACCOUNTS, ZIPF).lines().all(|line| line.split_once(' ').is_some_and(|(from, to)| from != to)));
    }
}
