//! `cargo xtask ci`: format, lints and every test.

use std::env;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::cargo::PEERS_MANIFEST;
use crate::workspace::Workspace;
use crate::{cargo, process, progress, setup};

/// Has Clippy compile the packages of this repository, and nothing else, with warnings as errors.
///
/// `cargo clippy` would only check, which shares nothing with what tests run: the engine would be compiled twice,
/// once to check against and once to link. Clippy's own compiler does both at once. The variables, and the mark
/// that stands between arguments, are those by which `cargo clippy` calls it.
const WITH_LINTS: [(&str, &str); 2] =
    [("RUSTC_WORKSPACE_WRAPPER", "clippy-driver"), ("CLIPPY_ARGS", "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__")];

/// Checks everything, the quickest check first, and stops at the first that fails.
pub fn run(workspace: &Workspace) -> Result<ExitCode> {
    progress::step("tools", || {
        setup::ensure_host_tools()?;
        setup::ensure_lint_tools()
    })?;
    progress::step("format", || {
        process::run(cargo::plain(workspace, "fmt").args(["--all", "--", "--check"]))?;
        let peers = ["--manifest-path", PEERS_MANIFEST, "--all", "--", "--check"];
        process::run(cargo::plain(workspace, "fmt").args(peers))
    })?;
    progress::step("lints", || {
        let packages = ["--workspace", "--keep-going"];
        process::run(cargo::compile_peers(workspace, "build")?.args(packages).arg("--all-targets").envs(WITH_LINTS))?;
        // All targets would be tests of packages, too, that say in their manifests to have none.
        let targets = ["--lib", "--bins", "--tests"];
        process::run(cargo::compile(workspace, "build")?.args(packages).args(targets).envs(WITH_LINTS))
    })?;
    test()
}

/// Runs every test on what has just been compiled, for which all that the tests start must know how it was.
fn test() -> Result<ExitCode> {
    let status = Command::new(env::current_exe()?).arg("test").envs(WITH_LINTS).status();
    let passed = status.context("the tests could not be started")?.success();
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
