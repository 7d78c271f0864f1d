//! Packages of Debian and its relatives, which only root can install.

use std::process::Command;

use anyhow::Result;

use crate::process;

/// Whether packages can be installed here and now.
pub fn can_install() -> bool {
    is_root() && is_present()
}

/// Whether this is a system with Debian's package tools.
pub fn is_present() -> bool {
    process::find_program("apt-get").is_some()
}

/// Installs `packages`, with a fresh package list and without questions.
pub fn install(packages: &[&str]) -> Result<()> {
    process::run_quietly(apt_get().arg("update"))?;
    process::run_quietly(apt_get().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

/// The newest package named `prefix` followed by a number, such as `lld-22` for `lld-`.
pub fn newest(prefix: &str) -> Option<String> {
    let names = process::answer("apt-cache", &["pkgnames", prefix])?;
    newest_of(prefix, &names)
}

/// The command that a person runs to install `packages`.
pub fn advice(packages: &[&str]) -> String {
    format!("sudo apt-get update && sudo apt-get install {}", packages.join(" "))
}

fn newest_of(prefix: &str, names: &str) -> Option<String> {
    let version = |name: &str| name.strip_prefix(prefix)?.parse::<u32>().ok();
    let newest = names.lines().filter_map(version).max()?;
    Some(format!("{prefix}{newest}"))
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    // Another installation may be under way, as on a machine that has just started.
    command.args(["--quiet=2", "-o", "DPkg::Lock::Timeout=120"]).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Whether this user may do everything.
#[cfg(unix)]
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Nobody there is `root`.
#[cfg(not(unix))]
pub fn is_root() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::newest_of;

    #[test]
    fn newest_package_is_chosen_by_number() {
        let names = "lld-9\nlld-22\nlld-22-dev\nlld-19\nlld";
        assert_eq!(newest_of("lld-", names).as_deref(), Some("lld-22"));
        assert_eq!(newest_of("clang-", names), None);
    }
}
