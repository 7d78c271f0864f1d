//! `generate`: writes client bindings for a module.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use spacetime_bindgen::{GeneratedFile, Language, Visibility, generate};
use spacetimedb::host::extract_schema;
use spacetimedb::messages::control_db::HostType;

use super::confirm::{ADD_YES, Consent, confirm};
use super::error::CliError;
use super::module_file::ModuleFile;
use super::terminal::print_line;

/// The line that marks a generated file is shorter than this.
const HEADER_BYTES_MAX: u64 = 1024;

/// Arguments of `generate`.
#[derive(Debug, clap::Args)]
pub struct GenerateArgs {
    /// The language of the bindings
    #[arg(long, short, value_enum)]
    lang: Lang,
    /// Where the bindings go; generated files that are no longer needed there are deleted
    #[arg(long, short, value_name = "DIR")]
    out_dir: PathBuf,
    /// The compiled module
    #[arg(long = "bin-path", short, value_name = "WASM")]
    bin_path: PathBuf,
    /// Include private tables and functions
    #[arg(long)]
    include_private: bool,
    /// Answer yes to every question
    #[arg(long, short)]
    yes: bool,
}

/// The languages as they are written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Lang {
    #[value(alias = "rs")]
    Rust,
    #[value(alias = "ts")]
    Typescript,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Rust => Self::Rust,
            Lang::Typescript => Self::TypeScript,
        }
    }
}

/// Runs `generate`.
pub async fn run(args: GenerateArgs) -> Result<(), CliError> {
    let module = ModuleFile::open(&args.bin_path).await?;
    let schema = extract_schema(module.read().await?.into_boxed_slice(), HostType::Wasm)
        .await
        .map_err(|cause| CliError::Schema { path: module.path().to_owned(), reason: format!("{cause:#}") })?;
    let visibility = if args.include_private { Visibility::IncludePrivate } else { Visibility::PublicOnly };
    let files = generate(&schema, args.lang.into(), visibility)?;
    let update = Update::plan(&args.out_dir, &files)?;
    update.confirm(Consent::given_if(args.yes))?;
    update.apply()?;
    print_line(&format!(
        "{}: {} written, {} unchanged, {} deleted",
        args.out_dir.display(),
        update.changed.len(),
        files.len() - update.changed.len(),
        update.stale.len()
    ))
}

/// What has to happen in a folder so that it holds exactly the new bindings.
#[derive(Debug)]
struct Update<'a> {
    changed: Vec<(PathBuf, &'a str)>,
    stale: Vec<PathBuf>,
}

impl<'a> Update<'a> {
    /// Compares the folder with `files`. Files without a generated header are never touched,
    /// unless a new file has their name.
    fn plan(dir: &Path, files: &'a [GeneratedFile]) -> Result<Self, CliError> {
        let mut changed = Vec::new();
        let mut wanted = BTreeSet::new();
        let mut headers = BTreeSet::new();
        for file in files {
            let path = dir.join(&file.path);
            headers.extend(file.contents.lines().next());
            // A file that cannot be read is written, and that gives the better error.
            if std::fs::read(&path).ok().as_deref() != Some(file.contents.as_bytes()) {
                changed.push((path.clone(), file.contents.as_str()));
            }
            wanted.insert(path);
        }
        let mut stale = Vec::new();
        if dir.exists() {
            find_stale(dir, &wanted, &headers, &mut stale)?;
        }
        stale.sort();
        Ok(Self { changed, stale })
    }

    fn confirm(&self, consent: Consent) -> Result<(), CliError> {
        if self.stale.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = self.stale.iter().map(|path| path.display().to_string()).collect();
        confirm(
            &format!("These generated files are no longer needed and will be deleted: {}.", names.join(", ")),
            consent,
            ADD_YES,
        )
    }

    fn apply(&self) -> Result<(), CliError> {
        for (path, contents) in &self.changed {
            if let Some(dir) = path.parent() {
                std::fs::create_dir_all(dir).map_err(CliError::file("create", dir))?;
            }
            std::fs::write(path, contents).map_err(CliError::file("write", path))?;
        }
        for path in &self.stale {
            std::fs::remove_file(path).map_err(CliError::file("delete", path))?;
        }
        Ok(())
    }
}

/// Collects ordinary files below `dir` that begin with one of `headers` and are not `wanted`.
/// Links are not followed: what lies behind them is not ours.
fn find_stale(
    dir: &Path,
    wanted: &BTreeSet<PathBuf>,
    headers: &BTreeSet<&str>,
    stale: &mut Vec<PathBuf>,
) -> Result<(), CliError> {
    let failed = || CliError::file("read", dir);
    for entry in std::fs::read_dir(dir).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        let kind = entry.file_type().map_err(failed())?;
        let path = entry.path();
        if kind.is_dir() {
            find_stale(&path, wanted, headers, stale)?;
        } else if kind.is_file()
            && !wanted.contains(&path)
            && first_line(&path).is_some_and(|line| headers.contains(line.as_str()))
        {
            stale.push(path);
        }
    }
    Ok(())
}

fn first_line(path: &Path) -> Option<String> {
    let file = std::fs::File::open(path).ok()?;
    let mut line = String::new();
    BufReader::new(file.take(HEADER_BYTES_MAX)).read_line(&mut line).ok()?;
    Some(line.trim_end_matches(['\n', '\r']).to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn file(path: &str, body: &str) -> GeneratedFile {
        GeneratedFile { path: path.into(), contents: format!("// generated\n{body}\n") }
    }

    fn names(paths: impl IntoIterator<Item = PathBuf>, dir: &Path) -> Vec<String> {
        paths.into_iter().map(|path| path.strip_prefix(dir).unwrap().display().to_string()).collect()
    }

    #[test]
    fn only_changes_are_written_and_only_own_files_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let first = [file("mod.rs", "one"), file("types/old.rs", "two"), file("kept.rs", "three")];
        Update::plan(dir.path(), &first).unwrap().apply().unwrap();
        std::fs::write(dir.path().join("mine.rs"), "// my own\n").unwrap();
        std::fs::write(dir.path().join("binary"), [0xff, 0xfe, 0]).unwrap();

        let second = [file("mod.rs", "one, changed"), file("kept.rs", "three"), file("types/new.rs", "four")];
        let update = Update::plan(dir.path(), &second).unwrap();
        let changed = names(update.changed.iter().map(|(path, _)| path.clone()), dir.path());
        assert_eq!(changed, ["mod.rs", "types/new.rs"]);
        assert_eq!(names(update.stale.clone(), dir.path()), ["types/old.rs"]);

        update.apply().unwrap();
        assert!(!dir.path().join("types/old.rs").exists());
        assert!(dir.path().join("mine.rs").exists() && dir.path().join("binary").exists());
        let again = Update::plan(dir.path(), &second).unwrap();
        assert!(again.changed.is_empty() && again.stale.is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn links_out_of_the_folder_are_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("other.rs"), "// generated\n").unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), dir.path().join("link")).unwrap();
        let files = [file("mod.rs", "one")];
        assert!(Update::plan(dir.path(), &files).unwrap().stale.is_empty());
    }
}
