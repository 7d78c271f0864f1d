//! Keeps the reference part of `docs/domains/*.md` in step with the module.
//!
//! A page says which source files it covers in a line of the form
//! `<!-- reference of gameplay/story.rs gameplay/npc.rs -->`; what stands between it and
//! `<!-- end of reference -->` is written by this test when `UPDATE_EXPECT=1` is set.

mod render;
mod source;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect_file;

use crate::world::World;
use source::Reference;

const BEGIN: &str = "<!-- reference of ";
const END: &str = "<!-- end of reference -->";

fn pages() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/domains");
    let mut pages: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    pages
}

/// The page with its reference written anew, and the source files that it covers.
fn rewritten(text: &str, references: &BTreeMap<String, Reference>) -> Option<(String, Vec<String>)> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (files, rest) = rest.split_once(" -->\n")?;
    let (_, after) = rest.split_once(END)?;
    let covered: Vec<_> = files.split(' ').map(str::to_owned).collect();
    let references = covered.iter().map(|file| {
        references.get(file).unwrap_or_else(|| panic!("there is no source file {file} with tables or calls"))
    });
    let reference = render::reference(references);
    Some((format!("{before}{BEGIN}{files} -->\n{reference}\n{END}{after}"), covered))
}

#[test]
fn the_reference_of_each_domain_is_what_the_module_has() {
    let references = source::references();
    let mut covered = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let (rewritten, files) =
            rewritten(&text, &references).unwrap_or_else(|| panic!("{} has no reference", page.display()));
        covered.extend(files);
        expect_file![page].assert_eq(&rewritten);
    }
    covered.sort();
    let all: Vec<_> = references.keys().cloned().collect();
    assert_eq!(covered, all, "every source file belongs to one page of docs/domains");
}

#[test]
fn the_reference_sees_every_table_and_call() {
    let mut found: Vec<_> = source::references().into_values().flat_map(|reference| reference.names()).collect();
    found.sort();
    let world = World::new();
    let module_def = world.test.datastore().module_def();
    let mut published: Vec<_> = module_def.tables().map(|def| def.name.to_string()).collect();
    published.extend(module_def.views().map(|def| def.name.to_string()));
    published.extend(module_def.reducers().map(|def| def.name.to_string()));
    published.extend(module_def.procedures().map(|def| def.name.to_string()));
    published.sort();
    assert_eq!(found, published);
}
