//! `cargo xtask ci`: format, lints and every test.

use std::process::ExitCode;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{cargo, process, progress, setup, suites};

/// Checks everything, the quickest check first, and stops at the first that fails.
pub fn run(workspace: &Workspace) -> Result<ExitCode> {
    progress::step("tools", || {
        setup::ensure_host_tools()?;
        setup::ensure_lint_tools()
    })?;
    progress::step("format", || process::run(cargo::plain(workspace, "fmt").args(["--all", "--", "--check"])))?;
    progress::step("lints", || {
        let mut clippy = cargo::compile(workspace, "clippy")?;
        process::run(clippy.args(["--workspace", "--all-targets", "--", "-D", "warnings"]))
    })?;
    suites::run(workspace)
}
