//! `cargo xtask bindings`: bindings that are committed, generated from the game module, from the facade's API, and from
//! the module of a benchmark.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::binaries::{self, FACADE, NODE};
use crate::suites::typescript;
use crate::wasm_modules::{self, GAME_MODULE};
use crate::workspace::{Profile, Workspace};
use crate::{process, progress, setup};

/// What writes a folder of bindings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Generator {
    /// The node, from this module, in this language.
    Module(&'static str, &'static str),
    /// The facade: the description of its HTTP API.
    Description,
    /// `openapi-typescript`, from that description.
    HttpTypes,
}

/// Each generator and the folder of its committed output.
const TARGETS: [(Generator, &str); 5] = [
    (Generator::Module(GAME_MODULE, "rust"), "client-bindings/rust/src/module_bindings"),
    (Generator::Module(GAME_MODULE, "typescript"), "client-bindings/typescript/src/module_bindings"),
    (Generator::Module("transfer", "rust"), "tests/peer-facade/src/module_bindings"),
    (Generator::Description, "client-bindings/http"),
    (Generator::HttpTypes, "client-bindings/typescript/src/http_bindings"),
];

/// The npm package that has the generator of types.
const TYPESCRIPT_PACKAGE: &str = "client-bindings/typescript";
const DESCRIPTION: &str = "openapi.json";

/// Content of a folder by relative path.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Writes the bindings anew, touching only files that differ.
pub fn write(workspace: &Workspace) -> Result<()> {
    prepare(workspace)?;
    for (generator, folder) in TARGETS {
        let folder = workspace.root().join(folder);
        let generated = generate(workspace, Profile::Debug, generator)?;
        for path in differing(&generated, &read_folder(&folder)?) {
            apply(&folder, &path, generated.get(&path))?;
            println!("{}", workspace.display(&folder.join(path)));
        }
    }
    Ok(())
}

/// Fails with a list when the committed bindings are not what the module and the facade give today.
pub fn check(workspace: &Workspace) -> Result<()> {
    prepare(workspace)?;
    refuse_stale(workspace, Profile::Debug)
}

/// The same as [`check`], with everything built already.
pub fn refuse_stale(workspace: &Workspace, profile: Profile) -> Result<()> {
    let stale = stale_files(workspace, profile)?;
    if !stale.is_empty() {
        let list: Vec<String> = stale.iter().map(|path| workspace.display(path).to_string()).collect();
        bail!("client bindings are stale, run `cargo xtask bindings`:\n  {}", list.join("\n  "));
    }
    Ok(())
}

/// Committed files that differ from what the built module and the built facade give.
///
/// The types of the HTTP API are left out while their generator is not installed. They follow from the description,
/// which is looked at in any case.
pub fn stale_files(workspace: &Workspace, profile: Profile) -> Result<Vec<PathBuf>> {
    let mut stale = Vec::new();
    let has_types_generator = types_generator(workspace).is_file();
    for (generator, folder) in TARGETS {
        if generator == Generator::HttpTypes && !has_types_generator {
            continue;
        }
        let folder = workspace.root().join(folder);
        let generated = generate(workspace, profile, generator)?;
        let committed = read_folder(&folder)?;
        stale.extend(differing(&generated, &committed).into_iter().map(|path| folder.join(path)));
    }
    Ok(stale)
}

fn prepare(workspace: &Workspace) -> Result<()> {
    setup::ensure_node_js()?;
    progress::step("npm packages", || typescript::install(&workspace.root().join(TYPESCRIPT_PACKAGE)))?;
    progress::step("WebAssembly modules", || wasm_modules::build(workspace))?;
    binaries::build(workspace, Profile::Debug, &[NODE, FACADE])
}

