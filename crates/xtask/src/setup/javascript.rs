//! Node.js and npm, for the TypeScript tests and the login provider of `dev`.

use anyhow::{Result, bail};

use super::debian;
use crate::process;

/// The oldest Node.js release that the TypeScript client supports.
const OLDEST_MAJOR: u32 = 20;

/// Makes sure that TypeScript tests can run.
pub fn ensure_node_js() -> Result<()> {
    if problem().is_some() && debian::can_install() {
        debian::install(&["nodejs", "npm"])?;
    }
    if let Some(problem) = problem() {
        bail!(
            "this needs Node.js {OLDEST_MAJOR} or newer with npm, but {problem}: \
             install the current release from https://nodejs.org"
        );
    }
    Ok(())
}

/// Why the tests cannot run, if they cannot.
fn problem() -> Option<String> {
    let Some(version) = process::answer("node", &["--version"]) else {
        return Some("`node` is not installed".to_owned());
    };
    if major(&version).is_none_or(|major| major < OLDEST_MAJOR) {
        return Some(format!("this is {version}"));
    }
    if process::find_program(NPM).is_none() {
        return Some("`npm` is not installed".to_owned());
    }
    None
}

/// On Windows npm is a script, which has to be named in full.
pub const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn major_version_is_read() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("v9.0.0"), Some(9));
        assert_eq!(major("node 20"), None);
    }
}
