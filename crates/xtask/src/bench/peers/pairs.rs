//! How accounts are drawn, and the file that every client reads them from.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::account_pairs::{ZIPF, lines};

/// How accounts are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// All alike.
    Uniform,
    /// By Zipf's law: a handful take part in most transfers.
    Zipf,
}

impl Distribution {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Uniform, Self::Zipf];

    /// What the report calls it.
    pub fn title(self) -> String {
        match self {
            Self::Uniform => "uniform".to_owned(),
            Self::Zipf => format!("Zipf {ZIPF}"),
        }
    }

    fn exponent(self) -> f64 {
        match self {
            Self::Uniform => 0.0,
            Self::Zipf => ZIPF,
        }
    }

    /// The file of pairs, drawn if it is not there yet.
    pub fn file(self, folder: &Path, accounts: u32) -> Result<PathBuf> {
        let path = folder.join(format!("pairs-{accounts}-{}.txt", self.exponent()));
        if !path.exists() {
            fs::write(&path, lines(accounts as usize, self.exponent()))?;
        }
        Ok(path)
    }
}
