//! What compiles the host programs beside Rust: the C code of jemalloc, OpenSSL and zstd, the C++ code of libFuzzer.

use anyhow::{Result, bail};

use super::debian;
use crate::{cargo, process};

/// A program that native dependencies call, and the Debian package that has it.
struct NativeTool {
    program: &'static str,
    package: &'static str,
}

const NATIVE_TOOLS: [NativeTool; 4] = [
    NativeTool { program: "cc", package: "gcc libc6-dev" },
    NativeTool { program: "c++", package: "g++" },
    NativeTool { program: "make", package: "make" },
    NativeTool { program: "perl", package: "perl" },
];

/// Makes sure that the host programs can be compiled.
pub fn ensure_host_tools() -> Result<()> {
    cargo::rust_version()?;
    if cfg!(windows) {
        // There the C compiler comes with the Rust toolchain's own installer.
        return Ok(());
    }
    let missing = missing_tools();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().flat_map(|tool| tool.package.split(' ')).collect();
    if debian::can_install() {
        debian::install(&packages)?;
    }
    let missing = missing_tools();
    if let Some(first) = missing.first() {
        let names: Vec<&str> = missing.iter().map(|tool| tool.program).collect();
        bail!("{}", advice(first.program, &names, &packages));
    }
    Ok(())
}

fn missing_tools() -> Vec<&'static NativeTool> {
    let is_missing = |tool: &&NativeTool| match tool.program {
        "cc" => std::env::var_os("CC").is_none() && process::find_program("cc").is_none(),
        "c++" => std::env::var_os("CXX").is_none() && process::find_program("c++").is_none(),
        program => process::find_program(program).is_none(),
    };
    NATIVE_TOOLS.iter().filter(is_missing).collect()
}

fn advice(first: &str, names: &[&str], packages: &[&str]) -> String {
    let names = names.join(", ");
    if debian::is_present() {
        return format!("the engine's C dependencies need {names}: run `{}`", debian::advice(packages));
    }
    if cfg!(target_os = "macos") && first == "cc" {
        return format!("the engine's C dependencies need {names}: run `xcode-select --install`");
    }
    format!("the engine's C dependencies need {names}: install them with your system's package manager")
}

#[cfg(test)]
mod tests {
    use super::{advice, debian};

    #[test]
    fn advice_names_every_missing_tool() {
        let text = advice("make", &["make", "perl"], &["make", "perl"]);
        assert!(text.contains("make, perl"), "{text}");
        assert!(debian::advice(&["make", "perl"]).ends_with("install make perl"));
    }
}
