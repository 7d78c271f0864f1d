//! One target for its time.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::FuzzArgs;
use crate::workspace::Workspace;

/// Longest input; long enough for what is nested deeply.
const INPUT_BYTES_MAX: u32 = 256 * 1024;
/// Seconds after which a single input counts as one that hangs.
const INPUT_SECONDS_MAX: u32 = 30;
/// Memory beyond which an input counts as one that takes too much.
const MEMORY_MB_MAX: u32 = 8192;
/// Lines of a finding that are shown.
const LINES_SHOWN: usize = 40;

/// What is run.
pub struct Session<'a> {
    pub workspace: &'a Workspace,
    pub program: &'a Path,
    pub target: &'a str,
    pub args: &'a FuzzArgs,
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    target: String,
    inputs: u64,
    /// Edges of the control flow that were reached.
    edges: u64,
    /// The file with the input that did something bad.
    pub found: Option<String>,
}

impl Session<'_> {
    /// Runs until the time is over or something is found. What is found lies in the corpus of the repository then, where
    /// the tests find it.
    pub fn run(&self) -> Result<Outcome> {
        let kept = self.workspace.root().join("tests/fuzz/corpus").join(self.target);
        let working = self.workspace.target().join("fuzz").join(self.target);
        let temporary = tempfile::tempdir()?;
        [&kept, &working].into_iter().try_for_each(fs::create_dir_all)?;
        let mut command = Command::new(self.program);
        command.arg(self.target).args(self.options()).arg(format!("-artifact_prefix={}/", kept.display()));
        command.args([&working, &kept]).env("TMPDIR", temporary.path()).stdin(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().context("the fuzzer could not be started")?;
        let mut outcome = Outcome { target: self.target.to_owned(), ..Outcome::default() };
        let mut last = Vec::new();
        if let Some(output) = process.stderr.take() {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                outcome.read(&line);
                last.push(line);
                let surplus = last.len().saturating_sub(LINES_SHOWN);
                last.drain(..surplus);
            }
        }
        let status = process.wait()?;
        if !status.success() {
            eprintln!("{}", last.join("\n"));
            let nothing = || format!("{} ended with {status} and left no input", self.target);
            outcome.found.get_or_insert_with(nothing);
        }
        outcome.found = outcome.found.map(|path| self.workspace.display(&PathBuf::from(path)).to_string());
        Ok(outcome)
    }

    fn options(&self) -> [String; 7] {
        [
            format!("-max_total_time={}", self.args.seconds),
            format!("-seed={}", self.args.seed),
            format!("-max_len={INPUT_BYTES_MAX}"),
            format!("-timeout={INPUT_SECONDS_MAX}"),
            // What is slower is a finding, and what is faster is none.
            format!("-report_slow_units={INPUT_SECONDS_MAX}"),
            format!("-rss_limit_mb={MEMORY_MB_MAX}"),
            // Long inputs have their turn from the beginning.
            "-len_control=0".to_owned(),
        ]
    }
}

impl Outcome {
    /// Reads a line such as `#4096 pulse  cov: 812 ft: 1030 corp: 61/2041b …`.
    fn read(&mut self, line: &str) {
        if let Some((_, path)) = line.split_once("Test unit written to ") {
            self.found = Some(path.trim().to_owned());
        }
        let Some(rest) = line.strip_prefix('#') else { return };
        let mut words = rest.split_whitespace();
        if let Some(inputs) = words.next().and_then(|word| word.parse().ok()) {
            self.inputs = inputs;
        }
        if let Some(edges) = words.skip_while(|word| *word != "cov:").nth(1).and_then(|word| word.parse().ok()) {
            self.edges = edges;
        }
    }
}

/// The outcomes as a table.
pub fn table(outcomes: &[Outcome]) -> String {
    let mut table = "| target | inputs | edges reached | found |\n| --- | ---: | ---: | --- |\n".to_owned();
    for Outcome { target, inputs, edges, found } in outcomes {
        let found = found.as_deref().unwrap_or("nothing");
        table += &format!("| `{target}` | {inputs} | {edges} | {found} |\n");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{Outcome, table};

    #[test]
    fn the_progress_of_the_fuzzer_is_read() {
        let mut outcome = Outcome { target: "bodies".to_owned(), ..Outcome::default() };
        outcome.read("INFO: Seed: 1");
        outcome.read("#2\tINITED cov: 16 ft: 16 corp: 1/1b exec/s: 0 rss: 27Mb");
        outcome.read("#56394\tREDUCE cov: 160 ft: 171 corp: 7/30b lim: 517 exec/s: 900 rss: 27Mb L: 4/9 MS: 2 CMP-");
        assert_eq!(table(&[outcome]).lines().last(), Some("| `bodies` | 56394 | 160 | nothing |"));
    }

    #[test]
    fn the_place_of_a_finding_is_read() {
        let mut outcome = Outcome::default();
        outcome.read("artifact_prefix='corpus/'; Test unit written to corpus/crash-56ab");
        assert_eq!(outcome.found.as_deref(), Some("corpus/crash-56ab"));
    }
}
