//! A compiler for WebAssembly modules.
//!
//! A toolchain that has the target, or can fetch it, is used as it is. Where rustup has no
//! network but the package registry of Debian is at hand, Debian's compiler builds the standard
//! library from source instead, which takes under a minute once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use super::debian;
use crate::cargo::{self, RustVersion};
use crate::workspace::Workspace;
use crate::{process, progress};

/// The only target that the engine hosts.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Enough for a slow connection, short enough for none.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(120);

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "libstd-rust-web-dev"];

/// A way to compile for WebAssembly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WasmToolchain {
    /// The active toolchain has the target's standard library.
    Active,
    /// Debian's compiler with its standard library in source, and a linker.
    Debian { linker: PathBuf },
}

/// Finds a compiler for WebAssembly or installs one.
pub fn ensure_wasm_toolchain() -> Result<WasmToolchain> {
    if let Some(found) = find_active().or_else(find_debian) {
        return Ok(found);
    }
    if add_rustup_target()
        && let Some(found) = find_active()
    {
        return Ok(found);
    }
    let packages = missing_debian_packages();
    let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
    if debian::can_install()
        && let Err(error) = debian::install(&packages)
    {
        progress::warn(&format!("Debian's WebAssembly compiler could not be installed: {error:#}"));
    }
    if let Some(found) = find_debian() {
        return Ok(found);
    }
    let mut advice = format!("run `rustup target add {WASM_TARGET}`");
    if debian::is_present() {
        advice.push_str(&format!(" or, where rustup has no network, `{}`", debian::advice(&packages)));
    }
    bail!("there is no compiler for {WASM_TARGET}: {advice}")
}

impl WasmToolchain {
    /// `cargo build` for the target, in the repository; packages, profile and target folder are
    /// the caller's.
    pub fn cargo_build(&self, workspace: &Workspace) -> Result<Command> {
        let mut command = match self {
            WasmToolchain::Active => cargo::compile_anywhere(workspace, "build")?,
            WasmToolchain::Debian { linker } => debian_cargo_build(workspace, linker),
        };
        // Flags meant for the host's processor or linker would break this target.
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        // A linter in the compiler's place would optimise less.
        command.env_remove("RUSTC_WORKSPACE_WRAPPER");
        command.args(["--target", WASM_TARGET]);
        Ok(command)
    }
}

fn debian_cargo_build(workspace: &Workspace, linker: &Path) -> Command {
    let mut command = Command::new(DEBIAN_CARGO);
    command.arg("build").current_dir(workspace.root());
    cargo::forget_own_cargo(&mut command);
    command
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("LD_LIBRARY_PATH")
        .env("RUSTC", DEBIAN_RUSTC)
        // Building the standard library is an unstable option, which this variable allows.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
        .args(["-Zbuild-std=std,panic_abort", "--ignore-rust-version"]);
    command
}

fn find_active() -> Option<WasmToolchain> {
    let library = process::answer("rustc", &["--print", "target-libdir", "--target", WASM_TARGET])?;
    Path::new(&library).is_dir().then_some(WasmToolchain::Active)
}

fn find_debian() -> Option<WasmToolchain> {
    if !Path::new(DEBIAN_CARGO).is_file() {
        return None;
    }
    let version = process::answer(DEBIAN_RUSTC, &["--version"])?;
    if !RustVersion::parse(&version)?.builds_the_engine() {
        return None;
    }
    let sysroot = process::answer(DEBIAN_RUSTC, &["--print", "sysroot"])?;
    if !Path::new(&sysroot).join("lib/rustlib/src/rust/library/std").is_dir() {
        return None;
    }
    Some(WasmToolchain::Debian { linker: find_linker()? })
}

/// LLVM's linker: the one that rustup ships, else the newest that Debian has installed.
fn find_linker() -> Option<PathBuf> {
    rustup_linker().or_else(|| newest_linker(Path::new("/usr/lib")))
}

fn rustup_linker() -> Option<PathBuf> {
    let target = process::answer("rustc", &["--print", "target-libdir"])?;
    let linker = Path::new(&target).parent()?.join("bin/rust-lld");
    linker.is_file().then_some(linker)
}

fn newest_linker(libraries: &Path) -> Option<PathBuf> {
    let version = |folder: &Path| folder.file_name()?.to_str()?.strip_prefix("llvm-")?.parse::<u32>().ok();
    let folders = std::fs::read_dir(libraries).ok()?.flatten().map(|entry| entry.path());
    folders
        .filter_map(|folder| Some((version(&folder)?, folder.join("bin/lld"))))
        .filter(|(_, linker)| linker.is_file())
        .max()
        .map(|(_, linker)| linker)
}

fn add_rustup_target() -> bool {
    let mut add = Command::new("rustup");
    add.args(["target", "add", WASM_TARGET]);
    process::succeeds_within(&mut add, DOWNLOAD_LIMIT)
}

fn missing_debian_packages() -> Vec<String> {
    let mut packages: Vec<String> = DEBIAN_PACKAGES.iter().map(|&name| name.to_owned()).collect();
    if find_linker().is_none() {
        packages.push(debian::newest("lld-").unwrap_or_else(|| "lld".to_owned()));
    }
    packages
}

#[cfg(test)]
mod tests {
    use std::fs;

    use anyhow::Result;

    use super::newest_linker;

    #[test]
    fn the_newest_installed_linker_is_chosen_by_number() -> Result<()> {
        let libraries = tempfile::tempdir()?;
        for folder in ["llvm-9", "llvm-22", "llvm-19", "gcc"] {
            fs::create_dir_all(libraries.path().join(folder).join("bin"))?;
            fs::write(libraries.path().join(folder).join("bin/lld"), "")?;
        }
        fs::create_dir_all(libraries.path().join("llvm-30/bin"))?;
        let newest = newest_linker(libraries.path());
        assert_eq!(newest, Some(libraries.path().join("llvm-22/bin/lld")));
        Ok(())
    }
}
