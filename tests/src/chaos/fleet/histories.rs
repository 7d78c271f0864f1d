//! All that clients write down, in the moment in which they learn it: whatever ends a run, this is left.

use std::collections::HashMap;
use std::fmt::{self, Display};

use super::super::checks::ledger::WalletAsked;
use super::super::checks::saves::SlotAsked;
use super::super::checks::stories::TurnAsked;
use super::super::checks::streams::{Heard, Stream};
use super::super::checks::texts::{Reading, WishAsked};
use super::super::checks::uploads::UploadAsked;
use super::super::history::{Asked, Disturbance, Seconds, Told};
use crate::Account;

/// Everything that the clients have written down.
#[derive(Default)]
pub struct Histories {
    /// About money.
    pub wallets: Vec<WalletAsked>,
    /// About save slots.
    pub saves: Vec<SlotAsked>,
    /// About stories.
    pub turns: Vec<TurnAsked>,
    /// About files.
    pub uploads: Vec<UploadAsked>,
    /// Whose they are, by the client's number.
    pub uploaders: HashMap<u32, Account>,
    /// About texts.
    pub wishes: Vec<WishAsked>,
    /// What readers of texts heard.
    pub readings: Vec<Reading>,
    /// What subscribers heard.
    pub streams: Vec<Stream>,
    /// What failed in peace.
    pub disturbances: Vec<Disturbance>,
}

impl Histories {
    /// How many requests were answered, and how many were not.
    pub fn counts(&self) -> (u64, u64) {
        fn count<C, T: PartialEq>(history: &[Asked<C, T>]) -> (u64, u64) {
            let unknown = history.iter().filter(|asked| asked.told == Told::Nothing).count();
            ((history.len() - unknown) as u64, unknown as u64)
        }
        let all =
            [count(&self.wallets), count(&self.saves), count(&self.turns), count(&self.uploads), count(&self.wishes)];
        all.into_iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// What was written down, in one line.
    pub fn summary(&self) -> String {
        let news: usize = self.streams.iter().map(|stream| stream.news.len()).sum();
        format!(
            "{} requests about money, {} about saves, {} turns, {} uploads, {} texts, {news} pieces of news",
            self.wallets.len(),
            self.saves.len(),
            self.turns.len(),
            self.uploads.len(),
            self.wishes.len(),
        )
    }
}

/// A line for everything that was asked and heard.
impl Display for Histories {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.wallets.iter().try_for_each(|asked| writeln!(text, "{asked}"))?;
        self.saves.iter().try_for_each(|asked| writeln!(text, "{asked}"))?;
        self.turns.iter().try_for_each(|asked| writeln!(text, "{asked}"))?;
        self.uploads.iter().try_for_each(|asked| writeln!(text, "{asked}"))?;
        self.wishes.iter().try_for_each(|asked| writeln!(text, "{asked}"))?;
        self.disturbances.iter().try_for_each(|disturbance| writeln!(text, "in peace, {disturbance}"))?;
        for Reading { task, pieces, end } in &self.readings {
            writeln!(text, "reading of task {task}: {} pieces, end {end:?}", pieces.len())?;
            pieces.iter().try_for_each(|piece| writeln!(text, "    {piece}"))?;
        }
        self.streams.iter().try_for_each(|stream| write_stream(stream, text))
    }
}

fn write_stream(stream: &Stream, text: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(text, "{}:", stream.watcher)?;
    for news in &stream.news {
        let at = Seconds(news.at);
        match &news.what {
            Heard::All { asked, rows } => {
                writeln!(text, "    {at}: all {} rows, asked for at {}", rows.len(), Seconds(*asked))?;
            }
            Heard::Changed { deleted, inserted } => {
                deleted.iter().try_for_each(|row| writeln!(text, "    {at}: without {row}"))?;
                inserted.iter().try_for_each(|row| writeln!(text, "    {at}: with {row}"))?;
            }
        }
    }
    Ok(())
}
