//! Where the programs and modules under test lie.

use std::io::Read;
use std::path::PathBuf;

use anyhow::Context;
use flate2::read::GzDecoder;

/// A program of this workspace, beside the test's own executable or that of another program.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().context("a program lies in a folder")?;
    // Tests run out of target/<profile>/deps.
    let profile = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let program = profile.join(name);
    anyhow::ensure!(program.exists(), "{} is not built; run `cargo xtask build`.", program.display());
    Ok(program)
}

/// The wasm of a module, such as `spacetime_module` or `schema_zoo`.
pub fn module(name: &str) -> anyhow::Result<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../target/modules/{name}.wasm"));
    std::fs::read(&path).with_context(|| format!("{} is not built; run `cargo xtask build`.", path.display()))
}

/// The wasm of the game module as it was at an earlier revision; see `tests/fixtures/README.md`.
pub fn released_module(revision: &str) -> anyhow::Result<Vec<u8>> {
    let file = format!("fixtures/spacetime_module-{revision}.wasm.gz");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    let file = std::fs::File::open(&path).with_context(|| format!("{} is missing", path.display()))?;
    let mut wasm = Vec::new();
    GzDecoder::new(file).read_to_end(&mut wasm)?;
    Ok(wasm)
}
