//! The formatter and the linter, which a minimal Rust installation leaves out.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::process;

/// Enough for a slow connection, short enough for none.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(120);

/// Makes sure that format and lints can be checked.
pub fn ensure_lint_tools() -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        let is_present = || process::answer("cargo", &[subcommand, "--version"]).is_some();
        if is_present() {
            continue;
        }
        let mut add = Command::new("rustup");
        add.args(["component", "add", component]);
        if !process::succeeds_within(&mut add, DOWNLOAD_LIMIT) || !is_present() {
            bail!("`cargo {subcommand}` is missing: run `rustup component add {component}`");
        }
    }
    Ok(())
}
