//! The fuzzer's program, instrumented.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace::{Profile, Workspace};
use crate::{cargo, process};

/// Name of the program as Cargo builds it, with and without instrumentation.
const FUZZ: &str = "fuzz";

/// The test that comes with the program. Selecting it unites features as `cargo test --workspace` does.
const TEST: &str = "smoke";

/// Builds the program. Only crates of this repository are compiled anew for it: Cargo keeps what a wrapper has compiled
/// apart from what it has not, and libraries from elsewhere, the engine among them, are used as they are.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut command = cargo::compile(workspace, "test")?;
    command.args(["--workspace", "--test", TEST, "--no-run"]);
    command.env("RUSTC_WORKSPACE_WRAPPER", workspace.root().join("tests/fuzz/instrumented.sh"));
    process::run(&mut command)?;
    // The next ordinary build puts its own program at this place. The copy is renamed into its own, since another fuzzer
    // may be running what was there, and a program that runs cannot be written.
    let built = workspace.binary(Profile::Debug, FUZZ);
    let kept = workspace.binary(Profile::Debug, "fuzz-instrumented");
    let copied = kept.with_extension(std::process::id().to_string());
    fs::copy(&built, &copied).with_context(|| format!("{} cannot be copied", built.display()))?;
    fs::rename(&copied, &kept).with_context(|| format!("{} cannot be named", kept.display()))?;
    Ok(kept)
}

/// Names of the targets in it.
pub fn targets(program: &Path) -> Result<Vec<String>> {
    let list = process::answer(program, &["--list"]).context("the fuzzer does not run")?;
    Ok(list.lines().map(str::to_owned).collect())
}
