//! Builds the host programs.

use anyhow::Result;

use crate::workspace::{Profile, Workspace};
use crate::{cargo, process, progress, setup};

/// The SpacetimeDB node.
pub const NODE: &str = "spacetime-node";

/// The HTTP facade.
pub const FACADE: &str = "worldloom-facade";

/// Builds the programs called `names`, as one step.
pub fn build(workspace: &Workspace, profile: Profile, names: &[&str]) -> Result<()> {
    let is_first = names.iter().any(|name| !workspace.binary(profile, name).is_file());
    let hint = if is_first { ", which takes long the first time" } else { "" };
    progress::step(&format!("{} ({}{hint})", names.join(" and "), profile.name()), || {
        compile(workspace, profile, names)
    })
}

/// The whole workspace is selected, and with it a test that builds in no time: Cargo then unites
/// the features of all packages and of their test dependencies, exactly as `cargo test
/// --workspace` does. Any narrower selection would compile the engine a second time.
fn compile(workspace: &Workspace, profile: Profile, names: &[&str]) -> Result<()> {
    setup::ensure_host_tools()?;
    let mut command = cargo::compile(workspace, "build")?;
    command.args(["--workspace", "--test", "tidy"]);
    for name in names {
        command.args(["--bin", name]);
    }
    if profile == Profile::Release {
        command.arg("--release");
    }
    process::run(&mut command)
}
