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
const PARENTS: [&str; 3] = ["client-bindings", "tests", "crates/spacetime-bindgen/tests/snapshots"];

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
        let parent = workspace.root().join(parent);
        let entries = fs::read_dir(&parent).with_context(|| format!("{} cannot be listed", parent.display()))?;
        for entry in entries {
            let folder = entry?.path();
            if test_script(&folder)?.is_some() {
                packages.push(folder);
            }
        }
    }
    packages.sort();
    Ok(packages)
}

/// Runs the tests of an installed package. One that is only compiled is one test.
pub fn run(package: &Path) -> Result<Report> {
    let script = test_script(package)?.unwrap_or_default();
    let output = captured::run(Command::new(NPM).arg("test").current_dir(package))?;
    if counts_its_tests(&script) {
        return Ok(node_report::read(&output.text, output.success));
    }
    Ok(Report::single((!output.success).then_some(output.text)))
}

/// Installs the package's dependencies if they changed.
pub fn install(package: &Path) -> Result<()> {
    if is_installed(package) {
        return Ok(());
    }
    process::run_quietly(Command::new(NPM).args(["ci", "--no-audit", "--no-fund"]).current_dir(package))
}

/// What `npm test` runs in a folder, if that is a package with tests.
fn test_script(folder: &Path) -> Result<Option<String>> {
    let path = folder.join("package.json");
    if !path.is_file() {
        return Ok(None);
    }
    let mut manifest: Manifest = serde_json::from_slice(&fs::read(&path)?)
        .with_context(|| format!("{} is not a package manifest", path.display()))?;
    Ok(manifest.scripts.remove("test"))
}

/// Whether a script ends with Node's own test runner, which says how many tests there were. If it does not come so
/// far, that is a failure, so the script itself has to tell.
fn counts_its_tests(script: &str) -> bool {
    script.split_whitespace().any(|word| word == "--test")
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
    use std::path::PathBuf;

    use anyhow::Result;

    use super::{PARENTS, counts_its_tests, is_installed, packages, test_script};
    use crate::workspace::Workspace;

    #[test]
    fn only_packages_with_a_test_script_are_run() -> Result<()> {
        let folder = tempfile::tempdir()?;
        assert_eq!(test_script(folder.path())?, None);
        let manifest = folder.path().join("package.json");
        fs::write(&manifest, r#"{"name": "tools"}"#)?;
        assert_eq!(test_script(folder.path())?, None);
        fs::write(&manifest, r#"{"scripts": {"test": "node --test"}}"#)?;
        assert_eq!(test_script(folder.path())?.as_deref(), Some("node --test"));
        fs::write(&manifest, "{")?;
        assert!(test_script(folder.path()).is_err());
        Ok(())
    }

    #[test]
    fn every_parent_has_a_package_with_tests() -> Result<()> {
        let workspace = Workspace::locate();
        let packages = packages(&workspace)?;
        for parent in PARENTS {
            let folder = workspace.root().join(parent);
            let is_inside = |package: &PathBuf| package.parent() == Some(folder.as_path());
            assert!(packages.iter().any(is_inside), "{parent}: {packages:?}");
        }
        Ok(())
    }

    #[test]
    fn only_nodes_own_runner_counts_tests() {
        assert!(counts_its_tests("npm run --silent check && node --import tsx --test test/*.test.ts"));
        assert!(!counts_its_tests("tsc --noEmit"));
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
