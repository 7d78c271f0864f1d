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

/// The host reads the whole range of an index before the first row of it arrives, however few are taken then. So a
/// range that is read has two ends; one that is deleted does not come into the module at all.
#[test]
fn nothing_reads_a_range_without_an_end() {
    for (path, text) in sources() {
        let text = without_whitespace(&text);
        let open = ranges_without_an_end(&text);
        assert!(open.is_empty(), "{} reads {open:?}", path.display());
    }
}

#[test]
fn ranges_without_an_end_are_found() {
    for (source, expected) in [
        ("rows.filter((owner, from..)).take(5)", vec!["(owner,from..)"]),
        ("rows.filter((bucket.as_str(), ..=key.as_str()))", vec!["(bucket.as_str(),..=key.as_str())"]),
        ("rows.filter(..now)", vec!["..now"]),
        ("rows.filter(from..).chain(rows.filter(&(..)))", vec!["from..", "&(..)"]),
        ("rows.filter(from..=to)", vec![]),
        ("rows.filter((tag, from..to)).filter(|row| row.is(..5)).filter(move |row| row.is(at..))", vec![]),
        ("rows.delete(..now)", vec![]),
    ] {
        assert_eq!(ranges_without_an_end(&without_whitespace(source)), expected, "{source}");
    }
}

/// The arguments of an index's `filter` in which a range lacks an end. An iterator's takes a closure.
fn ranges_without_an_end(text: &str) -> Vec<&str> {
    let arguments = text.split(".filter(").skip(1).map(up_to_closing_parenthesis);
    let is_open = |argument: &&str| {
        let mut places = argument.match_indices("..");
        places.any(|(at, _)| {
            let has_begin = argument[..at].ends_with(|before: char| !"(,&".contains(before));
            let after = argument[at + 2..].trim_start_matches('=');
            let has_end = after.starts_with(|next: char| !"),".contains(next));
            !(has_begin && has_end)
        })
    };
    let is_closure = |argument: &&str| argument.starts_with('|') || argument.starts_with("move|");
    arguments.filter(|argument| !is_closure(argument)).filter(is_open).collect()
}

fn up_to_closing_parenthesis(text: &str) -> &str {
    let mut depth = 0;
    let closing = text.find(|letter| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        depth < 0
    });
    &text[..closing.unwrap_or(text.len())]
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