fn generate(workspace: &Workspace, profile: Profile, generator: Generator) -> Result<Files> {
    let folder = tempfile::tempdir()?;
    match generator {
        Generator::Module(module, language) => {
            let mut command = Command::new(workspace.binary(profile, NODE));
            command.args(["generate", "--lang", language, "--out-dir"]).arg(folder.path());
            command.arg("--bin-path").arg(workspace.module(module));
            process::run_quietly(&mut command)?;
        }
        Generator::Description => write_description(workspace, profile, folder.path())?,
        Generator::HttpTypes => {
            write_description(workspace, profile, folder.path())?;
            let description = folder.path().join(DESCRIPTION);
            let mut command = Command::new("node");
            command.arg(types_generator(workspace)).arg(&description);
            command.arg("--output").arg(folder.path().join("schema.ts"));
            process::run_quietly(command.current_dir(workspace.root().join(TYPESCRIPT_PACKAGE)))?;
            fs::remove_file(description)?;
        }
    }
    let files = read_folder(folder.path())?;
    if files.is_empty() {
        bail!("the generator wrote no bindings: {generator:?}");
    }
    Ok(files)
}

fn write_description(workspace: &Workspace, profile: Profile, folder: &Path) -> Result<()> {
    let facade = workspace.binary(profile, FACADE);
    let text = process::answer(&facade, &["--print-openapi"])
        .with_context(|| format!("{} did not print the description of its API", facade.display()))?;
    fs::write(folder.join(DESCRIPTION), text + "\n")?;
    Ok(())
}

/// The program that makes types of a description. Node.js runs it by its path on every system.
fn types_generator(workspace: &Workspace) -> PathBuf {
    workspace.root().join(TYPESCRIPT_PACKAGE).join("node_modules/openapi-typescript/bin/cli.js")
}

/// Paths that only one of the two has, or that differ in content.
fn differing(generated: &Files, committed: &Files) -> Vec<PathBuf> {
    let paths = generated.keys().chain(committed.keys().filter(|path| !generated.contains_key(*path)));
    paths.filter(|path| generated.get(*path) != committed.get(*path)).cloned().collect()
}

fn apply(folder: &Path, path: &Path, content: Option<&Vec<u8>>) -> Result<()> {
    let path = folder.join(path);
    let Some(content) = content else {
        return fs::remove_file(&path).with_context(|| format!("{} cannot be removed", path.display()));
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(&path, content).with_context(|| format!("{} cannot be written", path.display()))
}

/// All files under `folder`; an absent folder has none.
fn read_folder(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut pending = vec![folder.to_path_buf()];
    while let Some(current) = pending.pop() {
        if !current.exists() {
            continue;
        }
        for entry in fs::read_dir(&current)? {
            let path = entry?.path();
            if path.is_dir() {
                pending.push(path);
            } else {
                let content = fs::read(&path)?;
                files.insert(path.strip_prefix(folder)?.to_path_buf(), content);
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use anyhow::Result;

    use super::{Files, apply, differing, read_folder};

    fn files(entries: &[(&str, &str)]) -> Files {
        entries.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn new_changed_and_leftover_files_differ() {
        let generated = files(&[("same.ts", "1"), ("changed.ts", "2"), ("new.ts", "3")]);
        let committed = files(&[("same.ts", "1"), ("changed.ts", "old"), ("leftover.ts", "4")]);
        let expected: Vec<PathBuf> = ["changed.ts", "new.ts", "leftover.ts"].iter().map(PathBuf::from).collect();
        assert_eq!(differing(&generated, &committed), expected);
        assert!(differing(&generated, &generated).is_empty());
    }

    #[test]
    fn applying_every_difference_makes_the_folder_equal() -> Result<()> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("leftover.rs"), "old")?;
        let generated = files(&[("mod.rs", "one"), ("types/row.rs", "two")]);
        for path in differing(&generated, &read_folder(folder.path())?) {
            apply(folder.path(), &path, generated.get(&path))?;
        }
        assert_eq!(read_folder(folder.path())?, generated);
        assert!(read_folder(Path::new("no/such/folder"))?.is_empty());
        Ok(())
    }
}
