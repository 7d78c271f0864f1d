//! `cargo xtask bench facade`: many streams of text at once, from the offline provider to their readers.

use std::process::Command;

use anyhow::{Result, ensure};
use clap::Args;
use serde::Deserialize;

use super::generator::result_of;
use crate::binaries::{self, FACADE, NODE};
use crate::workspace::{Profile, Workspace};
use crate::{progress, wasm_modules};

/// The program that asks for texts and reads them.
const STREAMS: &str = "streams";
/// What a stream may take of the facade's memory.
const MEMORY_KIB_MAX: f64 = 100.0;

/// Arguments of `cargo xtask bench facade`.
#[derive(Debug, Args)]
pub struct FacadeBenchArgs {
    /// Texts that are written and read at once.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    streams: u32,
    /// How long each text is written, in seconds.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..=400))]
    seconds: u32,
    /// Measures the programs and modules that are built already.
    #[arg(long)]
    skip_build: bool,
}

#[derive(Debug, Deserialize)]
struct Streams {
    words_expected: u64,
    words: u64,
    chunks: u64,
    p50_ms: f64,
    p99_ms: f64,
    slowest_ms: f64,
    memory_kib: f64,
}

/// Measures the facade and prints the report.
pub fn run(workspace: &Workspace, args: &FacadeBenchArgs) -> Result<()> {
    if !args.skip_build {
        progress::step("WebAssembly modules", || wasm_modules::build(workspace))?;
        binaries::build(workspace, Profile::Release, &[NODE, FACADE, STREAMS])?;
    }
    let mut command = Command::new(workspace.binary(Profile::Release, STREAMS));
    command.args(["--streams", &args.streams.to_string(), "--seconds", &args.seconds.to_string()]);
    let found: Streams = result_of(&mut command)?;
    println!("{}", table(args, &found));
    ensure!(found.words == found.words_expected, "{} of {} words came", found.words, found.words_expected);
    let memory_kib = found.memory_kib;
    ensure!(memory_kib <= MEMORY_KIB_MAX, "a stream takes {memory_kib:.0} KiB, more than {MEMORY_KIB_MAX}");
    Ok(())
}

fn table(args: &FacadeBenchArgs, found: &Streams) -> String {
    let Streams { words_expected, words, chunks, p50_ms, p99_ms, slowest_ms, memory_kib } = found;
    let FacadeBenchArgs { streams, seconds, .. } = args;
    format!(
        "| {streams} streams of 50 words a second, {seconds} s | |\n| --- | ---: |\n\
         | words delivered, of {words_expected} | {words} |\n| in chunks | {chunks} |\n\
         | delay, median | {p50_ms:.0} ms |\n| delay, p99 | {p99_ms:.0} ms |\n| delay, slowest | {slowest_ms:.0} ms |\n\
         | memory of the facade for each stream, its task included | {memory_kib:.0} KiB |"
    )
}
