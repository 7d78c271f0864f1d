//! The game module in two forms that do the same, so that one can be swapped for the other under load.

use crate::binaries::module;

/// What tells the second form from the first: a section that nothing reads.
const SECTION_NAME: &[u8] = b"chaos";

/// The module as it was built, and the same with one section more, which makes it another program.
pub struct Forms {
    forms: [Vec<u8>; 2],
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
        Ok(Self { forms: [first, second], present: 0 })
    }

    /// The form that is not published.
    pub fn other(&self) -> Vec<u8> {
        self.forms[1 - self.present].clone()
    }

    /// Takes note that the other form is published now.
    pub fn swapped(&mut self) {
        self.present = 1 - self.present;
    }
}
