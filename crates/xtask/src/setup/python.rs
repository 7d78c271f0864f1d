//! Python programs, each with its packages in an environment of its own below `target/tools`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::debian;
use crate::process;
use crate::workspace::Workspace;

const PYTHONS: [&str; 2] = ["python3", "python"];

/// Makes sure that there is an environment with the packages that `requirements` lists, a file of the repository, and
/// returns its Python. It is made anew when the list has changed.
pub fn ensure_environment(workspace: &Workspace, name: &str, requirements: &str) -> Result<PathBuf> {
    let environment = workspace.target().join("tools").join(name);
    let python = program(&environment, "python");
    let wanted = fs::read_to_string(workspace.root().join(requirements))?;
    let marker = environment.join("installed.txt");
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    process::run_quietly(Command::new(find_python()?).args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    process::run_quietly(pip.arg(workspace.root().join(requirements)))?;
    // Written last: an installation that was broken off is none.
    fs::write(marker, wanted)?;
    Ok(python)
}

/// A program of the environment.
fn program(environment: &Path, name: &str) -> PathBuf {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    environment.join(folder).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// A Python that can make environments.
fn find_python() -> Result<&'static str> {
    if working_python().is_none() && debian::can_install() {
        debian::install(&["python3", "python3-venv"])?;
    }
    match working_python() {
        Some(python) => Ok(python),
        None => bail!("this needs Python 3.10 or newer with venv (Debian: python3-venv)"),
    }
}

/// Debian has the module without what it needs, so that asking for its version is not enough.
fn working_python() -> Option<&'static str> {
    let question = "import ensurepip, sys, venv; assert sys.version_info >= (3, 10); print('yes')";
    PYTHONS.into_iter().find(|python| process::answer(python, &["-c", question]).as_deref() == Some("yes"))
}
