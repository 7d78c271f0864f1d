//! The npm packages of the repository and their tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{Report, captured, node_report};
use crate::process;
use crate::setup::NPM;
use crate::workspace::Workspace;

/// Folders below these may be npm packages.
const PARENTS: [&str; 3] = ["client-bindings", "tests", "bench"];

/// The part of `package.json` that matters here.
#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    scripts: std::collections::BTreeMap<String, String>,
}

/// Folders of all packages that have tests.
pub fn packages(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let mut packages = Vec::new();
    for parent in PARENTS {
        let Ok(entries) = fs::read_dir(workspace.root().join(parent)) else {
            continue;
        };
        for entry in entries {
            let folder = entry?.path();
            if has_tests(&folder)? {
                packages.push(folder);
            }
        }
    }
    packages.sort();
    Ok(packages)
}

/// Runs the tests of an installed package.
pub fn run(package: &Path) -> Result<Report> {
    let output = captured::run(Command::new(NPM).arg("test").current_dir(package))?;
    Ok(node_report::read(&output.text, output.success))
}

/// Installs the package's dependencies if they changed.
pub fn install(package: &Path) -> Result<()> {
    if is_installed(package) {
        return Ok(());
    }
    process::run_quietly(Command::new(NPM).args(["ci", "--no-audit", "--no-fund"]).current_dir(package))
}

fn has_tests(folder: &Path) -> Result<bool> {
    let path = folder.join("package.json");
    if !path.is_file() {
        return Ok(false);
    }
    let manifest: Manifest = serde_json::from_slice(&fs::read(&path)?)
        .with_context(|| format!("{} is not a package manifest", path.display()))?;
    Ok(manifest.scripts.contains_key("test"))
}

/// Whether the last installation is younger than the lock file. npm writes the marker at its end.
fn is_installed(package: &Path) -> bool {
    let modified = |path: &str| fs::metadata(package.join(path)).and_then(|data| data.modified()).ok();
    match (modified("node_modules/.package-lock.json"), modified("package-lock.json")) {
        (Some(installed), Some(locked)) => installed >= locked,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use anyhow::Result;

    use super::{has_tests, is_installed};

    #[test]
    fn only_packages_with_a_test_script_are_run() -> Result<()> {
        let folder = tempfile::tempdir()?;
        assert!(!has_tests(folder.path())?);
        let manifest = folder.path().join("package.json");
        fs::write(&manifest, r#"{"name": "tools"}"#)?;
        assert!(!has_tests(folder.path())?);
        fs::write(&manifest, r#"{"scripts": {"test": "node --test"}}"#)?;
        assert!(has_tests(folder.path())?);
        fs::write(&manifest, "{")?;
        assert!(has_tests(folder.path()).is_err());
        Ok(())
    }

    #[test]
    fn dependencies_count_as_installed_once_npm_has_finished() -> Result<()> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("package-lock.json"), "{}")?;
        assert!(!is_installed(folder.path()));
        fs::create_dir(folder.path().join("node_modules"))?;
        assert!(!is_installed(folder.path()));
        fs::write(folder.path().join("node_modules/.package-lock.json"), "{}")?;
        assert!(is_installed(folder.path()));
        Ok(())
    }
}
