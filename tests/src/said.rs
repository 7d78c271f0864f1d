//! What programs under test say, which nobody but a person reads.

use std::fs::OpenOptions;
use std::io::{BufRead, Write};
use std::path::PathBuf;

/// Where it goes.
#[derive(Clone, Debug, Default)]
pub enum Said {
    /// Into the test's own output, which is shown when the test fails.
    #[default]
    Aloud,
    /// To the end of a file.
    Into(PathBuf),
}

impl Said {
    /// Passes one line on.
    pub fn line(&self, line: &str) {
        match self {
            Said::Aloud => eprintln!("{line}"),
            Said::Into(file) => {
                // Losing a line is better than stopping the program that says it.
                let file = OpenOptions::new().create(true).append(true).open(file);
                let _ = file.and_then(|mut file| writeln!(file, "{line}"));
            }
        }
    }

    /// Passes on whatever comes, so that the program never blocks.
    pub fn repeat(&self, output: impl BufRead + Send + 'static) {
        let said = self.clone();
        std::thread::spawn(move || output.lines().map_while(Result::ok).for_each(|line| said.line(&line)));
    }
}
