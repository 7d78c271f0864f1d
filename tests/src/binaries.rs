//! Where the programs and modules under test lie.

use std::path::PathBuf;

use anyhow::Context;

/// A program of this workspace, beside the test's own executable.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let profile = test.parent().and_then(|deps| deps.parent()).context("a test runs out of target/<profile>/deps")?;
    let program = profile.join(name);
    anyhow::ensure!(program.exists(), "{} is not built; run `cargo xtask build`.", program.display());
    Ok(program)
}

/// The wasm of a module, such as `spacetime_module` or `schema_zoo`.
pub fn module(name: &str) -> anyhow::Result<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../target/modules/{name}.wasm"));
    std::fs::read(&path).with_context(|| format!("{} is not built; run `cargo xtask build`.", path.display()))
}
