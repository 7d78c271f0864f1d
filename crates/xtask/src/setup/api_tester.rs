//! `schemathesis`, which tests the HTTP API against its description, in a Python environment of its own.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::debian;
use crate::process;
use crate::workspace::Workspace;

/// Every package with its version, so that the same requests are made everywhere.
const REQUIREMENTS: &str = "tests/api-tester/requirements.txt";
const PYTHONS: [&str; 2] = ["python3", "python"];

/// Makes sure that the API can be tested. The environment is made anew when its list of packages has changed.
pub fn ensure_api_tester(workspace: &Workspace) -> Result<()> {
    let environment = workspace.target().join("tools").join("schemathesis");
    let wanted = fs::read_to_string(workspace.root().join(REQUIREMENTS))?;
    let marker = environment.join("installed.txt");
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let python = find_python()?;
    process::run_quietly(Command::new(python).args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut pip = Command::new(program(&environment, "python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    process::run_quietly(pip.arg(workspace.root().join(REQUIREMENTS)))?;
    // Written last: an installation that was broken off is none.
    Ok(fs::write(marker, wanted)?)
}

/// A program of the environment.
fn program(environment: &Path, name: &str) -> std::path::PathBuf {
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
        None => bail!("the test of the HTTP API needs Python 3.10 or newer with venv (Debian: python3-venv)"),
    }
}

/// Debian has the module without what it needs, so that asking for its version is not enough.
fn working_python() -> Option<&'static str> {
    let question = "import ensurepip, sys, venv; assert sys.version_info >= (3, 10); print('yes')";
    PYTHONS.into_iter().find(|python| process::answer(python, &["-c", question]).as_deref() == Some("yes"))
}
