//! The game module in two forms that do the same, so that one can be swapped for the other under load.

use anyhow::ensure;
use serde_json::Value;

use crate::binaries::module;

/// What tells the second form from the first: a section that nothing reads.
const SECTION_NAME: &[u8] = b"chaos";

/// The module as it was built, and the same with one section more, which makes it another program.
pub struct Forms {
    forms: [Vec<u8>; 2],
    /// The hash under which a database runs each form, once that was seen.
    hashes: [Option<Value>; 2],
    present: usize,
}

impl Forms {
    /// Both forms; the first one is taken to be published.
    pub fn load() -> anyhow::Result<Self> {
        let first = module("spacetime_module")?;
        let mut second = first.clone();
        // A custom section: its kind 0, its length, the length of its name, its name.
        second.extend([0, SECTION_NAME.len() as u8 + 1, SECTION_NAME.len() as u8]);
        second.extend(SECTION_NAME);
        Ok(Self { forms: [first, second], hashes: [None, None], present: 0 })
    }

    /// The form that is not published.
    pub fn other(&self) -> Vec<u8> {
        self.forms[1 - self.present].clone()
    }

    /// Takes note that the other form is published now.
    pub fn swapped(&mut self) {
        self.present = 1 - self.present;
    }

    /// Holds what a database runs against the form that is published. It must be the same each time, and never that of
    /// the other form.
    pub fn check_present(&mut self, hash: &Value) -> anyhow::Result<()> {
        let other = self.hashes[1 - self.present].as_ref();
        ensure!(other != Some(hash), "the database runs the form that was published before");
        let known = self.hashes[self.present].get_or_insert_with(|| hash.clone());
        ensure!(known == hash, "the database runs {hash}, and not {known}, which was published");
        Ok(())
    }

    /// Takes note of a publish of the other form of which nobody knows whether it was done; says whether it was.
    ///
    /// Errors: the database runs neither form.
    pub fn find_out(&mut self, hash: &Value) -> anyhow::Result<bool> {
        let is_done = self.hashes[self.present].as_ref() != Some(hash);
        if is_done {
            self.swapped();
        }
        self.check_present(hash).map(|()| is_done)
    }
}
