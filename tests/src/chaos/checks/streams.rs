//! Subscription streams: changes are told, not only found in new subscriptions; nothing comes out of order, nothing
//! twice, nothing that was seen vanishes, and in the end what the watcher has put together from them is the table.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::{self, Display};

use super::super::history::{Micros, Seconds};
use super::Violation;
use super::ledger::{WalletAsked, WalletCall};

/// How rows of a table follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// Rows are added, numbered from 1 without gaps within their series, and stay as they are.
    Appended,
    /// A series is one row at a time, and its version grows with each change.
    Replaced,
}

/// A row as a watcher sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The table.
    pub table: &'static str,
    /// What it belongs to: a wallet's ledger, a story, a slot.
    pub series: String,
    /// Its place in the series.
    pub version: u64,
    /// The whole row, encoded.
    pub encoded: Vec<u8>,
    /// Which request it comes from, where the row says so.
    pub mark: Option<String>,
}

impl Display for Row {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, series, version, mark, .. } = self;
        write!(
            text,
            "{table} {series}, {version}{}",
            mark.as_ref().map(|mark| format!(" ({mark})")).unwrap_or_default()
        )
    }
}

/// Something that a watcher was told.
#[derive(Clone, Debug)]
pub struct News {
    /// When it had arrived.
    pub at: Micros,
    /// What it was.
    pub what: Heard,
}

/// The kinds of news.
#[derive(Clone, Debug)]
pub enum Heard {
    /// A subscription stands.
    All {
        /// When it was asked for.
        asked: Micros,
        /// All rows.
        rows: Vec<Row>,
    },
    /// One transaction has changed this.
    Changed {
        /// Rows that are gone.
        deleted: Vec<Row>,
        /// Rows that are new.
        inserted: Vec<Row>,
    },
}

/// All that one watcher has heard, over all its connections.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// Who it is.
    pub watcher: String,
    /// What it watches.
    pub tables: Vec<&'static str>,
    /// In the order of arrival.
    pub news: Vec<News>,
}

impl Stream {
    /// How often the watcher was told of changes in a table.
    pub fn changes(&self, table: &str) -> usize {
        let changed = |news: &&News| match &news.what {
            Heard::All { .. } => false,
            Heard::Changed { deleted, inserted } => deleted.iter().chain(inserted).any(|row| row.table == table),
        };
        self.news.iter().filter(changed).count()
    }
}

const TOLD: &str = "subscribers are told of changes in each table";
const ORDER: &str = "subscription streams are never out of order";
const VANISHED: &str = "what a confirmed subscription has shown stays";
const EQUAL: &str = "subscription streams are equal to the table at the end";
const ONE: &str = "a thing is one row at any time";
const GAPS: &str = "a new subscription has every row";
const MOMENT: &str = "subscribers see ledgers and balances of one moment";
const WHOLE: &str = "a transaction reaches subscribers whole";
const TIME: &str = "commits keep the order of requests that did not overlap";

