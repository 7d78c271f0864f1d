//! Subscription streams: changes are told, not only found in new subscriptions; nothing comes out of order, nothing
//! twice, nothing that was seen vanishes, and in the end what the watcher has put together from them is the table.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::{self, Display};

use super::super::history::{Micros, Seconds};
use super::Violation;
use super::ledger::WalletAsked;

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
    /// A subscription stands, and these are all rows.
    All(Vec<Row>),
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
            Heard::All(_) => false,
            Heard::Changed { deleted, inserted } => deleted.iter().chain(inserted).any(|row| row.table == table),
        };
        self.news.iter().filter(changed).count()
    }
}

const TOLD: &str = "subscribers are told of changes in each table";
const ORDER: &str = "subscription streams are never out of order";
const VANISHED: &str = "what a confirmed subscription has shown stays";
const EQUAL: &str = "subscription streams are equal to the table at the end";
const WHOLE: &str = "a transaction reaches subscribers whole";
const TIME: &str = "commits keep the order of requests that did not overlap";

/// The rows that a watcher has put together, each with the news that brought it.
struct Picture {
    /// By table, series and encoded row.
    rows: HashMap<(&'static str, Vec<u8>), (Row, Micros)>,
    /// The last version of each series that was ever seen.
    last: HashMap<(&'static str, String), u64>,
}

/// Follows a stream to its end and compares it with the final rows of the same tables.
pub fn check(stream: &Stream, growth: impl Fn(&str) -> Growth, table: &[Row]) -> Vec<Violation> {
    let mut picture = Picture { rows: HashMap::new(), last: HashMap::new() };
    for news in &stream.news {
        let broken = match &news.what {
            Heard::All(rows) => picture.begin(news.at, rows, &growth),
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
        let mut newest: HashMap<(&'static str, &str), u64> = HashMap::new();
        for row in rows {
            let version = newest.entry((row.table, &row.series)).or_default();
            *version = row.version.max(*version);
            self.rows.insert((row.table, row.encoded.clone()), (row.clone(), at));
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
            if self.rows.insert((row.table, row.encoded.clone()), (row.clone(), at)).is_some() {
                return fails(ORDER, "a row is inserted that was there", row);
            }
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

/// Whether both lines of each transfer came in one transaction, and whether transactions came in the order of the
/// requests, as far as those did not overlap.
pub fn check_against(stream: &Stream, history: &[WalletAsked], ledger: &str) -> Vec<Violation> {
    let asked: BTreeMap<&str, &WalletAsked> =
        history.iter().filter_map(|asked| Some((asked.call.mark()?, asked))).collect();
    let mut latest: Option<&WalletAsked> = None;
    for news in &stream.news {
        let Heard::Changed { inserted, .. } = &news.what else { continue };
        let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
        for row in inserted.iter().filter(|row| row.table == ledger) {
            *lines.entry(row.mark.as_deref().unwrap_or_default()).or_default() += 1;
        }
        for (mark, count) in lines {
            let Some(asked) = asked.get(mark) else { continue };
            let expected = if mark.starts_with("transfer") { 2 } else { 1 };
            if count != expected {
                let what = format!("{}: {count} of {expected} lines came together", stream.watcher);
                return vec![Violation::new(WHOLE, what).shown_by([asked.to_string()])];
            }
            if let Some(earlier) = latest.filter(|earlier| asked.ended < earlier.begun) {
                let what = format!("{}: the second of these was shown first", stream.watcher);
                return vec![Violation::new(TIME, what).shown_by([asked, earlier])];
            }
            if latest.is_none_or(|latest| latest.begun < asked.begun) {
                latest = Some(asked);
            }
        }
    }
    Vec::new()
}
