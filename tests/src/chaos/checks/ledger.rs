//! Money: no acknowledged transfer is lost or applied twice, none is there by half, and the total stays.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display};

use super::super::history::{Asked, Told};
use super::Violation;

/// What is asked about wallets, which are numbered. The mark is the idempotency key and the reason on the ledger's
/// lines, so that each line says which request it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WalletCall {
    /// Money comes in from outside.
    Credit {
        /// The request.
        mark: String,
        /// Where it goes.
        wallet: u32,
        /// How much.
        amount: u64,
    },
    /// Money moves.
    Transfer {
        /// The request.
        mark: String,
        /// Whose it was.
        from: u32,
        /// Whose it is.
        to: u32,
        /// How much.
        amount: u64,
    },
    /// How much there is.
    Read {
        /// Where.
        wallet: u32,
    },
}

impl WalletCall {
    /// The mark of what changes something.
    pub fn mark(&self) -> Option<&str> {
        match self {
            WalletCall::Credit { mark, .. } | WalletCall::Transfer { mark, .. } => Some(mark),
            WalletCall::Read { .. } => None,
        }
    }
}

impl Display for WalletCall {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WalletCall::Credit { mark, wallet, amount } => write!(text, "credit {mark} of {amount} to wallet {wallet}"),
            WalletCall::Transfer { mark, from, to, amount } => {
                write!(text, "transfer {mark} of {amount} from wallet {from} to wallet {to}")
            }
            WalletCall::Read { wallet } => write!(text, "read wallet {wallet}"),
        }
    }
}

/// The state of a wallet: how many lines its ledger has, and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Purse {
    /// Number of the last line.
    pub lines: u64,
    /// The balance that it left.
    pub balance: u64,
}

impl Purse {
    /// A wallet of which nobody has heard.
    pub const EMPTY: Purse = Purse { lines: 0, balance: 0 };
}

impl Display for Purse {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(text, "line {}, balance {}", self.lines, self.balance)
    }
}

/// A request about a wallet. A transfer is told the payer's purse after it.
pub type WalletAsked = Asked<WalletCall, Purse>;

/// What a line of the ledger did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// Money came in from outside.
    Credit,
    /// Money went to another wallet.
    Out,
    /// Money came from another wallet.
    In,
    /// What the fleet never asks for.
    Other,
}

/// A line of the ledger as it is at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The wallet.
    pub wallet: u32,
    /// What it did.
    pub kind: LineKind,
    /// How much it moved.
    pub amount: u64,
    /// Its number, and the balance that it left.
    pub after: Purse,
    /// Which request it comes from.
    pub mark: String,
    /// Its id.
    pub id: u128,
    /// The id of the other line of a transfer.
    pub other: Option<u128>,
}

impl Display for Line {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wallet, kind, amount, after, mark, .. } = self;
        write!(text, "ledger of wallet {wallet}: {after}: {kind:?} of {amount}, {mark}")
    }
}

/// All that the database says about money.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// Every line of every ledger.
    pub lines: Vec<Line>,
    /// The balances, by wallet.
    pub purses: BTreeMap<u32, Purse>,
}

const LOST: &str = "no acknowledged transfer is lost";
const TWICE: &str = "no transfer is applied twice";
const REFUSED: &str = "what was refused leaves no trace";
const HALVES: &str = "a transfer is there whole or not at all";
const GAPS: &str = "a ledger explains its balance, line by line";
const TOTAL: &str = "the total of money is constant";
const FOREIGN: &str = "nobody moves money but those who asked";

/// Holds requests, ledgers and balances against one another.
pub fn check(history: &[WalletAsked], books: &Books) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut by_mark: HashMap<&str, Vec<&Line>> = HashMap::new();
    for line in &books.lines {
        by_mark.entry(&line.mark).or_default().push(line);
    }
    for asked in history {
        if let Some(mark) = asked.call.mark() {
            violations.extend(check_request(asked, &by_mark.remove(mark).unwrap_or_default()));
        }
    }
    let foreign = by_mark.into_values().flatten();
    violations.extend(foreign.map(|line| Violation::new(FOREIGN, "nobody asked for this line").shown_by([line])));
    violations.extend(check_ledgers(books));
    violations.extend(check_total(books));
    violations
}

