//! What the headless browser of the login tests needs. The browser itself comes with its npm package.

use std::path::Path;

use anyhow::{Result, bail};

use super::debian;

/// The one library of those it is linked to that a machine without a desktop may lack.
const LIBRARY: &str = "libnss3.so";
const FOLDERS: [&str; 4] = ["/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"];

/// Makes sure that the browser can start, on the one system that its package is for; elsewhere its test is skipped.
pub fn ensure_browser_libraries() -> Result<()> {
    let is_needed = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    if is_needed && !is_installed() && debian::can_install() {
        debian::install(&["libnss3", "libexpat1"])?;
    }
    if is_needed && !is_installed() {
        bail!("the browser test needs {LIBRARY}: install the package libnss3 (Fedora: nss)");
    }
    Ok(())
}

fn is_installed() -> bool {
    FOLDERS.iter().any(|folder| Path::new(folder).join(LIBRARY).exists())
}
