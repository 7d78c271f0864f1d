//! `libfaketime`, with which `chaos` lets the clocks of programs jump.

use std::path::Path;

use super::debian;
use crate::progress;

const PACKAGE: &str = "libfaketime";
/// Where Debian and its relatives install it, by architecture, and where others do.
const FOLDERS: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/faketime",
    "/usr/lib/aarch64-linux-gnu/faketime",
    "/usr/lib64/faketime",
    "/usr/lib/faketime",
];
const LIBRARY: &str = "libfaketimeMT.so.1";

/// Installs it where that is possible; without it, clocks do not jump, and `chaos` says so.
pub fn find_or_install_clock_faker() {
    if is_installed() {
        return;
    }
    if debian::can_install() && debian::install(&[PACKAGE]).is_ok() && is_installed() {
        return;
    }
    progress::warn(&format!("{PACKAGE} is not installed, so no clock will jump"));
}

fn is_installed() -> bool {
    FOLDERS.iter().any(|folder| Path::new(folder).join(LIBRARY).exists())
}
