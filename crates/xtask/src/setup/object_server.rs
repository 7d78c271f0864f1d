//! `s3s-fs`, an S3 server of others' making, which only the tests of the object store need.

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{cargo, process};

/// Built by itself, because as a dependency it would change the features that the engine is built with.
const PACKAGE: &str = "s3s-fs";
const VERSION: &str = "0.14.1";

/// Makes sure that the tests can start an S3 server.
pub fn ensure_object_server(workspace: &Workspace) -> Result<()> {
    let tools = workspace.target().join("tools");
    if tools.join("bin").join(PACKAGE).with_extension(std::env::consts::EXE_EXTENSION).is_file() {
        return Ok(());
    }
    let mut command = cargo::compile_anywhere(workspace, "install")?;
    command.args([PACKAGE, "--version", VERSION, "--locked", "--features", "binary", "--quiet"]);
    command.arg("--root").arg(&tools).arg("--target-dir").arg(tools.join("build"));
    process::run_quietly(&mut command)
}
