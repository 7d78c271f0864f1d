//! The bindings for `schema-zoo`, file by file, against the committed ones.
//!
//! After a deliberate change: `cargo xtask build`, then run this test with `UPDATE_EXPECT=1`.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use expect_test::expect_file;
use spacetime_bindgen::{GenerateError, GeneratedFile, Language, Visibility, generate};
use spacetimedb_lib::RawModuleDef;
use spacetimedb_lib::db::raw_def::v9::{RawIndexAlgorithm, RawModuleDefV9Builder};
use spacetimedb_lib::db::raw_def::v10::{CaseConversionPolicy, RawModuleDefV10, RawModuleDefV10Builder};
use spacetimedb_lib::sats::{AlgebraicType, ProductType};
use spacetimedb_schema::def::ModuleDef;

#[test]
fn rust_bindings_of_the_zoo() {
    check("rust/module_bindings", &zoo(Language::Rust, Visibility::PublicOnly));
}

#[test]
fn typescript_bindings_of_the_zoo() {
    check("typescript/module_bindings", &zoo(Language::TypeScript, Visibility::PublicOnly));
}

#[test]
fn rust_bindings_of_an_empty_module() {
    check("rust/empty_bindings", &generate(&empty(), Language::Rust, Visibility::PublicOnly).unwrap());
}

#[test]
fn typescript_bindings_of_an_empty_module() {
    check("typescript/empty_bindings", &generate(&empty(), Language::TypeScript, Visibility::PublicOnly).unwrap());
}

#[test]
fn private_items_are_there_only_when_asked_for() {
    let new_files = |language| {
        let public = paths(&zoo(language, Visibility::PublicOnly));
        let all = paths(&zoo(language, Visibility::IncludePrivate));
        assert!(public.is_subset(&all));
        all.difference(&public).cloned().collect::<Vec<_>>()
    };
    let rust = [
        "banned_visitor_table.rs",
        "feed_reducer.rs",
        "open_zoo_reducer.rs",
        "patrol_table.rs",
        "secret_note_table.rs",
        "visitor_arrived_reducer.rs",
        "visitor_left_reducer.rs",
        "walk_patrol_procedure.rs",
    ];
    assert_eq!(new_files(Language::Rust), rust);
    assert_eq!(new_files(Language::TypeScript), rust.map(|path| path.replace(".rs", ".ts")));
}

#[test]
fn the_same_schema_gives_the_same_text() {
    // Every `ModuleDef` holds its items in hash maps with an order of their own.
    for language in [Language::Rust, Language::TypeScript] {
        let first = zoo(language, Visibility::IncludePrivate);
        assert_eq!(first, zoo(language, Visibility::IncludePrivate));
        assert!(first.is_sorted_by(|one, other| one.path < other.path));
    }
}

#[test]
fn two_items_with_one_name_are_refused() {
    let mut builder = RawModuleDefV10Builder::new();
    builder.set_case_conversion_policy(CaseConversionPolicy::None);
    for name in ["RedCat", "red_cat"] {
        builder.add_algebraic_type([], name, AlgebraicType::Product(ProductType::unit()), false);
    }
    let module = module(builder.finish());
    for language in [Language::Rust, Language::TypeScript] {
        let error = generate(&module, language, Visibility::PublicOnly).unwrap_err();
        assert!(matches!(&error, GenerateError::NameTaken { name, .. } if name == "RedCat"), "{error}");
    }
}

#[test]
fn a_type_named_like_a_part_of_the_bindings_is_refused() {
    let mut builder = RawModuleDefV10Builder::new();
    builder.add_algebraic_type([], "DbConnection", AlgebraicType::Product(ProductType::unit()), false);
    let error = generate(&module(builder.finish()), Language::Rust, Visibility::PublicOnly).unwrap_err();
    let expected = "Both a part of the bindings and the type DbConnection would be called DbConnection \
                    in the bindings; rename one of them in the module.";
    assert_eq!(error.to_string(), expected);
}

/// The engine checks neither of these names in a schema of the older kind, which any server may send.
#[test]
fn names_cannot_break_out_of_their_quotation_marks() {
    const NAME: &str = "x\", columns: [] }] }, row) }); evil(); //";
    let mut builder = RawModuleDefV9Builder::new();
    let columns = ProductType::from([("name", AlgebraicType::String)]);
    let index = RawIndexAlgorithm::BTree { columns: 0.into() };
    let table = builder.build_table_with_new_type("cat", columns, true);
    table.with_unique_constraint(0).with_index(index, "by_name").finish();
    let mut raw = builder.finish();
    raw.tables[0].constraints[0].name = Some(NAME.into());
    raw.tables[0].indexes[0].name = Some(format!("index {NAME}").into());
    let module = ModuleDef::try_from(RawModuleDef::V9(raw)).unwrap();
    let files = generate(&module, Language::TypeScript, Visibility::PublicOnly).unwrap();
    let index = files.into_iter().find(|file| file.path == "index.ts").unwrap().contents;
    let quoted = NAME.replace('"', "\\\"");
    for line in [format!("name: \"{quoted}\""), format!("name: \"index {quoted}\"")] {
        assert!(index.contains(&line), "{index}");
    }
}

fn zoo(language: Language, visibility: Visibility) -> Vec<GeneratedFile> {
    generate(&support::module_def("schema_zoo"), language, visibility).unwrap()
}

fn empty() -> ModuleDef {
    module(RawModuleDefV10::default())
}

fn module(raw: RawModuleDefV10) -> ModuleDef {
    ModuleDef::try_from(RawModuleDef::V10(raw)).unwrap()
}

fn paths(files: &[GeneratedFile]) -> BTreeSet<String> {
    files.iter().map(|file| file.path.clone()).collect()
}

/// Compares `files` with the folder `name` beside this test, and leaves no file there unexplained.
#[track_caller]
fn check(name: &str, files: &[GeneratedFile]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let _ = std::fs::remove_dir_all(&folder);
        for file in files {
            std::fs::create_dir_all(folder.join(&file.path).parent().unwrap()).unwrap();
        }
    }
    for file in files {
        expect_file![folder.join(&file.path)].assert_eq(&file.contents);
    }
    assert_eq!(committed(&folder, ""), paths(files), "{} holds other files than were generated", folder.display());
}

/// The files below a folder, relative to where the search began.
fn committed(folder: &Path, prefix: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(committed(&entry.path(), &format!("{path}/"))),
            false => drop(found.insert(path)),
        }
    }
    found
}
