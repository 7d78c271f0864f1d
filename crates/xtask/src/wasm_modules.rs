//! Builds the game module and the test modules into `target/modules`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use wasmparser::{Validator, WasmFeatures};

use crate::setup::{self, WASM_TARGET};
use crate::workspace::Workspace;
use crate::{process, progress};

/// The module that the product publishes.
pub const GAME_MODULE: &str = "spacetime-module";

/// Cargo profiles that modules are built with: as fast as they can be, and the game module as small as it can be.
const FAST: &str = "module";
const SMALL: &str = "small-module";

/// What Rust's WebAssembly target uses beyond the first version of the standard; the engine
/// accepts all of it.
const OPTIMIZER_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Builds every module; finished files change only when their content does.
pub fn build(workspace: &Workspace) -> Result<()> {
    let toolchain = setup::ensure_wasm_toolchain()?;
    let optimizer = setup::find_or_install_wasm_opt();
    let target = workspace.target().join("wasm");
    for (profile, packages) in [(SMALL, vec![GAME_MODULE.to_owned()]), (FAST, test_modules(workspace)?)] {
        let mut command = toolchain.cargo_build(workspace)?;
        command.args(["--profile", profile]).arg("--target-dir").arg(&target);
        for package in &packages {
            command.args(["--package", package]);
        }
        process::run(&mut command)?;
        let compiled = target.join(WASM_TARGET).join(profile);
        for package in &packages {
            finish(&compiled, &workspace.module(package), optimizer.as_deref())
                .with_context(|| format!("module {package} could not be finished"))?;
        }
    }
    Ok(())
}

/// Names of the packages that are modules for tests. Each lies in a folder of its own name.
fn test_modules(workspace: &Workspace) -> Result<Vec<String>> {
    let folder = workspace.root().join("tests").join("modules");
    let mut packages = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("{} cannot be listed", folder.display()))? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            packages.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    packages.sort();
    Ok(packages)
}

/// Optimises one compiled module, unless what was compiled is what was optimised last time.
fn finish(compiled: &Path, finished: &Path, optimizer: Option<&Path>) -> Result<()> {
    let file_name = finished.file_name().context("a module needs a file name")?;
    let module = fs::read(compiled.join(file_name))?;
    let unoptimized = finished.with_extension("unoptimized.wasm");
    if finished.is_file() && fs::read(&unoptimized).is_ok_and(|last| last == module) {
        return Ok(());
    }
    let optimized = optimizer.and_then(|program| optimize(program, &compiled.join(file_name)));
    replace(finished, optimized.as_deref().unwrap_or(&module))?;
    // Written last, so that an interrupted run is repeated.
    replace(&unoptimized, &module)
}

/// The module made smaller, or `None` with a warning when the optimiser cannot handle it.
fn optimize(program: &Path, module: &Path) -> Option<Vec<u8>> {
    let attempt = || -> Result<Vec<u8>> {
        let output = tempfile::NamedTempFile::new()?;
        // Function names go, a sixth of the whole; the unoptimised file keeps them. Entry points are
        // much alike, so sharing what they have in common saves another twentieth; only before
        // the other passes does it find much.
        let mut command = Command::new(program);
        command
            .args(["--merge-similar-functions", "-Oz"])
            .args(OPTIMIZER_FEATURES)
            .arg(module)
            .arg("-o")
            .arg(output.path());
        process::run_quietly(&mut command)?;
        let optimized = fs::read(output.path())?;
        Validator::new_with_features(WasmFeatures::default()).validate_all(&optimized)?;
        Ok(optimized)
    };
    attempt().inspect_err(|error| progress::warn(&format!("{} stays unoptimised: {error:#}", module.display()))).ok()
}

/// Puts `content` at `path` in one step, so that nobody reads half a file; an equal file is kept.
fn replace(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|existing| existing == content) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let draft = path.with_extension("draft");
    fs::write(&draft, content)?;
    fs::rename(&draft, path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use anyhow::Result;

    use super::{finish, replace, test_modules};
    use crate::workspace::Workspace;

    /// An empty but valid module: magic number and version.
    const EMPTY_MODULE: &[u8] = b"\0asm\x01\0\0\0";

    #[test]
    fn test_modules_are_found() -> Result<()> {
        let packages = test_modules(&Workspace::locate())?;
        for expected in ["schema-zoo", "transfer"] {
            assert!(packages.iter().any(|package| package == expected), "{expected} in {packages:?}");
        }
        Ok(())
    }

    #[test]
    fn a_module_is_finished_again_only_when_it_changed() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let compiled = folder.path().join("compiled");
        fs::create_dir(&compiled)?;
        fs::write(compiled.join("game.wasm"), EMPTY_MODULE)?;
        let finished = folder.path().join("modules").join("game.wasm");
        finish(&compiled, &finished, None)?;
        assert_eq!(fs::read(&finished)?, EMPTY_MODULE);

        fs::write(&finished, "kept, because the compiled module is the same")?;
        finish(&compiled, &finished, None)?;
        assert!(fs::read(&finished)?.starts_with(b"kept"));

        fs::write(compiled.join("game.wasm"), "another module")?;
        finish(&compiled, &finished, None)?;
        assert_eq!(fs::read(&finished)?, b"another module");
        Ok(())
    }

    #[test]
    fn an_equal_file_is_not_touched() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("modules").join("game.wasm");
        replace(&path, EMPTY_MODULE)?;
        let before = fs::metadata(&path)?.modified()?;
        replace(&path, EMPTY_MODULE)?;
        assert_eq!(fs::metadata(&path)?.modified()?, before);
        Ok(())
    }
}
