//! House rules that no linter knows, checked over every file that people write.
//!
//! Generated bindings and recorded snapshots are left out: their form is not up to us.

#![allow(clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// A file longer than this says several things.
const LINES_MAX: usize = 500;

/// Folders that hold nothing people write.
const SKIPPED_FOLDERS: [&str; 8] =
    [".git", ".spacetimedb", "dist", "http_bindings", "module_bindings", "node_modules", "snapshots", "target"];

/// A file that people write, with its path relative to the repository.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn has_extension(&self, extensions: &[&str]) -> bool {
        self.path.extension().is_some_and(|extension| extensions.iter().any(|&known| extension == known))
    }

    fn is_named(&self, name: &str) -> bool {
        self.path.file_name().is_some_and(|file_name| file_name == name)
    }

    /// `path:line: problem`, which terminals and editors turn into a link.
    fn problem(&self, line_index: usize, problem: &str) -> String {
        format!("{}:{}: {problem}", self.path.display(), line_index + 1)
    }
}

#[test]
fn files_are_short_enough_to_read() {
    check(|source| {
        let lines = source.text.lines().count();
        let is_code = source.has_extension(&["mjs", "mts", "ps1", "rs", "sh", "ts"]);
        let too_long = is_code && lines > LINES_MAX;
        Vec::from_iter(too_long.then(|| source.problem(LINES_MAX, &format!("{lines} lines, split the file"))))
    });
}

#[test]
fn rust_files_open_by_saying_what_they_hold() {
    check(|source| {
        let opens_well = || {
            let mut lines = source.text.lines().skip_while(|line| line.is_empty() || line.starts_with("#!["));
            lines.next().is_some_and(|line| line.starts_with("//!"))
        };
        let is_bad = source.has_extension(&["rs"]) && !opens_well();
        Vec::from_iter(is_bad.then(|| source.problem(0, "begin with a `//!` comment")))
    });
}

#[test]
fn nothing_unfinished_is_left_behind() {
    // Put together here, so that this file does not find itself.
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let calls = [concat!("db", "g!("), concat!("to", "do!("), concat!("unimplement", "ed!(")];
    check(|source| {
        if source.has_extension(&["json", "lock", "snap"]) {
            return Vec::new();
        }
        find_lines(source, |line| {
            let word = words.iter().find(|word| contains_word(line, word));
            let found = word.or_else(|| calls.iter().find(|call| line.contains(**call)))?;
            Some(format!("`{found}` marks something unfinished"))
        })
    });
}

#[test]
fn no_file_names_a_folder_of_one_machine() {
    let folders = [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Use", "rs/"), concat!("/wo", "rk/")];
    check(|source| {
        find_lines(source, |line| {
            let folder = folders.iter().find(|folder| contains_absolute_path(line, folder))?;
            Some(format!("`{folder}` exists on one machine only"))
        })
    });
}

#[test]
fn npm_lock_files_leave_the_registry_to_the_user() {
    check(|source| {
        if !source.is_named("package-lock.json") {
            return Vec::new();
        }
        let advice = "names a registry: lock with `npm install --omit-lockfile-registry-resolved`";
        find_lines(source, |line| line.contains("\"resolved\": \"http").then(|| advice.to_owned()))
    });
}

#[test]
fn module_folders_only_declare_and_re_export() {
    let allowed = ["//", "#[", "mod ", "pub mod ", "pub(crate) mod ", "use ", "pub use ", "pub(crate) use "];
    check(|source| {
        if !source.path.starts_with("crates/spacetime-module/src") || !source.is_named("mod.rs") {
            return Vec::new();
        }
        find_lines(source, |line| {
            let is_allowed = line.is_empty() || allowed.iter().any(|start| line.starts_with(start));
            (!is_allowed).then(|| "belongs in a file of its own topic, not in a mod.rs".to_owned())
        })
    });
}

#[test]
fn the_rules_find_what_they_look_for() {
    let marker = concat!("XX", "X");
    assert!(contains_word(&format!("// {marker}: later"), marker));
    assert!(!contains_word(&format!("mktemp log.{marker}{marker}"), marker));
    let folder = concat!("/ho", "me/");
    assert!(contains_absolute_path(&format!("cd {folder}ada"), folder));
    assert!(contains_absolute_path(&format!("{folder}ada"), folder));
    assert!(!contains_absolute_path(&format!("https://example.com{folder}page"), folder));
}

/// Applies `rule` to every source and fails with all the problems that it names.
#[track_caller]
fn check(rule: impl Fn(&Source) -> Vec<String>) {
    let sources = sources();
    assert!(sources.len() > 50, "only {} files were found, so the search is broken", sources.len());
    let problems: Vec<String> = sources.iter().flat_map(rule).collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

fn find_lines(source: &Source, problem: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let lines = source.text.lines().enumerate();
    lines.filter_map(|(index, line)| Some(source.problem(index, &problem(line)?))).collect()
}

/// Whether `word` stands in `line` with no letter or digit beside it.
fn contains_word(line: &str, word: &str) -> bool {
    let is_part = |neighbour: Option<char>| neighbour.is_some_and(|character| character.is_alphanumeric());
    line.match_indices(word).any(|(start, _)| {
        let (before, after) = (&line[..start], &line[start + word.len()..]);
        !is_part(before.chars().next_back()) && !is_part(after.chars().next())
    })
}

/// Whether `folder` begins a path in `line`, rather than going on with one or with an address.
fn contains_absolute_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        !before.is_some_and(|character| character.is_alphanumeric() || "._-}".contains(character))
    })
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate lies two folders down");
    let mut sources = Vec::new();
    let mut pending = vec![root.to_path_buf()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).expect("the repository is readable").flatten() {
            let path = entry.path();
            let is_skipped = SKIPPED_FOLDERS.iter().any(|&skipped| entry.file_name() == skipped);
            if path.is_dir() {
                pending.extend((!is_skipped).then_some(path));
            } else if let Ok(text) = fs::read_to_string(&path) {
                // A file that is no text is a picture or a module, which has no lines to check.
                let path = path.strip_prefix(root).expect("found below the root").to_path_buf();
                sources.push(Source { path, text });
            }
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources
}
