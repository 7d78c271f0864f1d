//! `wrk`, which puts load on the HTTP API and only the benchmark needs.

use anyhow::{Result, bail};

use super::debian;
use crate::process;

const PROGRAM: &str = "wrk";

/// Makes sure that the HTTP API can be put under load.
pub fn ensure_http_load_generator() -> Result<()> {
    if process::find_program(PROGRAM).is_none() && debian::can_install() {
        debian::install(&[PROGRAM])?;
    }
    if process::find_program(PROGRAM).is_none() {
        let advice = match debian::is_present() {
            true => format!("run `{}`", debian::advice(&[PROGRAM])),
            false => "install it with your system's package manager".to_owned(),
        };
        bail!("the benchmark needs {PROGRAM}: {advice}");
    }
    Ok(())
}