/// The rows that a watcher has put together, each with the news that brought it.
struct Picture {
    /// By table, series and encoded row.
    rows: HashMap<(&'static str, Vec<u8>), (Row, Micros)>,
    /// The last version of each series that was ever seen.
    last: HashMap<(&'static str, String), u64>,
    /// How many rows each thing is.
    things: HashMap<(&'static str, String), usize>,
}

/// Follows a stream to its end and compares it with the final rows of the same tables.
pub fn check(stream: &Stream, growth: impl Fn(&str) -> Growth, table: &[Row]) -> Vec<Violation> {
    let mut picture = Picture { rows: HashMap::new(), last: HashMap::new(), things: HashMap::new() };
    for news in &stream.news {
        let broken = match &news.what {
            Heard::All { rows, .. } => picture.begin(news.at, rows, &growth),
            Heard::Changed { deleted, inserted } => picture.change(news.at, deleted, inserted, &growth),
        };
        if let Some(violation) = broken {
            // What comes after the first lie means nothing.
            return vec![named(stream, violation)];
        }
    }
    let watched: BTreeSet<&str> = stream.tables.iter().copied().collect();
    let table: Vec<&Row> = table.iter().filter(|row| watched.contains(row.table)).collect();
    let mut violations = picture.compare(&table);
    // A watcher who hears nothing comes back after a while, and a new subscription has everything.
    let silent = stream.tables.iter().filter(|table| stream.changes(table) == 0);
    violations.extend(silent.map(|table| Violation::new(TOLD, format!("of none in {table}"))));
    violations.into_iter().map(|violation| named(stream, violation)).collect()
}

fn named(stream: &Stream, mut violation: Violation) -> Violation {
    violation.what = format!("{}: {}", stream.watcher, violation.what);
    violation
}

impl Picture {
    /// A new subscription. Whatever an earlier one has shown must be there, or something newer.
    fn begin(&mut self, at: Micros, rows: &[Row], growth: &impl Fn(&str) -> Growth) -> Option<Violation> {
        let before = std::mem::take(&mut self.rows);
        self.things.clear();
        let mut newest: HashMap<(&'static str, &str), u64> = HashMap::new();
        let mut count: HashMap<(&'static str, &str), u64> = HashMap::new();
        for row in rows {
            let version = newest.entry((row.table, &row.series)).or_default();
            *version = row.version.max(*version);
            *count.entry((row.table, &row.series)).or_default() += 1;
            if let Some(violation) = self.insert(at, row, growth) {
                return Some(violation);
            }
        }
        let has_gaps = |(table, series): &&(&'static str, &str)| {
            growth(table) == Growth::Appended && newest.get(&(*table, *series)) != count.get(&(*table, *series))
        };
        if let Some((table, series)) = newest.keys().find(has_gaps) {
            let shown = rows.iter().filter(|row| (row.table, row.series.as_str()) == (*table, *series));
            let what = format!("{}: rows of {table} {series} are missing", Seconds(at));
            return Some(Violation::new(GAPS, what).shown_by(shown));
        }
        for (key, (row, seen)) in before {
            let is_there = match growth(row.table) {
                Growth::Appended => self.rows.contains_key(&key),
                Growth::Replaced => {
                    self.rows.contains_key(&key)
                        || newest.get(&(row.table, row.series.as_str())).is_some_and(|newest| *newest > row.version)
                }
            };
            if !is_there {
                let shown = [format!("{}: {row}", Seconds(seen)), format!("{}: all rows, without it", Seconds(at))];
                return Some(Violation::new(VANISHED, "a row that was shown is gone").shown_by(shown));
            }
        }
        for ((table, series), version) in newest {
            self.last.insert((table, series.to_owned()), version);
        }
        None
    }

    fn change(
        &mut self,
        at: Micros,
        deleted: &[Row],
        inserted: &[Row],
        growth: &impl Fn(&str) -> Growth,
    ) -> Option<Violation> {
        let fails = |rule, what: &str, row: &Row| {
            Some(Violation::new(rule, what).shown_by([format!("{}: {row}", Seconds(at))]))
        };
        for row in deleted {
            if growth(row.table) == Growth::Appended {
                return fails(VANISHED, "a row that stays for ever is deleted", row);
            }
            if self.rows.remove(&(row.table, row.encoded.clone())).is_none() {
                return fails(ORDER, "a row is deleted that was not there", row);
            }
            self.things.entry((row.table, row.series.clone())).and_modify(|rows| *rows -= 1);
        }
        // One transaction may add several to one series.
        let mut inserted: Vec<&Row> = inserted.iter().collect();
        inserted.sort_by_key(|row| row.version);
        for row in inserted {
            let last = self.last.entry((row.table, row.series.clone())).or_default();
            let follows = match growth(row.table) {
                Growth::Appended => row.version == *last + 1,
                Growth::Replaced => row.version > *last,
            };
            if !follows {
                let what = format!("it comes after {last}");
                return fails(ORDER, &what, row);
            }
            *last = row.version;
            if let Some(violation) = self.insert(at, row, growth) {
                return Some(violation);
            }
        }
        None
    }

    /// Puts a row into the picture, in which no row is twice and no thing has two rows.
    fn insert(&mut self, at: Micros, row: &Row, growth: &impl Fn(&str) -> Growth) -> Option<Violation> {
        let fails = |rule, what: &str| Some(Violation::new(rule, what).shown_by([format!("{}: {row}", Seconds(at))]));
        if self.rows.insert((row.table, row.encoded.clone()), (row.clone(), at)).is_some() {
            return fails(ORDER, "a row comes that was there");
        }
        let rows = self.things.entry((row.table, row.series.clone())).or_default();
        *rows += 1;
        if growth(row.table) == Growth::Replaced && *rows > 1 {
            return fails(ONE, "another row of the same stays");
        }
        None
    }

    fn compare(&self, table: &[&Row]) -> Vec<Violation> {
        let mut missing: Vec<&Row> = Vec::new();
        let mut rest = self.rows.clone();
        for row in table {
            if rest.remove(&(row.table, row.encoded.clone())).is_none() {
                missing.push(row);
            }
        }
        let never_shown = missing.into_iter().map(|row| format!("only in the table: {row}"));
        let only_shown = rest.values().map(|(row, at)| format!("only in the stream, {}: {row}", Seconds(*at)));
        let different: Vec<String> = never_shown.chain(only_shown).collect();
        if different.is_empty() {
            return Vec::new();
        }
        let what = format!("{} rows differ", different.len());
        // A few tell as much as thousands.
        vec![Violation::new(EQUAL, what).shown_by(different.into_iter().take(5))]
    }
}

/// Whether both lines of each transfer came together, whether new subscriptions had all that had been acknowledged
/// before they were asked for, and whether transactions came in the order of the requests, as far as those did not
/// overlap. Nothing is asked of a watcher who does not watch the ledger.
pub fn check_against(stream: &Stream, history: &[WalletAsked], ledger: &str) -> Vec<Violation> {
    if !stream.tables.contains(&ledger) {
        return Vec::new();
    }
    let asked: BTreeMap<&str, &WalletAsked> =
        history.iter().filter_map(|asked| Some((asked.call.mark()?, asked))).collect();
    let mut latest: Option<&WalletAsked> = None;
    for news in &stream.news {
        let rows = match &news.what {
            Heard::All { rows, .. } => rows,
            Heard::Changed { inserted, .. } => inserted,
        };
        let lines = lines_of(rows, ledger);
        let known = lines.iter().filter_map(|(mark, count)| Some((*asked.get(mark)?, *count)));
        let broken = known.clone().find_map(|(asked, count)| check_whole(asked, count)).or_else(|| match news.what {
            Heard::All { asked, .. } => check_has(history, &lines, asked),
            Heard::Changed { .. } => known.map(|(asked, _)| asked).find_map(|asked| check_time(asked, &mut latest)),
        });
        if let Some(violation) = broken {
            return vec![named(stream, violation)];
        }
    }
    Vec::new()
}

/// How many lines of a ledger each request has among these rows.
fn lines_of<'a>(rows: &'a [Row], ledger: &str) -> BTreeMap<&'a str, usize> {
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.table == ledger) {
        *lines.entry(row.mark.as_deref().unwrap_or_default()).or_default() += 1;
    }
    lines
}

fn check_whole(asked: &WalletAsked, count: usize) -> Option<Violation> {
    let expected = if matches!(asked.call, WalletCall::Transfer { .. }) { 2 } else { 1 };
    let fails = || Violation::new(WHOLE, format!("{count} of {expected} lines came together")).shown_by([asked]);
    (count != expected).then(fails)
}

/// Whether a subscription that was asked for then has whatever was acknowledged before.
fn check_has(history: &[WalletAsked], lines: &BTreeMap<&str, usize>, since: Micros) -> Option<Violation> {
    let is_missing = |asked: &&WalletAsked| {
        let is_due = asked.told.done().is_some() && asked.ended < since;
        is_due && asked.call.mark().is_some_and(|mark| !lines.contains_key(mark))
    };
    let missing = history.iter().find(is_missing)?;
    let what = format!("it was asked for at {}, and does not have this", Seconds(since));
    Some(Violation::new(GAPS, what).shown_by([missing]))
}

fn check_time<'a>(asked: &'a WalletAsked, latest: &mut Option<&'a WalletAsked>) -> Option<Violation> {
    if let Some(earlier) = latest.filter(|earlier| asked.ended < earlier.begun) {
        return Some(Violation::new(TIME, "the second of these was shown first").shown_by([asked, earlier]));
    }
    if latest.is_none_or(|latest| latest.begun < asked.begun) {
        *latest = Some(asked);
    }
    None
}

/// Whether a watcher of both has always seen each wallet's ledger and its balance as they were at one moment.
pub fn check_moments(stream: &Stream, ledger: &'static str, balance: &'static str) -> Vec<Violation> {
    let mut last: HashMap<(&str, &str), u64> = HashMap::new();
    let watches_both = [ledger, balance].iter().all(|table| stream.tables.contains(table));
    for news in stream.news.iter().filter(|_| watches_both) {
        let rows = match &news.what {
            Heard::All { rows, .. } => {
                last.clear();
                rows
            }
            Heard::Changed { inserted, .. } => inserted,
        };
        let rows = rows.iter().filter(|row| row.table == ledger || row.table == balance);
        for row in rows.clone() {
            let version = last.entry((row.table, &row.series)).or_default();
            *version = row.version.max(*version);
        }
        let version = |table, row: &Row| last.get(&(table, row.series.as_str())).copied();
        if let Some(row) = rows.clone().find(|row| version(ledger, row) != version(balance, row)) {
            let (lines, balance) = (version(ledger, row), version(balance, row));
            let what = format!("{}: the last line is {lines:?}, and the balance of {balance:?}", Seconds(news.at));
            return vec![named(stream, Violation::new(MOMENT, what).shown_by([row]))];
        }
    }
    Vec::new()
}
