//! `cargo xtask bench facade`: what the facade adds to a call, and many streams of text at once.

mod calls;
mod streams;

use anyhow::Result;
use clap::Args;

use super::report::{heading, write_into_docs};
use crate::binaries::{self, FACADE, NODE};
use crate::workspace::{Profile, Workspace};
use crate::{progress, setup, wasm_modules};
use calls::{Calls, OVERHEAD};
use streams::{STREAMS, Streams};

/// Arguments of `cargo xtask bench facade`.
#[derive(Debug, Args)]
pub struct FacadeBenchArgs {
    /// Texts that are written and read at once.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    streams: u32,
    /// How long each text is written, in seconds.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..=400))]
    seconds: u32,
    /// How often each figure of calls is taken; the report shows the median.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How long each load of calls lasts, in seconds; there are nine in a round.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    call_seconds: u32,
    /// Measures the programs and modules that are built already.
    #[arg(long)]
    skip_build: bool,
    /// Takes debug builds, to try the benchmark out: the figures mean nothing and are held against nothing.
    #[arg(long, conflicts_with = "write")]
    debug: bool,
    /// Writes the results into docs/benchmarks.md.
    #[arg(long)]
    write: bool,
}

impl FacadeBenchArgs {
    fn profile(&self) -> Profile {
        if self.debug { Profile::Debug } else { Profile::Release }
    }

    /// The command that repeats this run.
    fn command(&self) -> String {
        let Self { streams, seconds, rounds, call_seconds, .. } = self;
        format!(
            "cargo xtask bench facade --streams {streams} --seconds {seconds} --rounds {rounds} \
             --call-seconds {call_seconds} --write"
        )
    }
}

/// Measures the facade and prints the report.
pub fn run(workspace: &Workspace, args: &FacadeBenchArgs) -> Result<()> {
    progress::step("tools", setup::ensure_http_load_generator)?;
    if !args.skip_build {
        progress::step("WebAssembly modules", || wasm_modules::build(workspace))?;
        binaries::build(workspace, args.profile(), &[NODE, FACADE, STREAMS, OVERHEAD])?;
    }
    let calls = Calls::measure(workspace, args)?;
    let streams = progress::step("streams of text", || Streams::measure(workspace, args))?;
    let head = heading(workspace, &args.command(), &[]).join("\n");
    let report = format!("{head}\n{}\n\n{}", calls.table()?, streams.table(args));
    println!("{report}");
    if args.write {
        write_into_docs(workspace, "cargo xtask bench facade", &report)?;
    }
    if args.debug {
        return Ok(());
    }
    streams.judge()?;
    calls.judge()
}
