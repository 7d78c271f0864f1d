//! Many streams of text at once, from the offline provider to their readers.

use std::process::Command;

use anyhow::{Result, ensure};
use serde::Deserialize;

use super::FacadeBenchArgs;
use crate::bench::generator::result_of;
use crate::workspace::Workspace;

/// The program that asks for texts and reads them.
pub const STREAMS: &str = "streams";
/// What a stream may take of the facade's memory.
const MEMORY_KIB_MAX: f64 = 100.0;

/// What the readers saw.
#[derive(Debug, Deserialize)]
pub struct Streams {
    words_expected: u64,
    words: u64,
    chunks: u64,
    p50_ms: f64,
    p99_ms: f64,
    slowest_ms: f64,
    memory_kib: f64,
}

impl Streams {
    /// Lets all texts be written and read.
    pub fn measure(workspace: &Workspace, args: &FacadeBenchArgs) -> Result<Self> {
        let mut command = Command::new(workspace.binary(args.profile(), STREAMS));
        command.args(["--streams", &args.streams.to_string(), "--seconds", &args.seconds.to_string()]);
        result_of(&mut command)
    }

    /// The table.
    pub fn table(&self, args: &FacadeBenchArgs) -> String {
        let Self { words_expected, words, chunks, p50_ms, p99_ms, slowest_ms, memory_kib } = self;
        let FacadeBenchArgs { streams, seconds, .. } = args;
        format!(
            "| {streams} streams of 50 words a second, {seconds} s | measured | wanted |\n| --- | ---: | ---: |\n\
             | words delivered | {words} | {words_expected} |\n| in chunks | {chunks} | – |\n\
             | delay, median | {p50_ms:.0} ms | – |\n| delay, p99 | {p99_ms:.0} ms | – |\n\
             | delay, slowest | {slowest_ms:.0} ms | – |\n\
             | memory of the facade for each stream, its task included | {memory_kib:.0} KiB | {MEMORY_KIB_MAX} KiB |"
        )
    }

    /// Fails if less was reached than is wanted.
    pub fn judge(&self) -> Result<()> {
        ensure!(self.words == self.words_expected, "{} of {} words came", self.words, self.words_expected);
        let memory_kib = self.memory_kib;
        ensure!(memory_kib <= MEMORY_KIB_MAX, "a stream takes {memory_kib:.0} KiB, more than {MEMORY_KIB_MAX}");
        Ok(())
    }
}
