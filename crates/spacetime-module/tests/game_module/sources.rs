//! What the module's source must and must not say.

use std::fs;
use std::path::{Path, PathBuf};

use crate::world::World;

/// Reads every source file of the module.
pub fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    files
}

fn without_whitespace(text: &str) -> String {
    text.split_whitespace().collect()
}

/// A table's `iter` and an index's unbounded `filter` read every row. Forbidding the words
/// altogether leaves no way around: a list is walked with `for` or `into_iter`.
#[test]
fn nothing_scans_a_table() {
    for (path, text) in sources() {
        let text = without_whitespace(&text);
        for scan in [".iter()", ".filter(..)", "Table::iter"] {
            assert!(!text.contains(scan), "{} scans: {scan}", path.display());
        }
    }
}

#[test]
fn every_entry_point_starts_with_the_guard() {
    let mut found = Vec::new();
    for (path, text) in sources() {
        for (name, body) in entry_points(&text) {
            let body = body.strip_prefix("ctx.try_with_tx(|tx|{").unwrap_or(&body);
            let body = body.strip_prefix("letcaller=").unwrap_or(body);
            // `init` runs before anybody has a role, and refuses to run again.
            let guarded = body.starts_with("guard(") || name == "init";
            assert!(guarded, "{name} in {} does not start with the guard", path.display());
            found.push(name);
        }
    }
    found.sort();
    let world = World::new();
    let module_def = world.test.datastore().module_def();
    let reducers = module_def.reducers().map(|def| def.name.to_string());
    let procedures = module_def.procedures().map(|def| def.name.to_string());
    let mut published: Vec<_> = reducers.chain(procedures).collect();
    published.sort();
    assert_eq!(found, published, "this test must see every entry point");
}

/// Name and body (without whitespace) of each reducer and procedure in a source file.
fn entry_points(text: &str) -> Vec<(String, String)> {
    let mut rest = text;
    let mut found = Vec::new();
    while let Some(at) = ["\n#[reducer", "\n#[procedure"].iter().filter_map(|a| rest.find(a)).min() {
        let item = rest[at..].split_once("pub fn ").unwrap().1;
        let (name, after_name) = item.split_once('(').unwrap();
        let (_, body) = after_name.split_once("DomainError> {").unwrap();
        found.push((name.to_owned(), without_whitespace(body)));
        rest = body;
    }
    found
}
