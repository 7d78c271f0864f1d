//! The developer's commands, each run as `cargo xtask <command>`.
//!
//! `setup` finds or installs the tools, `wasm_modules` and `binaries` build the parts, `dev` runs
//! them together, and `suites` runs every test. Each other file is one command.

mod bench;
mod binaries;
mod bindings;
mod build;
mod cargo;
mod chaos;
mod ci;
mod cli;
mod dev;
mod fuzz;
mod machine_time;
mod node;
mod process;
mod progress;
mod publish;
mod seed;
mod setup;
mod soak;
mod suites;
mod svg;
mod wasm_modules;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    cli::Cli::parse().run().unwrap_or_else(|error| {
        progress::error(&error);
        ExitCode::FAILURE
    })
}
