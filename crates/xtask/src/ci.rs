//! `cargo xtask ci`: format, lints and every test.

use std::process::ExitCode;

use anyhow::Result;

use crate::cargo::PEERS_MANIFEST;
use crate::workspace::Workspace;
use crate::{cargo, process, progress, setup, suites};

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
        let lints = ["--workspace", "--all-targets", "--", "-D", "warnings"];
        process::run(cargo::compile(workspace, "clippy")?.args(lints))?;
        process::run(cargo::compile_peers(workspace, "clippy")?.args(lints))
    })?;
    suites::run(workspace)
}
