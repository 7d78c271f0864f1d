//! Where things are: the repository, its build output and the data of local runs.

use std::path::{Path, PathBuf};

/// A Cargo profile of the host programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    Debug,
    Release,
}

impl Profile {
    /// Name of the profile's folder under `target`, which is also how people call it.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Debug => "debug",
            Profile::Release => "release",
        }
    }
}

/// The checked-out repository.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The repository that Cargo runs this program from, which need not lie where it was compiled: Cargo takes the
    /// program of a folder that has been moved for up to date. Without Cargo, the one that it was compiled from.
    pub fn locate() -> Self {
        let here =
            std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = here.ancestors().nth(2).unwrap_or(&here);
        Self { root: root.to_path_buf() }
    }

    /// Top folder of the repository.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Build output. Always this folder, since tests look for programs and modules in it.
    pub fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    /// Finished WebAssembly modules, `<crate_name>.wasm` each.
    pub fn modules(&self) -> PathBuf {
        self.target().join("modules")
    }

    /// Finished WebAssembly module of the package called `package`.
    pub fn module(&self, package: &str) -> PathBuf {
        self.modules().join(format!("{}.wasm", package.replace('-', "_")))
    }

    /// Path of a host program.
    pub fn binary(&self, profile: Profile, name: &str) -> PathBuf {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.target().join(profile.name()).join(file)
    }

    /// Data folder of the local node unless another one is asked for.
    pub fn default_data_dir(&self) -> PathBuf {
        self.root.join("server-rs").join(".spacetimedb").join("local")
    }

    /// `path` as people read it: relative to the repository where it lies inside.
    pub fn display<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

#[cfg(test)]
mod tests {
    use super::{Profile, Workspace};

    #[test]
    fn paths_follow_the_repository() {
        let workspace = Workspace::locate();
        assert!(workspace.root().join("Cargo.lock").is_file());
        let module = workspace.module("spacetime-module");
        assert_eq!(workspace.display(&module).to_string().replace('\\', "/"), "target/modules/spacetime_module.wasm");
        let node = workspace.binary(Profile::Release, "spacetime-node");
        assert!(node.starts_with(workspace.target().join("release")));
    }
}
