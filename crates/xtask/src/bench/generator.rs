//! Programs that put load on something, and the JSON line that each of them ends with.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;

use crate::process;

/// Runs a generator and reads the JSON on its last line.
pub fn result_of<T: DeserializeOwned>(command: &mut Command) -> Result<T> {
    process::bypass_proxy_on_loopback(command);
    let name = Path::new(command.get_program()).file_name().map(OsStr::to_os_string).unwrap_or_default();
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("{} could not be started", name.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().rev().find(|line| line.starts_with('{'));
    match last {
        Some(line) if output.status.success() => Ok(serde_json::from_str(line)?),
        _ => bail!("{} gave no result ({}): {}", name.display(), output.status, text.trim()),
    }
}