/// Holds ledgers and balances against one another, whoever asked for them.
pub fn check_books(books: &Books) -> Vec<Violation> {
    let ids: HashMap<u128, &Line> = books.lines.iter().map(|line| (line.id, line)).collect();
    let is_whole = |line: &&Line| line.other.is_none_or(|other| ids.contains_key(&other));
    let halves = books.lines.iter().filter(|line| !is_whole(line));
    let mut violations: Vec<Violation> =
        halves.take(1).map(|line| Violation::new(HALVES, "the other side is missing").shown_by([line])).collect();
    violations.extend(check_ledgers(books));
    violations.extend(check_total(books));
    violations
}

/// A request and the lines that bear its mark.
fn check_request(asked: &WalletAsked, lines: &[&Line]) -> Option<Violation> {
    let fails = |rule, what: &str| {
        let shown = std::iter::once(asked.to_string()).chain(lines.iter().map(ToString::to_string));
        Some(Violation::new(rule, what).shown_by(shown))
    };
    let expected = match &asked.call {
        WalletCall::Credit { wallet, amount, .. } => vec![(*wallet, LineKind::Credit, *amount)],
        WalletCall::Transfer { from, to, amount, .. } => {
            vec![(*from, LineKind::Out, *amount), (*to, LineKind::In, *amount)]
        }
        WalletCall::Read { .. } => return None,
    };
    let count = |wanted: &(u32, LineKind, u64)| {
        lines.iter().filter(|line| (line.wallet, line.kind, line.amount) == *wanted).count()
    };
    let counts: Vec<usize> = expected.iter().map(count).collect();
    if counts.iter().sum::<usize>() != lines.len() {
        return fails(FOREIGN, "a line says something else than the request");
    }
    if counts.iter().any(|count| *count > 1) {
        return fails(TWICE, "the same request is on the ledger more than once");
    }
    if counts.iter().any(|count| *count != counts[0]) {
        return fails(HALVES, "one side of the transfer is on the ledger, the other one is not");
    }
    if let [out, r#in] = lines
        && (out.other != Some(r#in.id) || r#in.other != Some(out.id))
    {
        return fails(HALVES, "the two sides do not name each other");
    }
    match &asked.told {
        Told::Done(_) if lines.is_empty() => fails(LOST, "it was acknowledged and is not on the ledger"),
        Told::Done(told) => {
            let own = lines.iter().find(|line| line.kind != LineKind::In)?;
            if own.after != *told { fails(LOST, "the ledger has another line than was acknowledged") } else { None }
        }
        Told::Refused(_) if !lines.is_empty() => fails(REFUSED, "it was refused and is on the ledger"),
        Told::Refused(_) | Told::Nothing => None,
    }
}

/// Each ledger is numbered without gaps, and each line leaves the balance that it says.
fn check_ledgers(books: &Books) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut ledgers: BTreeMap<u32, Vec<&Line>> = books.purses.keys().map(|wallet| (*wallet, Vec::new())).collect();
    for line in &books.lines {
        ledgers.entry(line.wallet).or_default().push(line);
    }
    for (wallet, mut lines) in ledgers {
        lines.sort_by_key(|line| line.after.lines);
        let mut purse = Purse::EMPTY;
        let mut before: Option<&Line> = None;
        for line in lines {
            let balance = match line.kind {
                LineKind::Credit | LineKind::In => purse.balance.checked_add(line.amount),
                LineKind::Out | LineKind::Other => purse.balance.checked_sub(line.amount),
            };
            if line.after.lines != purse.lines + 1 || balance != Some(line.after.balance) {
                let shown = before.into_iter().chain([line]);
                violations.push(Violation::new(GAPS, "a line does not follow from the one before").shown_by(shown));
            }
            (purse, before) = (line.after, Some(line));
        }
        let balance = books.purses.get(&wallet).copied().unwrap_or(Purse::EMPTY);
        if balance != purse {
            let what = format!("wallet {wallet} has {balance}");
            violations.push(Violation::new(GAPS, what).shown_by(before));
        }
    }
    violations
}

fn check_total(books: &Books) -> Option<Violation> {
    let credits = books.lines.iter().filter(|line| line.kind == LineKind::Credit);
    let brought_in: u64 = credits.map(|line| line.amount).sum();
    let held: u64 = books.purses.values().map(|purse| purse.balance).sum();
    let differs = || Violation::new(TOTAL, format!("{brought_in} came in, and the wallets hold {held}"));
    (brought_in != held).then(differs)
}
