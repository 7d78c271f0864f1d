//! `cargo xtask build`: everything that the product runs.

use anyhow::Result;

use crate::binaries::{self, FACADE, NODE};
use crate::workspace::{Profile, Workspace};
use crate::{bindings, progress, wasm_modules};

/// Builds modules and programs, and says when the client bindings have fallen behind.
pub fn run(workspace: &Workspace, profile: Profile) -> Result<()> {
    everything(workspace, profile)?;
    let stale = bindings::stale_files(workspace, profile)?;
    if !stale.is_empty() {
        progress::warn(&format!("{} client binding files are stale: run `cargo xtask bindings`", stale.len()));
    }
    Ok(())
}

/// Builds modules and programs.
pub fn everything(workspace: &Workspace, profile: Profile) -> Result<()> {
    progress::step("WebAssembly modules", || wasm_modules::build(workspace))?;
    binaries::build(workspace, profile, &[NODE, FACADE])
}
