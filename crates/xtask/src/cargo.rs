//! Cargo for the host programs, called so that every command shares one build of the engine.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// The oldest compiler that the engine crates were seen to build with.
const OLDEST: RustVersion = RustVersion { major: 1, minor: 95 };

/// What the engine crates declare in their manifests.
const DECLARED: RustVersion = RustVersion { major: 1, minor: 97 };

/// Major and minor number of a Rust release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RustVersion {
    major: u32,
    minor: u32,
}

impl RustVersion {
    /// Reads the line that `rustc --version` prints.
    pub fn parse(line: &str) -> Option<Self> {
        let mut numbers = line.split_whitespace().nth(1)?.split('.');
        let major = numbers.next()?.parse().ok()?;
        let minor = numbers.next()?.parse().ok()?;
        Some(Self { major, minor })
    }

    /// Whether the engine and the modules build with it, whatever their manifests declare.
    pub fn builds_the_engine(self) -> bool {
        self >= OLDEST
    }
}

/// The version of the active compiler.
pub fn rust_version() -> Result<RustVersion> {
    process::answer("rustc", &["--version"])
        .and_then(|line| RustVersion::parse(&line))
        .context("rustc does not run: install Rust with rustup and open a new terminal")
}

/// `cargo <subcommand>` in the repository, compiling into its one target folder.
///
/// The subcommand must be one that compiles, because only those take `--ignore-rust-version`.
pub fn compile(workspace: &Workspace, subcommand: &str) -> Result<Command> {
    let mut command = compile_anywhere(workspace, subcommand)?;
    command.arg("--target-dir").arg(workspace.target());
    Ok(command)
}

/// The workspace of the benchmark's peers, whose dependencies must not meet the engine's.
pub const PEERS_MANIFEST: &str = "tests/peers/Cargo.toml";

/// The same as [`compile`] in the workspace of the peers, whose target folder lies in this one's.
pub fn compile_peers(workspace: &Workspace, subcommand: &str) -> Result<Command> {
    let mut command = compile_anywhere(workspace, subcommand)?;
    command.args(["--manifest-path", PEERS_MANIFEST, "--locked", "--target-dir"]).arg(peers_target(workspace));
    Ok(command)
}

/// Build output of the peers.
pub fn peers_target(workspace: &Workspace) -> PathBuf {
    workspace.target().join("peers")
}

/// The same as [`compile`], leaving the target folder to the caller.
pub fn compile_anywhere(workspace: &Workspace, subcommand: &str) -> Result<Command> {
    let version = rust_version()?;
    if !version.builds_the_engine() {
        bail!(
            "Rust {}.{} is too old: run `rustup update stable` to get {}.{} or newer",
            version.major,
            version.minor,
            OLDEST.major,
            OLDEST.minor
        );
    }
    let mut command = plain(workspace, subcommand);
    if version < DECLARED {
        command.arg("--ignore-rust-version");
    }
    Ok(command)
}

/// `cargo <subcommand>` in the repository, for subcommands that compile nothing.
pub fn plain(workspace: &Workspace, subcommand: &str) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.arg(subcommand).current_dir(workspace.root());
    forget_own_cargo(&mut command);
    command
}

/// Takes out of the environment what the Cargo that started this program has put there.
///
/// Build scripts watch some of these variables, so leaving them in would rebuild half of the
/// engine each time somebody changes between `cargo xtask` and plain `cargo`.
pub fn forget_own_cargo(command: &mut Command) {
    let own = |name: &str| {
        name.starts_with("CARGO_PKG_")
            || name.starts_with("CARGO_MANIFEST_")
            || matches!(
                name,
                "CARGO" | "CARGO_BIN_NAME" | "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE" | "RUSTY_V8_ARCHIVE"
            )
    };
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(own) {
            command.env_remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DECLARED, RustVersion};

    #[test]
    fn compiler_versions_are_read_and_compared() {
        let stable = RustVersion::parse("rustc 1.95.0 (59807616e 2026-04-14)");
        assert_eq!(stable, Some(RustVersion { major: 1, minor: 95 }));
        let nightly = RustVersion::parse("rustc 1.97.0-nightly (0123abcde 2026-05-19)");
        assert!(nightly.is_some_and(|version| version >= DECLARED));
        assert!(RustVersion::parse("rustc 1.9.0").is_some_and(|version| !version.builds_the_engine()));
        assert_eq!(RustVersion::parse("command not found"), None);
    }
}
