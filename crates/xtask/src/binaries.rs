//! Builds the host programs.

use std::path::PathBuf;

use anyhow::Result;

use crate::workspace::{Profile, Workspace};
use crate::{cargo, process, progress, setup};

/// The SpacetimeDB node.
pub const NODE: &str = "spacetime-node";

/// The HTTP facade.
pub const FACADE: &str = "worldloom-facade";

/// The compiled load generator of the peers' workspace.
pub const LOAD: &str = "peers-load";

/// Path of a program of the peers' workspace.
pub fn peer(workspace: &Workspace, profile: Profile, name: &str) -> PathBuf {
    cargo::peers_target(workspace).join(profile.name()).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Builds the peers' workspace, as one step.
pub fn build_peers(workspace: &Workspace, profile: Profile) -> Result<()> {
    progress::step("load generator and axum peer", || {
        let mut command = cargo::compile_peers(workspace, "build")?;
        if profile == Profile::Release {
            command.arg("--release");
        }
        process::run(&mut command)
    })
}

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
